"""Lines drawn from a network: each from its own random numbers to its own end, alone or among others."""

import numpy as np
import pytest
import torch

from base.batch import Batch
from model.writing.mixture_density import sample_stroke
from model.writing.sampling import NOISE_CHUNK, LineNoise, pick, sample
from tests.model.small import STEP, alone, assert_close, lines, marching, network, patient, texts, written

WRITERS = [
    (name, cell, layers) for name in ("unconditional", "conditional") for cell, layers in (("lstm", 2), ("gru", 1))
]
EVERY_WRITER = pytest.mark.parametrize(("name", "cell", "num_layers"), WRITERS)
TEXT_LENGTHS = [1, 5, 3]


@EVERY_WRITER
def test_a_line_is_the_same_alone_and_among_others(name, cell, num_layers):
    model, batch = network(name, cell, num_layers), texts(2, 6, 4)
    together = written(model, batch, [5, 6, 7])
    for line, seed in enumerate([5, 6, 7]):
        own = written(model, alone(batch, line), [seed])[0]
        np.testing.assert_allclose(together[line], own, atol=1e-3)


@pytest.mark.parametrize("name", ["unconditional", "conditional"])
@pytest.mark.parametrize("num_layers", [1, 3])
@pytest.mark.parametrize("features", ["offsets", "motion"])
def test_the_kernel_writes_as_the_model_steps(name, num_layers, features, in_float32, point_by_point):
    """Sizes: more outputs than a block, inputs that fill none, texts and caps of many lengths."""
    model, lengths = network(name, num_layers=num_layers, hidden_size=17, features=features), [1, 6, 4, 9, 2, 5, 7]
    arguments = {"seeds": list(range(7)), "max_points": [40, 300, 30, 2, 280, 50, 60], "bias": 0.7}
    ours = sample(model, texts(*lengths), **arguments)
    with point_by_point():
        plain = sample(model, texts(*lengths), **arguments)
    for first, other in zip(ours, plain, strict=True):
        assert first.strokes.shape == other.strokes.shape and first.stopped == other.stopped
        np.testing.assert_allclose(first.strokes, other.strokes, atol=1e-3, rtol=1e-3)
        if name == "conditional":
            np.testing.assert_allclose(first.weights, other.weights, atol=1e-3)


@pytest.mark.parametrize("name", ["unconditional", "conditional"])
def test_weights_are_rounded_little_by_the_kernel(name, point_by_point):
    """The first points, before small differences have grown."""
    model, batch, seeds = patient(name, num_layers=2), texts(4, 4, 4, 4), [1, 2, 3, 4]
    ours = written(model, batch, seeds, cap=5)
    with point_by_point():
        plain = written(model, batch, seeds, cap=5)
    assert 0 < np.abs(np.stack(ours) - np.stack(plain)).max() < 0.05


@pytest.mark.parametrize("name", ["unconditional", "conditional"])
def test_a_line_of_the_kernel_is_the_same_to_the_last_bit_in_any_company(name):
    """One line, a pair, a few and many are summed by other loops; with two threads each has its own."""
    model, count = patient(name, num_layers=2), 33
    batch, seeds = texts(*range(1, count + 1)), list(range(count))
    together = written(model, batch, seeds, cap=20)
    torch.set_num_threads(2)
    try:
        assert all(map(np.array_equal, written(model, batch, seeds, cap=20), together))
    finally:
        torch.set_num_threads(1)
    for first, last in ((0, 1), (0, 3), (4, 11), (12, 29), (32, 33)):
        some = Batch(*(part[first:last] for part in (batch.strokes, batch.stroke_mask, batch.text, batch.char_mask)))
        assert all(map(np.array_equal, written(model, some, seeds[first:last], cap=20), together[first:last]))


@EVERY_WRITER
def test_every_point_is_drawn_from_what_the_network_says_of_the_points_before(name, cell, num_layers, in_float32):
    model, batch, seeds = patient(name, cell, num_layers), texts(2, 6, 4), [1, 2, 3]
    strokes = torch.tensor(np.stack(written(model, batch, seeds, cap=20, bias=0.3)))
    output = model(Batch(strokes, torch.ones(3, 20, dtype=torch.bool), batch.text, batch.char_mask))
    noise = LineNoise(seeds)
    for t in range(19):
        expected = sample_stroke(type(output)(*(part[:, t] for part in output)), noise.next(), 0.3)
        coordinates = slice(None) if t < 18 else slice(2)
        assert_close(strokes[:, t + 1, coordinates], expected[:, coordinates], 1e-3)


@EVERY_WRITER
def test_lines_begin_at_rest_and_end_with_the_pen_lifted(name, cell, num_layers):
    model = network(name, cell, num_layers)
    model.density.linear.bias.data[-1] = -100
    for strokes in written(model, texts(2, 3), [1, 2]):
        assert strokes.dtype == np.float32
        assert strokes[0].tolist() == [0, 0, 0]
        assert strokes[:-1, 2].sum() == 0
        assert strokes[-1, 2] == 1


@EVERY_WRITER
def test_a_second_call_draws_the_same_and_leaves_the_network_as_it_was(name, cell, num_layers):
    model, batch = network(name, cell, num_layers, dropout=0.5), texts(3, 2)
    before = {key: value.clone() for key, value in model.state_dict().items()}
    for training in (True, False):
        model.train(training)
        first, second = (written(model, batch, [3, 4]) for _ in range(2))
        assert model.training is training is model.density.training
        assert all(np.array_equal(first, other) for first, other in zip(first, second, strict=True))
    assert all(torch.equal(value, before[key]) for key, value in model.state_dict().items())


def test_lines_are_drawn_in_evaluation_mode(monkeypatch):
    model, modes = network("unconditional", "gru").train(), []
    step = model.step
    monkeypatch.setattr(model, "step", lambda stroke, state: (modes.append(model.training), step(stroke, state))[1])
    written(model, texts(1), [1], cap=3)
    assert modes == [False, False]


def test_drawing_neither_reads_nor_moves_the_global_random_numbers():
    model, batch = network("unconditional"), texts(1)
    torch.manual_seed(0)
    first = written(model, batch, [3])[0]
    drawn = torch.rand(1)
    torch.manual_seed(0)
    assert torch.equal(drawn, torch.rand(1))
    assert np.array_equal(first, written(model, batch, [3])[0])


def test_the_strokes_of_the_batch_are_not_read():
    model, batch = network("conditional"), texts(3)
    other = Batch(batch.strokes + 1, batch.stroke_mask, batch.text, batch.char_mask)
    assert np.array_equal(written(model, batch, [3])[0], written(model, other, [3])[0])


def test_another_seed_or_another_text_is_another_line():
    model, batch = patient("conditional"), texts(4)
    line = written(model, batch, [1])[0]
    other = Batch(batch.strokes, batch.stroke_mask, (batch.text + 1) % 5, batch.char_mask)
    assert not np.allclose(line, written(model, batch, [2])[0])
    assert not np.allclose(line, written(model, other, [1])[0])


def test_a_large_bias_leaves_nothing_to_chance_but_which_component():
    model, batch = network("unconditional"), texts(1, 1)
    model.density.linear.bias.data[-1] = -100
    model.density.linear.bias.data[0] = 100
    first, other = written(model, batch, [1, 2], bias=40.0)
    np.testing.assert_allclose(first, other, atol=1e-4)
    first, other = written(model, batch, [1, 2], bias=0.0)
    assert np.abs(first - other).max() > 0.1


def test_weights_are_what_was_looked_at_for_every_point_but_the_start():
    drawn = sample(marching(), texts(*TEXT_LENGTHS), seeds=[1, 2, 3], max_points=[100] * 3)
    for line, length in zip(drawn, TEXT_LENGTHS, strict=True):
        assert line.weights.shape[0] == len(line.strokes) - 1
        for t, phi in enumerate(line.weights, start=1):
            positions = np.arange(1, length + 2)
            np.testing.assert_allclose(phi[: length + 1], 2 * np.exp(-((STEP * t - positions) ** 2)), rtol=1e-4)
            assert (phi[length + 1 :] == 0).all()


@pytest.mark.parametrize("name", ["unconditional", "conditional"])
def test_show_writes_each_line_at_most_half_again_as_long(name):
    model, batch = patient(name), lines([10, 7], [9, 9])
    shown = model.show(batch, seed=3)
    assert [len(line.strokes) for line in shown] == [15, 10]
    expected = sample(model, batch, seeds=[3, 4], max_points=[15, 10])
    assert all(np.array_equal(a.strokes, b.strokes) for a, b in zip(shown, expected, strict=True))


def test_noise_is_of_the_line_alone_and_never_repeats():
    rounds = 2 * NOISE_CHUNK + 3
    both, first = LineNoise([8, 9]), LineNoise([9])
    together = torch.stack([both.next() for _ in range(rounds)])
    assert together.shape == (rounds, 2, 4)
    assert torch.equal(together[:, 1], torch.stack([first.next() for _ in range(rounds)])[:, 0])
    assert together.unique().numel() > 0.999 * together.numel()


def test_noise_is_two_uniforms_and_two_standard_normals():
    noise = LineNoise(list(range(50)))
    numbers = torch.cat([noise.next() for _ in range(400)])
    assert ((numbers[:, :2] >= 0) & (numbers[:, :2] < 1)).all()
    assert_close(numbers.mean(0), torch.tensor([0.5, 0.5, 0, 0]), 0.03)
    assert_close(numbers.T.cov(), torch.diag(torch.tensor([1 / 12, 1 / 12, 1, 1])), 0.05)


def test_pick_takes_lines_out_of_nested_states():
    model, batch = network("conditional", num_layers=3), texts(2, 5, 3)
    state = model.step(torch.ones(3, 3), model.start(batch))[1]
    for lines_kept in (torch.tensor([2, 0]), torch.tensor([True, False, True])):
        picked = pick(state, lines_kept)
        assert type(picked) is type(state)
        assert torch.equal(picked.trunk.window.kappa, state.trunk.window.kappa[lines_kept])
        assert torch.equal(picked.trunk.stack.cells[1][1], state.trunk.stack.cells[1][1][lines_kept])
        assert torch.equal(picked.trunk.stack.memory[0].keys, state.trunk.stack.memory[0].keys[lines_kept])
        assert torch.equal(picked.trunk.text.end, state.trunk.text.end[lines_kept])


def test_a_character_outside_the_alphabet_is_refused():
    batch = texts(2)
    with pytest.raises(IndexError, match="outside the alphabet"):
        sample(
            marching(),
            Batch(batch.strokes, batch.stroke_mask, batch.text + 9, batch.char_mask),
            seeds=[1],
            max_points=[9],
        )
