"""The network that is told one character: it sees the class and its place, and stops by itself."""

import numpy as np
import pytest
import torch
import torch.nn.functional as F

from base.batch import Batch
from model.loss import NegativeLogLikelihood
from model.metric import NatsPerLine
from model.writing.class_conditional import PLACE_SCALE, ClassConditionalHandwriting
from model.writing.mixture_density import EndingMixture, Mixture, sample_stroke, stroke_log_prob
from model.writing.sampling import NOISE_CHUNK, LineNoise, sample
from tests.model.small import ALPHABET_SIZE, alone, assert_close, lines, random_mixture, stir
from utils.errors import InputError

CELLS = pytest.mark.parametrize(("cell", "num_layers"), [("lstm", 1), ("lstm", 2), ("gru", 2)])
LENGTHS = [9, 14, 4]


def drawer(cell: str = "lstm", num_layers: int = 1, **arguments) -> ClassConditionalHandwriting:
    torch.manual_seed(4)
    sizes = {"hidden_size": 6, "embedding_size": 3, "num_mixtures": 2, "cell": cell, "num_layers": num_layers}
    return stir(ClassConditionalHandwriting(alphabet_size=ALPHABET_SIZE, **{**sizes, **arguments}))


def drawings(lengths: list[int] = LENGTHS, dtype: torch.dtype = torch.float64) -> Batch:
    """Drawings of one character each, their last point a lift as in every corpus."""
    batch = lines(lengths, [1] * len(lengths), dtype=dtype)
    batch.strokes[range(len(lengths)), [length - 1 for length in lengths], 2] = 1
    return batch


def ending_mixture(draws: int, lift: float, last: float) -> EndingMixture:
    mixture = random_mixture(draws, dtype=torch.float32)
    logits = (torch.full((draws,), value).logit() for value in (lift, last))
    return EndingMixture(*mixture[:4], *logits)


@CELLS
def test_steps_are_the_whole_sequence(cell, num_layers, in_float64):
    model, batch = drawer(cell, num_layers).double(), drawings()
    state, steps = model.start(batch), []
    for stroke in batch.inputs.unbind(1):
        pen, state = model.step(stroke, state)
        steps.append(pen)
    for parts, expected in zip(zip(*steps, strict=True), model(batch), strict=True):
        assert_close(torch.stack(parts, 1), expected)
    assert_close(state.place, PLACE_SCALE * batch.inputs[..., :2].sum(1))


def test_the_loss_is_that_of_a_plain_loop(in_float64):
    model, batch = drawer().double(), drawings()
    output, nats = model(batch), 0.0
    for line, length in enumerate(LENGTHS):
        for t in range(length - 1):
            alike = Mixture(*(part[line : line + 1, t : t + 1] for part in output[:5]))
            nats -= stroke_log_prob(alike, batch.targets[line : line + 1, t : t + 1]).item()
            if batch.targets[line, t, 2] == 1:
                p_last = torch.sigmoid(output.last_logit[line, t])
                nats -= torch.log(p_last if t == length - 2 else 1 - p_last).item()
    total, count = NegativeLogLikelihood()(output, batch)
    assert count == sum(LENGTHS) - 3
    assert total.item() == pytest.approx(nats, rel=1e-10)


def test_nats_per_line_are_those_of_the_strokes_alone(in_float64):
    model, batch = drawer().double(), drawings()
    output = model(batch)
    total, count = NatsPerLine()(output, batch)
    assert_close(total, NatsPerLine()(Mixture(*output[:5]), batch)[0])
    assert count == 3 and total < NegativeLogLikelihood()(output, batch)[0]


def test_only_lifts_teach_which_lift_is_the_last(in_float64):
    batch = drawings()
    output = drawer().double()(batch)
    total, _ = NegativeLogLikelihood()(output, batch)
    (slope,) = torch.autograd.grad(total, output.last_logit)
    assert torch.equal(slope != 0, (batch.targets[..., 2] == 1) & batch.target_mask)
    assert (slope[[0, 1, 2], [length - 2 for length in LENGTHS]] < 0).all()


def test_a_drawing_has_the_same_loss_alone_and_in_company(in_float64):
    model, batch, loss = drawer("lstm", 2).double(), drawings(), NegativeLogLikelihood()
    own = [loss(model(part), part)[0] for part in (alone(batch, line) for line in range(3))]
    assert_close(loss(model(batch), batch)[0], sum(own))


def test_gradients_are_finite_differences(in_float64):
    model, batch = drawer("lstm", 2).double(), drawings()
    parameters = list(model.parameters())
    gradients = torch.autograd.grad(NegativeLogLikelihood()(model(batch), batch)[0], parameters)
    for parameter, gradient in zip(parameters, gradients, strict=True):
        direction = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        values = []
        with torch.no_grad():
            for step in (1e-6, -2e-6, 1e-6):
                parameter += step * direction
                values.append(NegativeLogLikelihood()(model(batch), batch)[0].item())
        assert (values[0] - values[1]) / 2e-6 == pytest.approx((gradient * direction).sum().item(), rel=1e-4, abs=1e-5)


def test_another_class_is_another_drawing_from_the_first_point_on():
    model, batch = drawer(), drawings(dtype=torch.float32)
    other = Batch(batch.strokes, batch.stroke_mask, (batch.text + 1) % ALPHABET_SIZE, batch.char_mask)
    assert (model(batch).mean[:, 0] != model(other).mean[:, 0]).all()


@pytest.mark.parametrize("bias", [0.0, 0.7])
def test_lifts_and_last_lifts_come_as_often_as_the_network_says(bias):
    """200,000 draws: within 5 standard errors of a Bernoulli; with a bias p^(1+b) to (1-p)^(1+b)."""
    draws = 200_000
    noise = torch.rand(draws, 4, generator=torch.Generator().manual_seed(3))
    end = sample_stroke(ending_mixture(draws, 0.3, 0.6), noise, bias)[:, 2]
    lift, last = (p ** (1 + bias) / (p ** (1 + bias) + (1 - p) ** (1 + bias)) for p in (0.3, 0.6))
    for pen, share in ((0, 1 - lift), (1, lift * (1 - last)), (2, lift * last)):
        assert (end == pen).double().mean().item() == pytest.approx(share, abs=5 * (share * (1 - share) / draws) ** 0.5)


def test_that_a_line_can_end_changes_nothing_else_of_what_is_drawn():
    noise = torch.rand(1000, 4, generator=torch.Generator().manual_seed(3))
    ending = ending_mixture(1000, 0.5, 0.5)
    strokes, plain = sample_stroke(ending, noise), sample_stroke(Mixture(*ending[:5]), noise)
    assert torch.equal(strokes[:, :2], plain[:, :2]) and torch.equal(strokes[:, 2].clamp_max(1), plain[:, 2])


@CELLS
def test_every_drawing_ends_with_its_first_last_lift(cell, num_layers):
    """Replayed by hand from the line's own noise: alone, point by point."""
    model = drawer(cell, num_layers)
    batch = drawings([2, 2, 2], torch.float32)
    drawn = sample(model, batch, seeds=[5, 6, 7], max_points=[NOISE_CHUNK] * 3, bias=0.2)
    for line, seed in enumerate([5, 6, 7]):
        own, noise = alone(batch, line), LineNoise([seed])
        stroke, state, strokes = torch.zeros(1, 3), model.start(own), []
        with torch.inference_mode():
            while stroke[0, 2] < 2:
                pen, state = model.step(stroke, state)
                stroke = sample_stroke(pen, noise.next(), 0.2)
                strokes.append(stroke)
        expected = torch.cat([torch.zeros(1, 3), *strokes]).clamp(max=torch.tensor([np.inf, np.inf, 1.0])).numpy()
        assert drawn[line].stopped and drawn[line].weights is None
        np.testing.assert_allclose(drawn[line].strokes, expected, atol=1e-5)


def test_a_drawing_that_never_ends_is_ended_by_its_cap():
    model = drawer()
    model.last.bias.data.fill_(-1e3)
    drawn = sample(model, drawings([2], torch.float32), seeds=[1], max_points=[30])[0]
    assert len(drawn.strokes) == 30 and not drawn.stopped and set(drawn.strokes[:, 2]) <= {0, 1}


def test_it_learns_when_a_drawing_is_over():
    """Class 0 is over after one stroke of two points, class 1 after two: so it must be of most that are drawn."""
    torch.manual_seed(1)
    model = ClassConditionalHandwriting(alphabet_size=2, hidden_size=32, num_mixtures=1)
    batch = lines([3, 5] * 20, [1] * 40)
    batch.text[:, 0] = torch.arange(40) % 2
    batch.strokes[..., 2] = torch.tensor([0, 0, 1, 0, 1])
    optimizer, loss = torch.optim.Adam(model.parameters(), lr=0.02), NegativeLogLikelihood()
    for _ in range(150):
        optimizer.zero_grad()
        loss(model(batch), batch)[0].backward()
        optimizer.step()
    drawn = sample(model, batch, seeds=list(range(40)), max_points=[50] * 40)
    lengths = [len(line.strokes) for line in drawn]
    assert all(line.stopped for line in drawn)
    assert np.mean(np.array(lengths[::2]) == 3) > 0.8 and np.mean(np.array(lengths[1::2]) == 5) > 0.8


@pytest.mark.parametrize(("characters", "message"), [([1, 2], "longer than one character"), ([1, 0], "without a text")])
def test_a_line_that_is_not_one_character_is_refused(characters, message):
    batch = lines([4, 5], [max(characters)] * 2, dtype=torch.float32)
    batch.char_mask[:] = torch.arange(max(characters)) < torch.tensor(characters).unsqueeze(1)
    with pytest.raises(InputError, match=message):
        drawer()(batch)


@pytest.mark.parametrize("size", ["alphabet_size", "embedding_size", "hidden_size", "num_layers", "num_mixtures"])
def test_a_size_of_nothing_is_refused_by_name(size):
    with pytest.raises(ValueError, match=size):
        ClassConditionalHandwriting(**{"alphabet_size": 5, size: 0})


def test_the_kernel_leaves_it_to_the_network():
    assert drawer(hidden_size=64).packed() is None


def test_dropout_works_while_training_and_never_else():
    model, batch = drawer(dropout=0.5), drawings(dtype=torch.float32)
    assert torch.equal(model.eval()(batch).mean, drawer()(batch).mean)
    assert not torch.equal(model.train()(batch).last_logit, model(batch).last_logit)
    assert F.mse_loss(model(batch).mean, drawer()(batch).mean) > 0
