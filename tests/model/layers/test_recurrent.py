"""Layers: the sequences written by hand are nn.LSTM and the point-by-point path, to the last digits and gradients."""

import math

import pytest
import torch
import torch.nn.functional as F
from torch import nn

from model.kernels import lstm_sequence, threads
from model.kernels.build import kernels
from model.kernels.lstm_sequence import LSTMSequence, product_by
from model.layers.recurrent import RecurrentLayer, SkipStack, lstm_kernels
from model.layers.window import WindowLayer, encode_text
from tests.model.small import ALPHABET_SIZE, assert_close, lines, stir

INPUT_SIZE, HIDDEN_SIZE = 3, 5


def recurrent_layer(cell: str = "lstm") -> RecurrentLayer:
    return stir(RecurrentLayer(cell, INPUT_SIZE, HIDDEN_SIZE).double(), scale=0.7)


def window_layer(dtype: torch.dtype = torch.float64, hidden_size: int = HIDDEN_SIZE) -> WindowLayer:
    return stir(WindowLayer("lstm", 3, ALPHABET_SIZE, hidden_size, 2, points_per_char=20).to(dtype))


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(*shape, generator=generator, dtype=torch.float64).requires_grad_()


def window_run(layer: WindowLayer, points: int = 15) -> tuple[list[torch.Tensor], list[torch.Tensor]]:
    """Hidden states and windows of a batch, and the gradients of the strokes and of every weight."""
    weight = layer.window.linear.weight
    batch = lines([points] * 3, [2, 6, 4], dtype=weight.dtype).to(weight.device)
    strokes = batch.strokes.clone().requires_grad_()
    outputs = layer(strokes, encode_text(batch.text, batch.char_mask))
    weighed = sum(
        (output * normal(*output.shape, seed=seed).detach().to(output.device)).sum()
        for seed, output in enumerate(outputs)
    )
    return list(outputs), list(torch.autograd.grad(weighed, [strokes, *layer.parameters()]))


@pytest.mark.parametrize(("batch_size", "points"), [(3, 12), (1, 1)])
def test_sequence_is_the_lstm_of_torch_with_all_gradients(batch_size, points):
    layer = recurrent_layer()
    assert layer.runs_as_sequence
    inputs = normal(batch_size, points, INPUT_SIZE)
    outputs, expected = layer(inputs), layer.rnn(inputs)[0]
    assert_close(outputs, expected)
    weighed = normal(*expected.shape, seed=1).detach()
    leaves = [inputs, *layer.parameters()]
    gradients = torch.autograd.grad((outputs * weighed).sum(), leaves)
    for gradient, right in zip(gradients, torch.autograd.grad((expected * weighed).sum(), leaves), strict=True):
        assert right.abs().max() > 0 or points == 1
        assert_close(gradient, right)


def test_kernels_are_chosen_for_a_block(monkeypatch):
    layer, inputs, calls = recurrent_layer(), normal(2, 3, INPUT_SIZE), []
    monkeypatch.setattr(LSTMSequence, "apply", lambda *_: calls.append("ours") or torch.zeros(3, 2, HIDDEN_SIZE))
    layer(inputs)
    with lstm_kernels("torch"):
        assert_close(layer(inputs), layer.rnn(inputs)[0])
        with lstm_kernels("ours"):
            layer(inputs)
    layer(inputs)
    assert len(calls) == 3


@pytest.mark.parametrize("with_window", [False, True])
def test_gradients_of_the_sequence_are_its_finite_differences(monkeypatch, with_window):
    """Weights' gradients are taken two points at a time."""
    monkeypatch.setattr(lstm_sequence, "ROWS_AT_ONCE", 4)
    size, components, alphabet = 2, 2, 3 if with_window else 0
    text = encode_text(torch.tensor([[1, 0, 1], [2, 0, 0]]), torch.tensor([[True] * 3, [True, False, False]]))
    window = (normal(3 * components, size, seed=2), normal(3 * components, seed=3), text.characters, text.end)
    arguments = (
        normal(5, 2, INPUT_SIZE),
        normal(4 * size, INPUT_SIZE, seed=4),
        normal(4 * size, seed=5),
        normal(4 * size, size + alphabet, seed=1),
        *(window if with_window else ()),
    )
    assert torch.autograd.gradcheck(LSTMSequence.apply, arguments)


def test_window_sequence_is_the_point_by_point_path_with_all_gradients(monkeypatch, in_float64):
    layer = window_layer()
    outputs, gradients = window_run(layer)
    monkeypatch.setattr(RecurrentLayer, "runs_as_sequence", False)
    expected_outputs, expected_gradients = window_run(layer)
    for actual, expected in zip(outputs + gradients, expected_outputs + expected_gradients, strict=True):
        assert expected.abs().max() > 1e-3
        assert_close(actual, expected)


@pytest.mark.parametrize("points", [1, 15])
def test_threads_change_nothing(monkeypatch, points):
    """Each has lines of its own, the last one fewer than the others."""
    monkeypatch.setattr(threads, "MIN_LINES", 1)
    layer = window_layer()
    expected_outputs, expected_gradients = window_run(layer, points)
    torch.set_num_threads(2)
    try:
        outputs, gradients = window_run(layer, points)
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    for actual, expected in zip(outputs + gradients, expected_outputs + expected_gradients, strict=True):
        assert_close(actual, expected)


def test_without_a_compiler_layers_run_as_torch_runs_them(monkeypatch):
    layer, inputs = recurrent_layer().float(), normal(2, 5, INPUT_SIZE).detach().float()
    expected = layer(inputs)
    monkeypatch.setenv("CC", "no-such-compiler")
    kernels.cache_clear()
    try:
        assert not layer.runs_as_sequence
        assert_close(layer(inputs), expected, 1e-5)
    finally:
        kernels.cache_clear()


def test_what_is_not_a_number_stays_so_in_states_and_gradients():
    """Or a training that goes wrong would go on unseen."""
    layer, inputs = recurrent_layer().float(), normal(2, 5, INPUT_SIZE).detach().float()
    inputs[0, 2, 0] = math.nan
    inputs.requires_grad_()
    hiddens = layer(inputs)
    assert hiddens[0, 2:].isnan().all() and not hiddens[0, :2].isnan().any() and not hiddens[1].isnan().any()
    assert torch.autograd.grad(hiddens.sum(), list(layer.parameters()))[1].isnan().any()


def test_large_pre_activations_saturate():
    layer = recurrent_layer().float()
    inputs = 1e4 * normal(2, 6, INPUT_SIZE).detach().float()
    assert_close(layer(inputs), layer.rnn(inputs)[0], 1e-5)


def test_a_character_outside_the_alphabet_is_refused():
    layer, batch = window_layer(torch.float32), lines([4], [3])
    with pytest.raises(IndexError, match=f"outside the alphabet of {ALPHABET_SIZE}"):
        layer(batch.strokes, encode_text(torch.tensor([[0, ALPHABET_SIZE, 1]]), batch.char_mask))


def test_window_sequence_carries_no_gradient_of_what_is_not_read(monkeypatch):
    """Only the hidden states, or only the windows, go into a loss."""
    layer, batch = window_layer(), lines([6], [3], dtype=torch.float64)
    for used in (0, 1):
        text = encode_text(batch.text, batch.char_mask)._replace(mask=torch.ones(1, 4, dtype=torch.float64))
        sequence = torch.autograd.grad(layer(batch.strokes, text)[used].square().sum(), list(layer.parameters()))
        with monkeypatch.context() as patch:
            patch.setattr(RecurrentLayer, "runs_as_sequence", False)
            plain = torch.autograd.grad(layer(batch.strokes, text)[used].square().sum(), list(layer.parameters()))
        for actual, expected in zip(sequence, plain, strict=True):
            assert_close(actual, expected)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.bfloat16])
@pytest.mark.parametrize(("rows", "outputs", "inputs"), [(1, 1, 1), (3, 7, 5), (16, 64, 33)])
def test_packed_products_are_products(dtype, rows, outputs, inputs):
    tolerance = {torch.float64: 1e-12, torch.float32: 1e-5, torch.bfloat16: 2e-2}[dtype]
    for weight in (normal(outputs, inputs), normal(inputs, outputs).t()):
        multiply = product_by(weight.detach().to(dtype), rows)
        for seed in (1, 2):
            x = normal(rows, inputs, seed=seed).detach().to(dtype)
            product = multiply(x)
            assert product.dtype == dtype
            assert_close(product.double(), x.double() @ weight.detach().to(dtype).double().T, tolerance)


@pytest.mark.parametrize("batch_size", [1, 3])
def test_float32_sequence_is_the_lstm_of_torch(batch_size):
    """The products of float32 go another way than those of float64: over packed weights."""
    layer = recurrent_layer().float()
    inputs = normal(batch_size, 12, INPUT_SIZE).detach().float().requires_grad_()
    leaves = [inputs, *layer.parameters()]
    outputs, expected = layer(inputs), layer.rnn(inputs)[0]
    assert_close(outputs, expected, 1e-5)
    gradients = torch.autograd.grad(outputs.square().sum(), leaves)
    for gradient, right in zip(gradients, torch.autograd.grad(expected.square().sum(), leaves), strict=True):
        assert_close(gradient, right, 1e-4)


def test_float32_window_sequence_is_the_point_by_point_path(monkeypatch):
    layer = window_layer(torch.float32)
    outputs, gradients = window_run(layer)
    monkeypatch.setattr(RecurrentLayer, "runs_as_sequence", False)
    expected_outputs, expected_gradients = window_run(layer)
    for actual, expected in zip(outputs + gradients, expected_outputs + expected_gradients, strict=True):
        assert_close(actual, expected, 1e-4)


def test_bfloat16_is_float32_within_its_precision():
    layer = window_layer(torch.float32, hidden_size=16)
    outputs, gradients = window_run(layer)
    with torch.autocast("cpu", torch.bfloat16):
        rounded_outputs, rounded_gradients = window_run(layer)
    assert {output.dtype for output in rounded_outputs} == {torch.bfloat16}
    assert {gradient.dtype for gradient in rounded_gradients} == {torch.float32}
    for actual, expected in zip(rounded_outputs, outputs, strict=True):
        assert 0 < (actual - expected).norm() < 0.01 * expected.norm()
    for actual, expected in zip(rounded_gradients, gradients, strict=True):
        assert 0 < (actual - expected).norm() < 0.04 * expected.norm()


def test_small_steps_of_the_window_sequence_are_not_lost_in_bfloat16():
    layer, batch = window_layer(torch.float32), lines([300], [2])
    linear = layer.window.linear
    torch.nn.init.zeros_(linear.weight)
    linear.bias.data = torch.tensor([0.5, 0.5, 5, 5, 0.004, 0.004]).log()
    text = encode_text(torch.tensor([[1, 2]]), batch.char_mask)
    with torch.autocast("cpu", torch.bfloat16):
        windows = layer(batch.strokes, text)[1]
    assert windows[0, -1, 1].item() == pytest.approx(math.exp(-5 * (1.2 - 1) ** 2), rel=0.01)
    assert windows[0, -1, 2].item() == pytest.approx(math.exp(-5 * (1.2 - 2) ** 2), rel=0.01)


def test_lstm_in_bfloat16_is_float32_within_its_precision():
    layer = stir(RecurrentLayer("lstm", INPUT_SIZE, 16))
    inputs = normal(3, 30, INPUT_SIZE).detach().float()
    outputs = layer(inputs)
    gradients = torch.autograd.grad(outputs.square().sum(), list(layer.parameters()))
    with torch.autocast("cpu", torch.bfloat16):
        rounded = layer(inputs)
    rounded_gradients = torch.autograd.grad(rounded.float().square().sum(), list(layer.parameters()))
    assert rounded.dtype == torch.bfloat16
    for actual, expected in zip((rounded, *rounded_gradients), (outputs, *gradients), strict=True):
        assert 0 < (actual - expected).norm() < 0.04 * expected.norm()


@pytest.mark.parametrize("kind", ["lstm", "window"])
def test_backward_twice_gives_the_same_gradients(kind, in_float64):
    batch = lines([9, 9], [4, 2], dtype=torch.float64)
    layer = recurrent_layer() if kind == "lstm" else window_layer()
    arguments = (batch.strokes,) if kind == "lstm" else (batch.strokes, encode_text(batch.text, batch.char_mask))
    output = layer(*arguments)
    total = sum(part.square().sum() for part in (output if kind == "window" else [output]))
    first = torch.autograd.grad(total, list(layer.parameters()), retain_graph=True)
    second = torch.autograd.grad(total, list(layer.parameters()))
    assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_steps_are_the_sequence(cell):
    layer, inputs = recurrent_layer(cell), normal(3, 7, INPUT_SIZE)
    state, hiddens = layer.start(3), []
    for point in inputs.unbind(1):
        state = layer.step(point, state)
        hiddens.append(state[0])
    assert_close(torch.stack(hiddens, 1), layer(inputs))
    assert_close(torch.stack(hiddens, 1), layer.rnn(inputs)[0])


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("gru", 3)])
def test_a_new_layer_turns_its_state_and_forgets_little(cell, gates):
    layer = RecurrentLayer(cell, INPUT_SIZE, HIDDEN_SIZE)
    from_input, recurrent, bias, recurrent_bias = layer.weights
    assert from_input.shape == (gates * HIDDEN_SIZE, INPUT_SIZE)
    for gate in recurrent.split(HIDDEN_SIZE):
        assert_close(gate @ gate.T, torch.eye(HIDDEN_SIZE), 1e-5)
    forget = [0] * HIDDEN_SIZE + [1] * HIDDEN_SIZE + [0] * 2 * HIDDEN_SIZE
    assert (bias + recurrent_bias).tolist() == (forget if cell == "lstm" else [0] * 3 * HIDDEN_SIZE)


def test_another_cell_is_refused_by_name():
    with pytest.raises(ValueError, match=r"'rnn'.*lstm, gru"):
        RecurrentLayer("rnn", INPUT_SIZE, HIDDEN_SIZE)


def test_every_layer_of_a_stack_reads_the_input_and_the_layer_below():
    stack = stir(SkipStack("lstm", INPUT_SIZE, HIDDEN_SIZE, 3, below_size=2).double())
    inputs, below = normal(2, 4, INPUT_SIZE), normal(2, 4, 2, seed=1)
    for layer, hidden in zip(stack, stack(inputs, below), strict=True):
        below = layer.rnn(torch.cat([inputs, below], -1))[0]
        assert_close(hidden, below)


def test_dropout_is_between_the_layers_of_a_stack_while_training(monkeypatch):
    stack = stir(SkipStack("lstm", INPUT_SIZE, HIDDEN_SIZE, 3, dropout=0.5).double())
    inputs = normal(1, 4, INPUT_SIZE)
    still = [hidden.detach() for hidden in stack.eval()(inputs)]
    dropped = []
    monkeypatch.setattr(F, "dropout", lambda x, p, training, inplace: dropped.append((x, p, training)) or x)
    stack.train()(inputs)
    assert [(p, training) for _, p, training in dropped] == [(0.5, True)] * 2
    for (passed_up, _, _), below in zip(dropped, still, strict=False):
        assert_close(passed_up, below)


def test_layers_are_of_torch_so_that_a_gpu_runs_its_own_kernels():
    assert isinstance(recurrent_layer("lstm").rnn, nn.LSTM)
    assert isinstance(recurrent_layer("gru").rnn, nn.GRU)
    assert not recurrent_layer("gru").runs_as_sequence
    assert not RecurrentLayer("lstm", 2, 2).to("meta").runs_as_sequence
