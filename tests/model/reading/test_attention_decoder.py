"""The attention decoder is its formulas written out, and looks at real frames only."""

import math

import pytest
import torch
from torch import Tensor

from model.reading.attention_decoder import LOCATION_CHANNELS, LOCATION_REACH, AttentionDecoder
from tests.model.readers import random_reading, recognizer
from tests.model.small import ALPHABET_SIZE, assert_close, real

LENGTHS = [6, 1, 9]
WINDOW = (1, 3)
"""A window in which not all of these lines' frames fit."""


def decoder(**arguments) -> AttentionDecoder:
    return recognizer(0.0, **arguments).decoder.double()


def frames_and_mask() -> tuple[Tensor, Tensor]:
    reading = random_reading(LENGTHS, recognizer(0.0))
    return reading.frames, reading.frame_mask


def texts(*lengths: int) -> Tensor:
    mask = real(list(lengths))
    return torch.randint(ALPHABET_SIZE, mask.shape, generator=torch.Generator().manual_seed(1)) * mask


def written_out(own: AttentionDecoder, frames: Tensor, text: list[int], free: bool = True) -> tuple[Tensor, Tensor]:
    """Return logits (U+1, A+1) and attention (U+1, N) of a line's frames (N, F); Chorowski et al. (2015), eqs. 5-9."""
    hidden = cell = torch.zeros(1, own.cell.hidden_size, dtype=torch.float64)
    looked_at, attention = torch.zeros(frames.shape[1]).double(), torch.zeros(len(frames)).double()
    covered, (last, all_before), logits, places = attention, own.location.weight.transpose(0, 1), [], []
    for before in [own.end, *text]:
        hidden, cell = own.cell(torch.cat([own.embedding.weight[before], looked_at])[None], (hidden, cell))
        scores = []
        for n, frame in enumerate(frames):
            weights = torch.zeros(LOCATION_CHANNELS).double()
            for m in range(max(n - LOCATION_REACH, 0), min(n + LOCATION_REACH + 1, len(frames))):
                at = m - n + LOCATION_REACH
                weights = weights + last[:, at] * attention[m] + all_before[:, at] * covered[m]
            energy = own.key(frame) + own.query(hidden[0]) + own.from_location(weights)
            scores.append(own.score(torch.tanh(energy)).item())
        centre = int(attention.argmax())
        scores = [s if free or -WINDOW[0] <= n - centre <= WINDOW[1] else -math.inf for n, s in enumerate(scores)]
        weights = [math.exp(score) / sum(map(math.exp, scores)) for score in scores]
        attention = torch.tensor(weights, dtype=torch.float64)
        covered = covered + attention
        looked_at = attention @ frames
        logits.append(own.out(torch.cat([hidden[0], looked_at])))
        places.append(attention)
    return torch.stack(logits), torch.stack(places)


@pytest.mark.parametrize("free", [True, False])
def test_logits_and_attention_are_the_formulas_written_out(free, monkeypatch, in_float64):
    monkeypatch.setattr("model.reading.attention_decoder.WINDOW", WINDOW)
    own, (frames, mask), text = decoder(), frames_and_mask(), texts(2, 4, 3)
    logits, attention = own(frames, mask, text, free=free)
    for line, length in enumerate([2, 4, 3]):
        expected, places = written_out(own, frames[line, mask[line]], text[line, :length].tolist(), free)
        assert_close(logits[line, : length + 1], expected)
        assert_close(attention[line, : length + 1, mask[line]], places)


def test_attention_is_a_distribution_over_real_frames(in_float64):
    (frames, mask), text = frames_and_mask(), texts(2, 4, 3)
    _, attention = decoder()(frames, mask, text)
    assert_close(attention.sum(2), torch.ones(3, 5, dtype=torch.float64))
    assert (attention.transpose(1, 2)[~mask] == 0).all()


def test_texts_side_by_side_are_each_as_alone(in_float64):
    own, (frames, mask) = decoder(), frames_and_mask()
    keys, wide = own.key(frames), [part.repeat_interleave(4, 0) for part in frames_and_mask()]
    state, repeated = own.start(wide[0]), own.start(wide[0])
    for seed in range(3):
        before = torch.randint(ALPHABET_SIZE + 1, (12,), generator=torch.Generator().manual_seed(seed))
        logits, state = own.step(before, state, frames, keys, mask)
        expected, repeated = own.step(before, repeated, wide[0], own.key(wide[0]), wide[1])
        assert_close(logits, expected)
        assert_close(state.attention, repeated.attention)
    picked = state.pick(torch.tensor([5, 5, 0]))
    assert torch.equal(picked.context, state.context[[5, 5, 0]])


@pytest.mark.parametrize("seed", range(6))
def test_greedy_reading_writes_the_likeliest_character_each_time(seed, monkeypatch, in_float64):
    monkeypatch.setattr("model.reading.attention_decoder.WINDOW", WINDOW)
    own, reading = decoder(), random_reading(LENGTHS, recognizer(0.0), seed)
    own.out[-1].bias.data[-1] += 1.0
    actual = own.read_greedily(reading.frames, reading.frame_mask)
    for line, text in enumerate(actual):
        logits, _ = written_out(own, reading.frames[line, reading.frame_mask[line]], text, free=False)
        likeliest = logits.argmax(-1).tolist()
        assert likeliest[: len(text)] == text and own.end not in text
        assert likeliest[len(text)] == own.end or len(text) == LENGTHS[line]


def test_a_text_that_has_ended_stays_so_while_others_go_on(monkeypatch):
    own, (frames, mask) = decoder(), frames_and_mask()
    script = iter(torch.tensor([[1, 4, 3], [5, 4, 2], [2, 4, 0], [2, 4, 5]]))
    monkeypatch.setattr(own, "step", lambda before, state, *_: (torch.eye(ALPHABET_SIZE + 1)[next(script)], state))
    assert own.read_greedily(frames, mask) == [[1], [4], [3, 2, 0]]


def test_scheduled_sampling_feeds_back_the_networks_own_choice_at_its_rate_and_only_in_training():
    own = decoder(scheduled_sampling=0.3)
    truth = torch.zeros(20_000, dtype=torch.int64)
    logits = torch.eye(ALPHABET_SIZE + 1)[3].expand(20_000, -1)
    fed = own.train()._fed_back(truth, logits)
    assert set(fed.tolist()) == {0, 3}
    assert (fed == 3).double().mean().item() == pytest.approx(0.3, abs=0.02)
    assert torch.equal(own.eval()._fed_back(truth, logits), truth)


@pytest.mark.parametrize(("rate", "same"), [(0.0, True), (1.0, False)])
def test_scheduled_sampling_at_its_ends(rate, same):
    own, (frames, mask), text = decoder(scheduled_sampling=rate), frames_and_mask(), texts(5, 4, 3)
    taught = own.eval()(frames, mask, text)[0]
    free = own.train()(frames, mask, text)[0]
    assert torch.equal(taught, free) is same
    if not same:
        chosen = free.argmax(-1)[:, :-1]
        assert_close(own.eval()(frames, mask, chosen)[0], free)


def test_texts_without_a_character_have_an_end_all_the_same(in_float64):
    own, (frames, mask) = decoder(), frames_and_mask()
    logits, attention = own(frames, mask, torch.zeros(3, 0, dtype=torch.int64))
    assert logits.shape == (3, 1, ALPHABET_SIZE + 1) and attention.shape == (3, 1, 9)
    assert_close(logits, own(frames, mask, texts(1, 1, 1))[0][:, :1])


def test_a_decoder_of_an_older_checkpoint_reads_as_it_did(in_float64):
    own, older, (frames, mask), text = decoder(), decoder(), frames_and_mask(), texts(2, 4, 3)
    with torch.no_grad():
        own.location.weight[:, 1] = 0
    weights = own.state_dict()
    weights["location.weight"] = weights["location.weight"][:, :1]
    older.load_state_dict(weights)
    assert torch.equal(older(frames, mask, text)[0], own(frames, mask, text)[0])
