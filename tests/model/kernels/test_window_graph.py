"""The window layer in chunks, as a GPU runs it: the point-by-point path, whatever the chunks, shapes and precision."""

from collections import deque

import pytest
import torch
from torch import Tensor

from model.kernels import window_graph
from model.kernels.lstm_sequence import LSTMSequence
from model.kernels.window_graph import Graph, GraphedSequence
from model.layers.window import WindowLayer, encode_text
from tests.model.layers.test_recurrent import HIDDEN_SIZE, window_layer, window_run
from tests.model.small import ALPHABET_SIZE, assert_close, lines

on_a_gpu = pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
Run = tuple[list[Tensor], list[Tensor]]


def assert_same(actual: Run, expected: Run, tolerance: float = 1e-10) -> None:
    for result, right in zip(actual[0] + actual[1], expected[0] + expected[1], strict=True):
        assert_close(result, right, tolerance)


def in_chunks(monkeypatch: pytest.MonkeyPatch, points: int) -> None:
    monkeypatch.setattr(window_graph, "POINTS", points)
    monkeypatch.setattr(WindowLayer, "sequence", GraphedSequence)


@pytest.fixture
def graphs(monkeypatch):
    """Within it chunks of 4 points go through graphs as a CPU can have them: those made so far.

    Such a one reads its own inputs alone, and every replay writes over the outputs of the last one.
    """
    made = []

    def capture(graph: Graph) -> tuple[Tensor, ...]:
        made.append(graph)
        return graph.chunk(*graph.inputs)

    def replay(graph: Graph) -> None:
        for place, tensor in zip(graph.outputs, graph.chunk(*graph.inputs), strict=True):
            place.copy_(tensor)

    in_chunks(monkeypatch, 4)
    monkeypatch.setattr(window_graph, "can_be_captured", lambda tensor: True)
    monkeypatch.setattr(Graph, "capture", capture)
    monkeypatch.setattr(Graph, "replay", replay)
    window_graph.graph_of.cache_clear()
    window_graph.sizes.clear()
    yield made
    window_graph.graph_of.cache_clear()
    window_graph.sizes.clear()


@pytest.mark.parametrize("points", [1, 4, 15])
def test_chunks_are_the_point_by_point_path_with_all_gradients(monkeypatch, in_float64, points):
    layer = window_layer()
    with monkeypatch.context() as patch:
        patch.setattr(WindowLayer, "sequence", None)
        expected = window_run(layer, points)
    in_chunks(monkeypatch, 4)
    assert_same(window_run(layer, points), expected)
    assert points == 1 or min(gradient.abs().max() for gradient in expected[1]) > 1e-3


def test_float32_chunks_are_the_sequence_of_a_cpu(monkeypatch):
    layer = window_layer(torch.float32)
    assert layer.sequence is LSTMSequence
    expected = window_run(layer)
    in_chunks(monkeypatch, 4)
    assert_same(window_run(layer), expected, 1e-4)


def test_bfloat16_chunks_are_float32_within_its_precision(monkeypatch):
    layer = window_layer(torch.float32, hidden_size=16)
    in_chunks(monkeypatch, 4)
    outputs, gradients = window_run(layer)
    with torch.autocast("cpu", torch.bfloat16):
        rounded_outputs, rounded_gradients = window_run(layer)
    assert {output.dtype for output in rounded_outputs} == {torch.bfloat16}
    assert {gradient.dtype for gradient in rounded_gradients} == {torch.float32}
    for actual, expected in zip(rounded_outputs, outputs, strict=True):
        assert 0 < (actual - expected).norm() < 0.01 * expected.norm()
    for actual, expected in zip(rounded_gradients, gradients, strict=True):
        assert 0 < (actual - expected).norm() < 0.04 * expected.norm()


def test_only_products_with_the_large_weights_are_in_bfloat16(monkeypatch):
    """Small steps of kappa are not lost, and its gradient is a sum over all points in float32."""
    layer, batch = window_layer(torch.float32), lines([300], [2])
    linear = layer.window.linear
    torch.nn.init.zeros_(linear.weight)
    linear.bias.data = torch.tensor([0.5, 0.5, 5, 5, 0.004, 0.004]).log()
    text = encode_text(torch.tensor([[1, 2]]), batch.char_mask)
    with torch.autocast("cpu", torch.bfloat16):
        of_cpu = layer(batch.strokes, text)[1]
        of_cpu_grad = torch.autograd.grad(of_cpu[0, -1].sum(), linear.bias)[0]
        in_chunks(monkeypatch, 32)
        windows = layer(batch.strokes, text)[1]
        grad = torch.autograd.grad(windows[0, -1].sum(), linear.bias)[0]
    assert_close(windows[0, -1].float(), of_cpu[0, -1].float(), 0.01)
    assert_close(grad, of_cpu_grad, 0.01)


def test_a_line_is_the_same_alone_and_in_company(monkeypatch):
    in_chunks(monkeypatch, 4)
    layer, batch = window_layer(), lines([11] * 20, [*range(1, 21)], dtype=torch.float64)
    outputs = layer(batch.strokes, encode_text(batch.text, batch.char_mask))
    for line in (0, 6, 19):
        text = encode_text(batch.text[line : line + 1, : line + 1], batch.char_mask[line : line + 1, : line + 1])
        alone = layer(batch.strokes[line : line + 1, :7], text)
        for actual, right in zip(outputs, alone, strict=True):
            assert_close(actual[line : line + 1, :7], right)


def test_graphs_give_what_uncaptured_chunks_do_with_other_texts_and_weights_in_between(monkeypatch, graphs):
    """Two batches go forward before either goes back, the first of them again after the weights have changed."""
    layer, generator = window_layer(), torch.Generator().manual_seed(1)
    batches = [lines([15, 9], [5, 2], dtype=torch.float64), lines([14, 13], [3, 7], dtype=torch.float64, seed=1)]

    def gradients() -> list[Tensor]:
        outputs = [layer(batch.strokes, encode_text(batch.text, batch.char_mask)) for batch in batches]
        return [
            gradient
            for hiddens, windows in outputs
            for gradient in torch.autograd.grad(hiddens.square().sum() + windows.sum(), list(layer.parameters()))
        ]

    for _ in range(2):
        captured = gradients()
        with monkeypatch.context() as patch:
            patch.setattr(window_graph, "can_be_captured", lambda tensor: False)
            for actual, right in zip(captured, gradients(), strict=True):
                assert_close(actual, right)
        with torch.no_grad():
            for weight in layer.parameters():
                weight += 0.1 * torch.randn(weight.shape, generator=generator, dtype=weight.dtype)
    assert len(graphs) == 2


def test_a_graph_made_while_validating_serves_a_training(monkeypatch, graphs):
    layer = window_layer()
    batch = lines([15] * 3, [2, 6, 4], dtype=torch.float64)
    with torch.inference_mode():
        hiddens, windows = layer(batch.strokes, encode_text(batch.text, batch.char_mask))
    assert len(graphs) == 1
    outputs, _ = captured = window_run(layer)
    assert_close(outputs, [hiddens.clone(), windows.clone()])
    monkeypatch.setattr(window_graph, "can_be_captured", lambda tensor: False)
    assert_same(captured, window_run(layer))


def test_few_sizes_are_captured(graphs):
    """A batch is padded to a size in use, of which the smallest that holds it; only one that none holds makes another.

    The batch of few lines at the end of an epoch, and the first of short texts, need none of their own.
    """
    layer = window_layer(torch.float32)
    for batch_size, points, characters in ((17, 9, 20), (2, 3, 9), (17, 21, 31), (16, 9, 40), (17, 5, 33), (1, 5, 1)):
        batch = lines([points] * batch_size, [characters] * batch_size)
        hiddens, windows = layer(batch.strokes, encode_text(batch.text, batch.char_mask))
        assert hiddens.shape == (batch_size, points, HIDDEN_SIZE)
        assert windows.shape == (batch_size, points, ALPHABET_SIZE)
    kinds = [(len(graph.inputs[1]), graph.inputs[-1].shape[1]) for graph in graphs]
    assert kinds == [(32, 32), (16, 64), (32, 64), (16, 32)]


def test_a_size_in_use_is_taken_unless_it_is_much_larger(monkeypatch):
    monkeypatch.setattr(window_graph, "sizes", deque([(64, 64), (256, 32)], maxlen=3))
    taken = {size: window_graph.padded_size(size) for size in [(64, 33), (4, 20), (3, 60), (65, 32), (9, 7)]}
    assert taken == {(64, 33): (64, 64), (4, 20): (64, 64), (3, 60): (16, 64), (65, 32): (256, 32), (9, 7): (16, 32)}
    assert list(window_graph.sizes) == [(256, 32), (16, 64), (16, 32)]


def test_the_network_takes_the_path_of_its_cell_and_device():
    assert window_layer(torch.float32).sequence is LSTMSequence
    assert WindowLayer("gru", 3, ALPHABET_SIZE, 4, 2, 20.0).sequence is None
    assert window_layer(torch.float32).to("meta").sequence is None


@on_a_gpu
@pytest.mark.parametrize(("dtype", "tolerance"), [(torch.float64, 1e-9), (torch.float32, 1e-3)])
def test_a_gpu_gives_what_a_cpu_does(monkeypatch, dtype, tolerance):
    """Torch's kernels of the cell, captured and uncaptured, forward and backward, after a validation."""
    layer = window_layer(dtype)
    expected = window_run(layer, 70)
    on_gpu = layer.cuda()
    assert on_gpu.sequence is GraphedSequence
    with torch.inference_mode():
        batch = lines([70] * 3, [2, 6, 4], dtype=dtype).to(torch.device("cuda"))
        hiddens = on_gpu(batch.strokes, encode_text(batch.text, batch.char_mask))[0]
    assert_close(hiddens.cpu(), expected[0][0], tolerance)
    for captured in (True, False):
        monkeypatch.setattr(window_graph, "can_be_captured", lambda tensor, captured=captured: captured)
        outputs, gradients = window_run(on_gpu, 70)
        assert_same(([part.cpu() for part in outputs], [part.cpu() for part in gradients]), expected, tolerance)


@on_a_gpu
def test_a_gpu_in_bfloat16_is_itself_in_float32_within_its_precision():
    layer = window_layer(torch.float32, hidden_size=16).cuda()
    outputs, gradients = window_run(layer, 40)
    with torch.autocast("cuda", torch.bfloat16):
        rounded_outputs, rounded_gradients = window_run(layer, 40)
    for actual, expected in zip(rounded_outputs + rounded_gradients, outputs + gradients, strict=True):
        assert 0 < (actual - expected).norm() < 0.05 * expected.norm()


@on_a_gpu
def test_graphs_that_were_dropped_for_others_are_captured_again(monkeypatch):
    monkeypatch.setattr(window_graph, "ENLARGED", (1, 1))
    layer = window_layer(torch.float32).cuda()
    for characters in [*range(31, 352, 32)] * 2:  # more sizes than are kept
        batch = lines([40] * 16, [characters] * 16).to(torch.device("cuda"))
        results = []
        for captured in (True, False):
            monkeypatch.setattr(window_graph, "can_be_captured", lambda tensor, captured=captured: captured)
            hiddens, windows = layer(batch.strokes, encode_text(batch.text, batch.char_mask))
            gradients = torch.autograd.grad(hiddens.square().sum() + windows.sum(), list(layer.parameters()))
            results.append((hiddens, windows, *gradients))
        for actual, right in zip(*results, strict=True):
            assert_close(actual, right, 1e-3)


@on_a_gpu
def test_a_capture_leaves_free_memory_to_the_training(monkeypatch):
    monkeypatch.setattr(window_graph, "sizes", deque())
    window_graph.graph_of.cache_clear()
    layer, batch = window_layer(torch.float32).cuda(), lines([40] * 3, [2, 6, 4]).to(torch.device("cuda"))
    torch.empty(256 << 20, dtype=torch.uint8, device="cuda")  # and free again
    reserved = torch.cuda.memory_reserved()
    layer(batch.strokes, encode_text(batch.text, batch.char_mask))
    assert window_graph.graph_of.cache_info().misses and torch.cuda.memory_reserved() >= reserved
