"""Lines that a network writes on from a line that it is clamped to."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from base.batch import Batch
from model.writing import compiled
from model.writing.line_end import END_LOGIT, LAST_LETTER_POINTS, MAX_POINTS_AFTER_TEXT
from model.writing.mixture_density import sample_stroke
from model.writing.priming import Prime
from model.writing.sampling import LineNoise, sample
from tests.model.small import alone, assert_close, lines, network

LENGTHS, TEXTS, CHARS = [7, 3, 12, 5], [6, 9, 5, 7], [3, 4, 2, 5]
SEEDS, CAPS = [5, 6, 7, 8], [30, 300, 11, 40]


@pytest.fixture(params=["kernel", "point by point"])
def either_way(request, monkeypatch):
    """The kernel with the weights as they are, or the model's own step."""
    if request.param == "kernel":
        monkeypatch.setattr(compiled, "PRECISION", torch.float32)
    else:
        monkeypatch.setattr(compiled, "can_run", lambda trunk, density: False)


def primed_lines() -> Batch:
    """Lines to go on from, every other of which begins with a dot."""
    batch = lines(LENGTHS, TEXTS)
    batch.strokes[::2, 0, 2] = 1
    return batch


def written(model, batch: Batch, some: slice = slice(None), **options):
    arguments = {"seeds": SEEDS[some], "max_points": CAPS[some], "prime_chars": CHARS[some], "bias": 0.4}
    return sample(model, batch, **arguments | options)


def by_hand(model, batch: Batch, line: int) -> tuple[np.ndarray, np.ndarray]:
    """All strokes of a line, the prime's too, and the attention weights of each: a plain loop, cut nowhere."""
    single, noise = alone(batch, line), LineNoise([SEEDS[line]])
    length, state = LENGTHS[line], model.start(single)
    stroke, strokes, weights, late = single.strokes[:, 0], [single.strokes[0, 0]], [], 0
    for t in range(1, length + CAPS[line]):
        if t == length and batch.text.numel() and model.reads_text:
            ahead = CHARS[line] - 1 - int(weights[-1].argmax())
            if ahead not in (0, 1):
                state = model.moved(state, torch.tensor([ahead]))
        mixture, state = model.step(stroke, state)
        drawn = sample_stroke(mixture, noise.next(), 0.4)
        done, lifted, end_logit = bool(model.finished(state)), stroke[0, 2] > 0, model.end_logit(state)
        late = late + 1 if t >= length and (done or (end_logit is not None and late)) else 0
        if end_logit is None and late > (0 if lifted else MAX_POINTS_AFTER_TEXT):
            break
        if end_logit is not None and t >= length and lifted and (end_logit > END_LOGIT or late > LAST_LETTER_POINTS):
            break
        stroke = single.strokes[:, t] if t < length else drawn
        strokes.append(stroke[0])
        weights.append(model.weights(state)[0] if model.reads_text else torch.empty(0))
    return torch.stack(strokes).detach().numpy(), torch.stack(weights).detach().numpy()


@pytest.mark.parametrize("line_end", [False, True])
@pytest.mark.parametrize("step", [-1.5, -0.5, 0.6])
def test_a_primed_line_is_what_a_plain_loop_writes_behind_the_prime(step, line_end, either_way):
    """The window lags, keeps up with the prime, or runs ahead of it."""
    model, batch = network("conditional", num_layers=2, line_end=line_end), primed_lines()
    model.window_layer.window.linear.bias.data[4:] = step
    with torch.no_grad():
        for line, drawn in enumerate(written(model, batch)):
            strokes, weights = by_hand(model, batch, line)
            count = len(drawn.strokes)
            reached = np.flatnonzero(weights[LENGTHS[line] - 1 :].argmax(1) >= CHARS[line])
            if not len(reached):
                assert drawn.strokes.tolist() == [[0, 0, 1]]
                continue
            np.testing.assert_allclose(drawn.strokes[1:, :2], strokes[-count:][1:, :2], atol=1e-3)
            assert (drawn.strokes[:-1, 2] == strokes[-count:-1, 2]).all() and drawn.strokes[-1, 2] == 1
            assert drawn.strokes[0, :2].tolist() == [0, 0]
            begin = len(strokes) - count
            first = LENGTHS[line] + reached[0]
            assert begin == LENGTHS[line] or strokes[begin - 1, 2] == 1, "it begins behind the prime or a pen lift"
            assert begin <= first and not strokes[begin:first, 2].any(), "in the pen stroke that comes to its text"
            if count > 1:
                np.testing.assert_allclose(drawn.weights, weights[-count:][1:, CHARS[line] :], atol=1e-3)


def test_free_writing_goes_on_where_the_prime_ends(either_way):
    model, batch = network("unconditional", num_layers=2), primed_lines()
    with torch.no_grad():
        for line, drawn in enumerate(written(model, batch, prime_chars=[0] * 4)):
            expected = by_hand(model, batch, line)[0][LENGTHS[line] :]
            assert len(drawn.strokes) == CAPS[line] == len(expected)
            np.testing.assert_allclose(drawn.strokes[1:, :2], expected[1:, :2], atol=1e-3)


@pytest.mark.parametrize("name", ["conditional", "unconditional"])
def test_a_primed_line_is_the_same_alone_and_among_others(name, either_way):
    model, batch = network(name, num_layers=2), primed_lines()
    together = written(model, batch)
    for line in range(4):
        single = slice(line, line + 1)
        own = written(model, alone(batch, line), single)[0]
        np.testing.assert_allclose(together[line].strokes, own.strokes, atol=1e-3)
        assert together[line].stopped == own.stopped


def test_strokes_matter_where_they_are_a_prime_and_nowhere_else():
    model, batch = network("conditional"), primed_lines()
    other = replace(batch, strokes=batch.strokes * torch.tensor([3.0, 3.0, 1.0]))
    assert not np.array_equal(written(model, batch)[1].strokes, written(model, other)[1].strokes)
    unprimed = [written(model, some, prime_chars=None)[1].strokes for some in (batch, other)]
    assert np.array_equal(*unprimed)


def test_a_text_that_the_window_never_comes_to_is_a_start_alone(either_way):
    model, batch = network("conditional"), primed_lines()
    model.window_layer.window.linear.weight.data.zero_()
    model.window_layer.window.linear.bias.data[4:] = -9
    for drawn, length, shown in zip(written(model, batch), TEXTS, CHARS, strict=True):
        assert drawn.strokes.tolist() == [[0, 0, 1]] and drawn.weights.shape == (0, length + 1 - shown)


def prime(length: int, characters: int) -> Prime:
    return Prime(torch.zeros(length, 1, 3), torch.tensor([length]), torch.tensor([characters]))


def looking_at(*positions: int) -> np.ndarray:
    return np.eye(8, dtype=np.float32)[list(positions)]


def test_what_was_still_to_be_drawn_of_the_prime_is_cut_off_with_the_way_to_the_text():
    """Three points of the prime; a stroke of two for its last letter; a line that comes to character 4 at its end."""
    lifts = np.array([0, 0, 1, 0, 1, 0, 0, 1, 1, 0])
    strokes = np.column_stack([np.arange(10), np.arange(10), lifts]).astype(np.float32)
    phi = looking_at(0, 1, 2, 2, 3, 3, 3, 4, 3, 5)
    own, weights = prime(3, 4).own(0, strokes, phi)
    assert own.tolist() == [[0, 0, 0], [6, 6, 0], [7, 7, 1], [8, 8, 1], [9, 9, 0]]
    assert np.array_equal(weights, phi[6:, 4:])
    assert prime(3, 4).own(0, strokes, None)[0][1:, 0].tolist() == [4, 5, 6, 7, 8, 9]


def test_an_unprimed_line_is_its_own_from_the_start():
    strokes = np.ones((4, 3), np.float32)
    own, weights = prime(0, 0).own(0, strokes, looking_at(0, 0, 1, 2))
    assert own.tolist() == [[0, 0, 1], [1, 1, 1], [1, 1, 1], [1, 1, 1]] and len(weights) == 3


def test_the_window_is_moved_to_the_blank_where_it_is_neither_there_nor_at_the_last_character():
    """Characters 0 to 3 and their blank, 4, are the prime's; it is over at t = 6."""
    lengths, characters = torch.full((6,), 6), torch.full((6,), 5)
    six = Prime(torch.zeros(6, 6, 3), lengths, characters)
    phi = torch.tensor(looking_at(1, 2, 3, 4, 5, 7))
    assert six.left(6, torch.arange(6), phi).tolist() == [3, 2, 0, 0, -1, -3]
    assert six.left(5, torch.arange(6), phi).tolist() == [0] * 6
    assert_close(six.left(6, torch.tensor([5, 0]), phi[[5, 0]]), torch.tensor([-3, 3]))
