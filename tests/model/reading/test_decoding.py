"""The beam search finds what brute force finds, and every probability in it is that of brute force."""

import itertools
import math
from dataclasses import replace

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st

from model.language.ngram import NgramModel
from model.language.training import train_language_model
from model.reading.ctc_prefix import CtcScorer
from model.reading.decoding import Hypothesis, Search, beam_search, tune
from model.reading.recognizer import Reading, Seq2SeqRecognizer, ctc_greedy
from tests.model.readers import ctc_texts, one_line, random_reading, recognizer
from tests.model.small import lines
from utils.errors import InputError

LETTERS = "abcde"


def language_model(alphabet_size: int) -> NgramModel:
    text = ["".join(LETTERS[(i * i + j) % alphabet_size] for i in range(9)) for j in range(7)]
    return train_language_model(text, LETTERS[:alphabet_size], 3).model


def decoder_log_probs(model: Seq2SeqRecognizer, reading: Reading, text: tuple[int, ...]) -> list[float]:
    """Return, of a line, within the window of reading: nats of each character and the end."""
    given_text = torch.tensor([text], dtype=torch.int64).reshape(1, -1)
    logits, _ = model.decoder(reading.frames, reading.frame_mask, given_text, free=False)
    log_probs = logits[0].double().log_softmax(-1)
    return [log_probs[u, c].item() for u, c in enumerate([*text, model.decoder.end])]


def ctc_log_probs(texts: dict[tuple[int, ...], float], text: tuple[int, ...]) -> list[float]:
    """Return nats of each character and the end of a text, given those before, of texts with their probabilities."""
    begun = [sum(p for other, p in texts.items() if other[:u] == text[:u]) for u in range(len(text) + 1)]
    return [math.log(now / before) for before, now in zip(begun, [*begun[1:], texts[text]], strict=True)]


def by_brute_force(
    model: Seq2SeqRecognizer, reading: Reading, weight: float, language: NgramModel, lm_weight: float, bonus: float
) -> Hypothesis:
    """The best of all texts that are no longer than a line's frames."""
    best = Hypothesis([], [], -math.inf)
    shown = ctc_texts(reading.frame_logits[0]) if weight > 0 else {}
    size = len(language.alphabet)
    for length in range(reading.frames.shape[1] + 1):
        for text in itertools.product(range(size), repeat=length):
            if weight > 0 and text not in shown:
                continue
            nats = [0.0] * (length + 1)
            if weight > 0:
                nats = [weight * p for p in ctc_log_probs(shown, text)]
            if weight < 1:
                theirs = decoder_log_probs(model, reading, text)
                nats = [n + (1 - weight) * p for n, p in zip(nats, theirs, strict=True)]
            language_nats = sum(language.log_probs(text[:u])[c] for u, c in enumerate([*text, size]))
            score = sum(nats) + lm_weight * language_nats + bonus * length
            if score > best.score:
                best = Hypothesis(list(text), nats, score)
    return best


def assert_same(hypothesis: Hypothesis, expected: Hypothesis, tolerance: float = 1e-9) -> None:
    assert hypothesis.positions == expected.positions
    assert hypothesis.score == pytest.approx(expected.score, abs=tolerance)
    assert hypothesis.log_probs == pytest.approx(expected.log_probs, abs=tolerance)


@pytest.mark.parametrize("weight", [0.0, 0.35, 1.0])
@pytest.mark.parametrize(("lm_weight", "bonus"), [(0.0, 0.0), (0.8, 0.0), (0.0, 1.5), (0.6, -0.7)])
def test_a_beam_that_holds_all_texts_finds_the_best_of_all(weight, lm_weight, bonus):
    model, language = recognizer(weight, alphabet_size=2).double(), language_model(2)
    for seed in range(3):
        reading = random_reading([4, 1, 3], model, seed)
        search = Search(64, language_model=language, lm_weight=lm_weight, length_bonus=bonus)
        hypotheses = beam_search(model, reading, search)
        for line, hypothesis in enumerate(hypotheses):
            alone = one_line(reading, line)
            assert_same(hypothesis, by_brute_force(model, alone, weight, language, lm_weight, bonus))


@settings(max_examples=25)
@given(st.integers(1, 5), st.integers(1, 3), st.integers(0, 10**6), st.floats(0, 8))
def test_prefix_scores_are_the_sums_over_all_paths(num_frames, alphabet_size, seed, sharpness):
    model = recognizer(1.0, alphabet_size=alphabet_size)
    reading = random_reading([num_frames, 5], model, seed, sharpness)
    texts = ctc_texts(reading.frame_logits[0, :num_frames])
    best = max(texts, key=texts.__getitem__)
    hypothesis = beam_search(model, reading, Search(beam=400))[0]
    assert hypothesis.score == pytest.approx(math.log(texts[best]), abs=1e-8)
    for text in itertools.islice(sorted(texts), 0, None, max(len(texts) // 8, 1)):
        scorer, log_probs = CtcScorer(reading.frame_logits, reading.frame_mask), []
        for character in text:
            following = scorer.next()
            assert following[0, 0].exp().sum() == pytest.approx(1, abs=1e-9)
            log_probs.append(following[0, 0, character].item())
            scorer.follow(torch.arange(2), torch.zeros(2, 1, dtype=torch.int64), torch.full((2, 1), character))
        log_probs.append(scorer.next()[0, 0, -1].item())
        assert log_probs == pytest.approx(ctc_log_probs(texts, text), abs=1e-7)


@pytest.mark.parametrize("sharpness", [1.0, 40.0])
def test_on_long_lines_the_score_is_that_of_torchs_ctc(sharpness):
    model = recognizer(1.0)
    reading = random_reading([300, 120], model, 3, sharpness)
    for line, hypothesis in enumerate(beam_search(model, reading, Search(beam=3))):
        alone = one_line(reading, line).frame_logits.log_softmax(-1).transpose(0, 1)
        text = torch.tensor([hypothesis.positions])
        nats = F.ctc_loss(alone, text, alone.shape[:1], text.shape[1:], blank=5, reduction="sum")
        assert hypothesis.score == pytest.approx(-nats.item(), rel=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_one_text_of_pure_attention_is_greedy_reading(seed):
    model = recognizer(0.0).double()
    reading = random_reading([7, 2, 12], model, seed)
    hypotheses = beam_search(model, reading, Search(beam=1))
    assert [hypothesis.positions for hypothesis in hypotheses] == model.read_greedily(reading)
    assert any(hypothesis.positions for hypothesis in hypotheses)


def test_greedy_ctc_takes_out_repeats_and_blanks_and_padding():
    shown = torch.tensor([[0, 0, 2, 0, 1, 1], [1, 2, 2, 0, 0, 1], [2, 2, 2, 2, 2, 2]])
    mask = torch.arange(6) < torch.tensor([[6], [3], [6]])
    assert ctc_greedy(F.one_hot(shown, 3).float(), mask) == [[0, 0, 1], [1], []]


@pytest.mark.parametrize("weight", [0.0, 0.5, 1.0])
def test_a_line_reads_the_same_alone_and_in_company(weight, in_float64):
    model, language = recognizer(weight).double(), language_model(5)
    batch = lines([9, 3, 30, 17], [1, 1, 1, 1], torch.float64)
    reading = model.encode(batch)
    options = {"beam": 3, "language_model": language, "lm_weight": 0.5, "length_bonus": 0.4}
    for line, hypothesis in enumerate(beam_search(model, reading, Search(**options))):
        assert_same(hypothesis, beam_search(model, one_line(reading, line), Search(**options))[0])


@pytest.mark.parametrize("weight", [0.0, 0.5])
def test_no_text_is_longer_than_its_line_has_frames(weight):
    model = recognizer(weight).double()
    model.decoder.out[-1].bias.data[-1] = -1e3
    reading = random_reading([6, 1, 3], model)
    hypotheses = beam_search(model, reading, Search(beam=4, length_bonus=9.0))
    assert all(0 < len(h.positions) <= frames for h, frames in zip(hypotheses, [6, 1, 3], strict=True))
    if weight == 0:
        assert [len(hypothesis.positions) for hypothesis in hypotheses] == [6, 1, 3]


def one_frame(*probs: float) -> Reading:
    """A line of one frame that shows the alphabet's characters, or nothing, with these probabilities."""
    logits = torch.tensor([[probs]]).log()
    return Reading(torch.zeros(1, 1, 6), torch.ones(1, 1, dtype=torch.bool), logits, None, None, 1.0)


def test_the_language_models_weight_turns_the_winner_where_the_closed_form_says():
    model, language = recognizer(1.0, alphabet_size=2), train_language_model(["b", "b", "b", "ab"], "ab", 2).model
    language_nats = [sum(language.log_probs(text[:u])[c] for u, c in enumerate([*text, 2])) for text in ((0,), (1,))]
    turn = math.log(0.6 / 0.3) / (language_nats[1] - language_nats[0])
    assert turn > 0
    for weight, winner in ((0.99 * turn, 0), (1.01 * turn, 1)):
        (hypotheses,) = beam_search(
            model, one_frame(0.6, 0.3, 0.1), Search(beam=3, language_model=language, lm_weight=weight)
        )
        assert hypotheses.positions == [winner]
        assert hypotheses.score == pytest.approx(sum(hypotheses.log_probs) + weight * language_nats[winner])


def test_the_bonus_turns_the_winner_where_the_closed_form_says():
    model, turn = recognizer(1.0, alphabet_size=2), math.log(0.6 / 0.3)
    for bonus, winner in ((0.99 * turn, []), (1.01 * turn, [0])):
        (hypotheses,) = beam_search(model, one_frame(0.3, 0.1, 0.6), Search(length_bonus=bonus))
        assert hypotheses.positions == winner
        assert math.exp(sum(hypotheses.log_probs)) == pytest.approx(0.3 if winner else 0.6)


def test_a_text_that_only_its_length_makes_the_best_is_followed_to_its_end():
    model, texts = recognizer(1.0, alphabet_size=2), ["b"] * 40 + ["ababab"] * 2
    language, reading = train_language_model(texts, "ab", 5, 1).model, random_reading([7], model, sharpness=0.1)
    (hypotheses,) = beam_search(
        model, reading, Search(beam=90, language_model=language, lm_weight=2.0, length_bonus=3.0)
    )
    assert_same(hypotheses, by_brute_force(model, reading, 1.0, language, 2.0, 3.0))
    assert hypotheses.positions == [0, 1, 0, 1, 0, 1]


def test_numbers_out_of_range_and_missing_heads_are_named():
    both, ctc, attention = (recognizer(weight).double() for weight in (0.5, 1.0, 0.0))
    for model, options, message in [
        (both, {"ctc_weight": 1.1}, "ctc_weight is 1.1"),
        (ctc, {"ctc_weight": 0.5}, "no decoder; use 1"),
        (attention, {"ctc_weight": 0.5}, "no CTC head; use 0"),
        (both, {"beam": 0}, "beam is 0"),
        (both, {"lm_weight": -1.0}, "lm_weight -1.0"),
        (both, {"length_bonus": math.nan}, "length_bonus nan"),
    ]:
        with pytest.raises(InputError, match=message):
            beam_search(model, random_reading([3], model), Search(**options))


def test_a_network_gone_wrong_reads_nothing_and_is_sure_of_nothing():
    model = recognizer(1.0)
    reading = random_reading([3, 4], model)
    bad = replace(reading, frame_logits=torch.full_like(reading.frame_logits, torch.nan))
    assert [(h.positions, h.log_probs) for h in beam_search(model, bad, Search())] == [([], [])] * 2


def test_tuning_ranks_the_pairs_by_the_error_that_a_search_with_them_makes():
    model, language = recognizer(1.0, alphabet_size=2), train_language_model(["b", "b", "b", "ab"], "ab", 2).model
    readings = [one_frame(0.6, 0.3, 0.1), one_frame(0.1, 0.8, 0.1)]
    rates = tune(
        model,
        readings,
        ["b", "b"],
        Search(3, language_model=language),
        lm_weights=(0.0, 5.0),
        length_bonuses=(0.0, -50.0),
    )
    assert list(rates.values()) == [0.0, 0.5, 1.0, 1.0]
    assert list(rates)[:2] == [(5.0, 0.0), (0.0, 0.0)]
