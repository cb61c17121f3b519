"""Both networks, LSTM and GRU, flat and deep: what holds for every model that writes."""

import pytest
import torch

from base.batch import Batch
from model import MODELS
from model.layers.self_attention import HEAD_SIZE
from model.loss import NegativeLogLikelihood
from model.writing.mixture_density import Mixture
from tests.model.small import ALPHABET_SIZE, NETWORKS, alone, assert_close, lines, network

EVERY_NETWORK = pytest.mark.parametrize(("name", "cell", "num_layers"), NETWORKS)
LENGTHS, TEXT_LENGTHS = [9, 14, 4], [5, 3, 1]


def wide_lines() -> Batch:
    return lines(LENGTHS, TEXT_LENGTHS, dtype=torch.float64)


def mean_nats(model, batch: Batch) -> torch.Tensor:
    total, count = NegativeLogLikelihood()(model(batch), batch)
    return total / count


def gradients(model, nats: torch.Tensor) -> list[torch.Tensor]:
    return list(torch.autograd.grad(nats, list(model.parameters())))


def same_before(first: Mixture, other: Mixture, t: int) -> bool:
    return all(torch.equal(a[:, :t], b[:, :t]) for a, b in zip(first, other, strict=True))


@EVERY_NETWORK
@pytest.mark.parametrize("features", ["offsets", "motion"])
def test_steps_are_the_whole_sequence(name, cell, num_layers, features, in_float64):
    model, batch = network(name, cell, num_layers, features=features).double(), wide_lines()
    state, mixtures = model.start(batch), []
    for stroke in batch.inputs.unbind(1):
        mixture, state = model.step(stroke, state)
        mixtures.append(mixture)
    for parts, expected in zip(zip(*mixtures, strict=True), model(batch), strict=True):
        assert_close(torch.stack(parts, 1), expected)


@EVERY_NETWORK
def test_a_line_has_the_same_loss_and_gradients_alone_and_in_company(name, cell, num_layers, in_float64):
    model, batch, loss = network(name, cell, num_layers).double(), wide_lines(), NegativeLogLikelihood()
    total, count = loss(model(batch), batch)
    parts = [alone(batch, line) for line in range(3)]
    own = [loss(model(part), part) for part in parts]
    assert count == sum(LENGTHS) - 3 == sum(own_count for _, own_count in own)
    assert_close(total, sum(own_total for own_total, _ in own))
    own_gradients = [gradients(model, own_total) for own_total, _ in own]
    for together, *apart in zip(gradients(model, total), *own_gradients, strict=True):
        assert_close(together, sum(apart))


@EVERY_NETWORK
def test_what_stands_in_the_padding_changes_nothing(name, cell, num_layers, in_float64):
    model, batch = network(name, cell, num_layers).double(), wide_lines()
    strokes = torch.where(batch.stroke_mask.unsqueeze(-1), batch.strokes, 1e3)
    text = torch.where(batch.char_mask, batch.text, ALPHABET_SIZE - 1)
    spoilt = Batch(strokes, batch.stroke_mask, text, batch.char_mask)
    clean, dirty = mean_nats(model, batch), mean_nats(model, spoilt)
    assert_close(dirty, clean)
    for before, after in zip(gradients(model, clean), gradients(model, dirty), strict=True):
        assert_close(after, before)


@EVERY_NETWORK
@pytest.mark.parametrize("coordinate", [0, 1, 2])
def test_a_stroke_changes_what_is_predicted_after_it_and_nothing_before(name, cell, num_layers, coordinate):
    model, batch, t = network(name, cell, num_layers), lines([9, 9], [3, 3]), 4
    before = model(batch)
    batch.strokes[:, t, coordinate] += 0.5
    after = model(batch)
    assert same_before(before, after, t)
    for a, b in zip(before, after, strict=True):
        assert not torch.equal(a[:, t], b[:, t])


@EVERY_NETWORK
def test_gradients_are_finite_differences(name, cell, num_layers, in_float64):
    model, batch = network(name, cell, num_layers).double(), wide_lines()
    step = 1e-5
    for parameter, gradient in zip(model.parameters(), gradients(model, mean_nats(model, batch)), strict=True):
        direction = torch.randn(parameter.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
        with torch.no_grad():
            parameter += step * direction
            up = mean_nats(model, batch)
            parameter -= 2 * step * direction
            down = mean_nats(model, batch)
            parameter += step * direction
        slope = (gradient * direction).sum().item()
        assert abs(slope) > 1e-5
        assert ((up - down) / (2 * step)).item() == pytest.approx(slope, rel=1e-5, abs=1e-8)


@EVERY_NETWORK
def test_number_of_parameters(name, cell, num_layers):
    hidden, mixtures, components = 6, 2, 2
    gates = 4 if cell == "lstm" else 3
    features = 13
    inputs = features if name == "unconditional" else features + ALPHABET_SIZE
    layers = sum(gates * hidden * (inputs + hidden * (layer > 0) + hidden + 2) for layer in range(num_layers))
    window = 0 if name == "unconditional" else 3 * components * (hidden + 1)
    density = (6 * mixtures + 1) * (num_layers * hidden + features + 1)
    attended = 2 * HEAD_SIZE  # of two heads
    attention = 2 * hidden + 3 * attended * (2 * hidden + 1) + hidden * (attended + 1) if num_layers == 3 else 0
    assert network(name, cell, num_layers).num_parameters == layers + window + density + attention


def test_the_networks_of_graves_have_the_size_that_he_states():
    """Graves (2013): about 3.4 million weights to predict, about 3.7 million to write a text."""
    assert round(MODELS["UnconditionalHandwriting"]().num_parameters / 1e6, 1) == 3.4
    assert round(MODELS["ConditionalHandwriting"](alphabet_size=57).num_parameters / 1e6, 1) == 3.7


@pytest.mark.parametrize(("name", "cell"), [("unconditional", "lstm"), ("conditional", "lstm"), ("conditional", "gru")])
def test_a_small_network_learns_a_batch_by_heart(name, cell):
    model, batch = network(name, cell, hidden_size=24), lines([12, 9], [3, 2])
    optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
    course = []
    for _ in range(150):
        optimizer.zero_grad()
        nats = mean_nats(model, batch)
        course.append(nats.item())
        nats.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
    assert course[0] > 2
    assert min(course) < -1


def test_the_writer_reads_its_text_where_the_window_stands():
    """The window stands on character t at point t: another eighth character changes nothing before point 8."""
    model, batch = network("conditional", num_layers=2), lines([12], [8])
    torch.nn.init.zeros_(model.window_layer.window.linear.weight)
    model.window_layer.window.linear.bias.data = torch.tensor([0.0, 0, 4, 4, 0, 0])
    other = Batch(batch.strokes, batch.stroke_mask, batch.text.clone(), batch.char_mask)
    other.text[0, -1] = (other.text[0, -1] + 1) % ALPHABET_SIZE
    before, after = model(batch), model(other)
    for a, b in zip(before, after, strict=True):
        assert torch.equal(a[:, :7], b[:, :7])
        assert not torch.allclose(a[:, 7], b[:, 7], atol=1e-3)


@pytest.mark.parametrize("name", ["unconditional", "conditional"])
@pytest.mark.parametrize("num_layers", [1, 3])
def test_dropout_works_while_training_even_with_one_layer_and_never_else(name, num_layers):
    model, batch = network(name, num_layers=num_layers, dropout=0.5), lines([9], [3])
    plain = network(name, num_layers=num_layers)(batch)
    for dropped, expected in zip(model.eval()(batch), plain, strict=True):
        assert torch.equal(dropped, expected)
    assert not torch.equal(model.train()(batch).mean, model(batch).mean)


def test_the_output_has_a_mixture_for_every_target():
    batch = lines([9, 4], [3, 2])
    for name in ("unconditional", "conditional"):
        mixture = network(name, num_mixtures=7)(batch)
        assert [tuple(part.shape) for part in mixture] == [(2, 8, 7), (2, 8, 7, 2), (2, 8, 7, 2), (2, 8, 7), (2, 8)]


@pytest.mark.parametrize("size", ["hidden_size", "num_layers", "num_mixtures", "num_window_components"])
def test_a_size_of_nothing_is_refused_by_name(size):
    for name in ("unconditional", "conditional") if size != "num_window_components" else ("conditional",):
        with pytest.raises(ValueError, match=size):
            MODELS[f"{name.capitalize()}Handwriting"](
                **{"alphabet_size": 5} if name == "conditional" else {}, **{size: 0}
            )
