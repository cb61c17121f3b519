"""The end of a line as an output of the network: next to the density, in steps, in the kernel and in its loss."""

from contextlib import nullcontext

import numpy as np
import pytest
import torch

from base.batch import Batch
from model.loss import NegativeLogLikelihood
from model.metric import EndOfLineNats, NatsPerLine
from model.writing.conditional import ConditionalHandwriting
from model.writing.line_end import END_LOGIT, LAST_LETTER_POINTS, START_LOGIT
from model.writing.mixture_density import LineMixture, Mixture
from model.writing.sampling import sample
from tests.model.small import alone, assert_close, lines, marching, network, texts

EITHER_WAY = pytest.mark.parametrize("compiled", [True, False], ids=["kernel", "point by point"])
LENGTHS, TEXT_LENGTHS = [9, 14, 4], [5, 3, 1]


def ending(cell: str = "lstm", num_layers: int = 3, **arguments) -> ConditionalHandwriting:
    return network("conditional", cell, num_layers, line_end=True, **arguments)


def sure(logit: float, step: float = 0.0, lift: float = 0.0) -> ConditionalHandwriting:
    """A network with the same logit everywhere, whose window goes on by `step`; `lift`: added to its lifts."""
    model = marching(step=max(step, 1e-9), lift=lift, line_end=True)
    torch.nn.init.zeros_(model.line_end.weight)
    torch.nn.init.constant_(model.line_end.bias, logit)
    return model


def real_lines(dtype: torch.dtype = torch.float64) -> Batch:
    """Lines whose last point is a lift, as in every corpus."""
    batch = lines(LENGTHS, TEXT_LENGTHS, dtype=dtype)
    batch.strokes[range(len(LENGTHS)), [length - 1 for length in LENGTHS], 2] = 1
    return batch


@pytest.mark.parametrize(("cell", "num_layers"), [("lstm", 1), ("lstm", 3), ("gru", 3)])
@pytest.mark.parametrize("features", ["offsets", "motion"])
def test_steps_are_the_whole_sequence(cell, num_layers, features, in_float64):
    model, batch = ending(cell, num_layers, features=features).double(), real_lines()
    output, state = model(batch), model.start(batch)
    _, state = model.step(batch.strokes[:, 0], state)
    for t, stroke in enumerate(batch.targets.unbind(1)):
        _, state = model.step(stroke, state)
        assert_close(state.end_logit, output.last_logit[:, t])


def test_density_loss_and_gradients_are_those_of_the_network_without_it(in_float64):
    with_it, batch, loss = ending().double(), real_lines(), NegativeLogLikelihood()
    without = network("conditional", num_layers=3).double()
    without.load_state_dict({name: part for name, part in with_it.state_dict().items() if "line_end" not in name})
    output, plain = with_it(batch), without(batch)
    assert type(plain) is Mixture and isinstance(output, LineMixture)
    for part, expected in zip(output, plain, strict=False):
        assert_close(part, expected)
    for measure in (loss, NatsPerLine()):
        assert_close(measure(output, batch)[0], measure(plain, batch)[0])
    gradients = torch.autograd.grad(loss(output, batch)[0], list(with_it.parameters()))
    expected = torch.autograd.grad(loss(plain, batch)[0], list(without.parameters()))
    names = [name for name, _ in with_it.named_parameters()]
    others = [part for name, part in zip(names, gradients, strict=True) if "line_end" not in name]
    for part, own in zip(others, expected, strict=True):
        assert_close(part, own)


def test_its_nats_are_those_of_a_plain_loop_and_what_the_loss_descends(in_float64):
    model, batch, nats = ending().double(), real_lines(), 0.0
    output = model(batch)
    for line, length in enumerate(LENGTHS):
        for t in range(length - 1):
            if batch.targets[line, t, 2] == 1:
                p_end = torch.sigmoid(output.last_logit[line, t])
                nats -= torch.log(p_end if t == length - 2 else 1 - p_end).item()
    total, count = EndOfLineNats()(output, batch)
    assert count == 3 and total.item() == pytest.approx(nats, rel=1e-10)
    own = list(model.line_end.parameters())
    descended = torch.autograd.grad(NegativeLogLikelihood()(output, batch)[0], own, retain_graph=True)
    for part, expected in zip(descended, torch.autograd.grad(total, own), strict=True):
        assert_close(part, expected)
    assert EndOfLineNats()(Mixture(*output[:5]), batch)[0] == 0


def test_a_line_has_the_same_nats_alone_and_in_company(in_float64):
    model, batch = ending().double(), real_lines()
    own = [EndOfLineNats()(model(part), part)[0] for part in (alone(batch, line) for line in range(3))]
    assert_close(EndOfLineNats()(model(batch), batch)[0], sum(own))


def test_the_other_weights_are_made_as_without_it():
    torch.manual_seed(1)
    with_it = ConditionalHandwriting(alphabet_size=3, hidden_size=4, line_end=True)
    torch.manual_seed(1)
    without = ConditionalHandwriting(alphabet_size=3, hidden_size=4).state_dict()
    assert all(torch.equal(with_it.state_dict()[name], part) for name, part in without.items())
    assert not with_it.line_end.weight.any() and with_it.line_end.bias == START_LOGIT


@EITHER_WAY
def test_a_line_ends_with_the_first_lift_after_which_it_is_likely_enough(compiled, point_by_point):
    with nullcontext() if compiled else point_by_point():
        first, never = (
            sample(sure(END_LOGIT + more), texts(*[1] * 20), seeds=list(range(20)), max_points=[60] * 20)
            for more in (0.1, -0.1)
        )
    assert all(line.stopped for line in first) and not any(line.stopped for line in never)
    for short, long in zip(first, never, strict=True):
        length = int(long.strokes[1:, 2].argmax()) + 2
        np.testing.assert_allclose(short.strokes, long.strokes[:length], atol=1e-5)
    assert len({len(line.strokes) for line in first}) > 1


@EITHER_WAY
def test_no_line_ends_before_its_last_character(compiled, point_by_point):
    """The window of a text of U characters is at the last of them from point (U - 0.5) / 0.4 on."""
    with nullcontext() if compiled else point_by_point():
        lines = sample(sure(END_LOGIT + 1, step=0.4, lift=100), texts(8, 12, 2), seeds=[1, 2, 3], max_points=[200] * 3)
    assert [len(line.strokes) for line in lines] == [19, 29, 4] and all(line.stopped for line in lines)


@EITHER_WAY
def test_a_line_ends_soon_after_its_text_whatever_the_output_says(compiled, point_by_point):
    """The window of a text of U characters is past it from point (U + 0.5) / 0.4 on, where the start is point 1."""
    with nullcontext() if compiled else point_by_point():
        always, seldom = (
            sample(sure(END_LOGIT - 1, step=0.4, lift=lift), texts(3, 5), seeds=[1, 2], max_points=[200] * 2)
            for lift in (100, -1)
        )
    assert [len(line.strokes) for line in always] == [9 + LAST_LETTER_POINTS, 14 + LAST_LETTER_POINTS]
    for line, shortest in zip(seldom, always, strict=True):
        assert line.stopped and len(line.strokes) >= len(shortest.strokes) and line.strokes[-1, 2] == 1
        assert not line.strokes[len(shortest.strokes) - 1 : -1, 2].any()


@EITHER_WAY
def test_a_line_ends_at_one_place_whatever_batch_it_is_in(compiled, point_by_point):
    model, batch = ending(), texts(*[4] * 12)
    options = {"max_points": [80] * 12, "seeds": list(range(12))}
    with nullcontext() if compiled else point_by_point():
        together = sample(model, batch, **options)
        single = [sample(model, batch.of([line]), seeds=[line], max_points=[80])[0] for line in range(12)]
    assert sum(line.stopped for line in together) > 0
    for line, own in zip(together, single, strict=True):
        np.testing.assert_allclose(line.strokes, own.strokes, atol=0 if compiled else 1e-4)
