"""Calibration: its error by hand, fits that find a known map, and facts that are none."""

import math

import numpy as np
import pytest

from model.reading.posteriors import TextPosterior
from results.reading.calibration import IDENTITY, Calibration, calibration_of, fitted, log_odds, reliability
from results.reading.judging import judged, words_right
from results.reading.scores import ReadLine
from utils.errors import InputError


def test_the_identity_leaves_probabilities_as_they_are_and_extremes_are_finite() -> None:
    some = np.array([0.001, 0.3, 0.5, 0.999])
    assert IDENTITY.of(np.log(some)) == pytest.approx(some)
    assert IDENTITY.of([-math.inf, math.nan, 0.0, 1e-9]) == pytest.approx([0, 0, 1, 1], abs=1e-5)
    assert Calibration(1.0, 0.5)(math.log(0.5)) == pytest.approx(1 / (1 + math.exp(-1)))


@pytest.mark.parametrize("truth", [Calibration(0.7, 0.6), Calibration(-1.0, 1.4), IDENTITY])
def test_a_fit_finds_the_map_that_readings_follow(truth: Calibration) -> None:
    rng = np.random.default_rng(1)
    log_probs = -rng.exponential(1.0, 20_000)
    right = rng.random(20_000) < truth.of(log_probs)
    best = fitted(log_probs, right)
    assert (best.shift, best.scale) == pytest.approx((truth.shift, truth.scale), abs=0.08)
    assert reliability(best.of(log_probs), right)["ece"] < 0.02
    if truth is not IDENTITY:
        assert reliability(IDENTITY.of(log_probs), right)["ece"] > 0.08


def test_a_fit_holds_where_newtons_steps_are_too_long() -> None:
    rng = np.random.default_rng(2)
    log_probs = np.concatenate([np.full(500, -1e-9), -rng.exponential(20.0, 1500)])
    right = np.concatenate([rng.random(500) < 0.97, rng.random(1500) < 0.5])
    best = fitted(log_probs, right)
    assert abs(best.shift) < 10 and 0 <= best.scale < 2
    after, before = (reliability(each.of(log_probs), right)["ece"] for each in (best, IDENTITY))
    assert after < before / 2


def test_a_fit_to_few_readings_stays_near_the_identity() -> None:
    best = fitted(np.log([0.9, 0.8, 0.95]), [True, True, True])
    assert abs(best.shift) < 0.5 and best.scale == pytest.approx(1, abs=0.5)
    with pytest.raises(InputError, match="nothing to fit"):
        fitted([], [])


def test_the_error_is_the_mean_distance_of_the_bins() -> None:
    measured = reliability([0.05, 0.92, 0.98, 1.0, 0.5], [False, True, True, False, True])
    assert measured["ece"] == pytest.approx((0.05 + abs(2.9 - 2) + 0.5) / 5)
    assert [part["count"] for part in measured["bins"]] == [1, 0, 0, 0, 0, 1, 0, 0, 0, 3]
    assert measured["bins"][9]["right"] == pytest.approx(2 / 3) and "right" not in measured["bins"][1]
    assert (measured["count"], measured["right"]) == (5, 0.6)
    assert reliability([], [])["ece"] == 0


def test_odds_are_symmetric() -> None:
    assert log_odds(np.log([0.2, 0.8])) == pytest.approx([math.log(0.25), math.log(4)])


@pytest.mark.parametrize(
    ("read", "true", "right"),
    [
        ("the cat sat", "the cat sat", [True] * 3),
        ("the cut sat", "the cat sat", [True, False, True]),
        ("the cat on sat", "the cat sat", [True, True, False, True]),
        ("cat sat", "the cat sat", [True, True]),
        ("", "the", []),
        ("to day", "today", [False, False]),
    ],
)
def test_a_word_is_right_where_it_is_in_its_place(read: str, true: str, right: list[bool]) -> None:
    assert words_right(read, true) == right


def test_words_and_lines_are_judged_under_the_rule() -> None:
    read = [
        ReadLine("1", "ann", "Hello, you", "Hello, you "),
        ReadLine("2", "bob", "Hello, you", "Hello , yon"),  # the rule joins two of its words
        ReadLine("3", "bob", "a bed", "a bad"),
    ]
    nats = [TextPosterior(-1.0, [-0.1, -0.2]), TextPosterior(-2.0, [-1, -2, -3]), TextPosterior(-3.0, [-0.3, -0.4])]
    words, lines = judged(read, nats)
    assert words.log_probs.tolist() == [-0.1, -0.2, -0.3, -0.4] and words.right.tolist() == [True, True, True, False]
    assert lines.right.tolist() == [True, False, False] and lines.writers.tolist() == ["ann", "bob", "bob"]
    assert words.by({"bob"}).log_probs.tolist() == [-0.3, -0.4]
    assert len(judged([], [])[0].right) == 0


def test_facts_give_the_map_of_a_kind_of_reading_or_the_identity() -> None:
    facts = {"calibration": {"ink": {"words": [0.5, 2.0]}}}
    assert calibration_of(facts, "ink", "words") == Calibration(0.5, 2.0)
    for kind, unit in (("ink", "lines"), ("language", "words")):
        assert calibration_of(facts, kind, unit) == IDENTITY == calibration_of({}, kind, unit)


@pytest.mark.parametrize("bad", ["x", 3, [1.0], [1.0, "2"], [math.nan, 1.0], [1.0, -1.0], [1e9, 1.0], None])
def test_facts_that_are_no_map_are_refused(bad: object) -> None:
    with pytest.raises(InputError, match="calibrate it anew"):
        calibration_of({"calibration": {"ink": {"words": bad}}}, "ink", "words")
    if bad is not None:
        with pytest.raises(InputError, match="calibrate it anew"):
            calibration_of({"calibration": bad}, "ink", "words")
