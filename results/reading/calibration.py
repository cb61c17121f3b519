"""Confidence that means something: of the words that are read with 90 %, 90 % are right."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from utils.errors import InputError

BINS = 10
"""Bins of confidence, of equal width, in which it is compared with the share that is right."""
PULL = 4.0
"""Precision of a fit's normal prior around the identity; it counts where readings are few."""
MAX_ODDS = 12.0
"""Limit of log-odds either way."""
SMALLEST_STEP = 1e-9
MAX_NUMBER = 100.0


@dataclass(frozen=True)
class Calibration:
    """A map from a recognizer's probability to the share that is right: shift + scale * its log-odds (Platt, 1999).

    The probability of a text over all its alignments is nearly calibrated by itself; the identity is the default.
    """

    shift: float = 0.0
    scale: float = 1.0

    def __call__(self, log_prob: float) -> float:
        """Return the confidence, 0 to 1, of a log-probability."""
        return float(self.of([log_prob])[0])

    def of(self, log_probs: Sequence[float] | np.ndarray) -> np.ndarray:
        """Return the confidences (n,) of log-probabilities (n,)."""
        return 1 / (1 + np.exp(-(self.shift + self.scale * log_odds(log_probs))))


IDENTITY = Calibration()


def log_odds(log_probs: Sequence[float] | np.ndarray) -> np.ndarray:
    """Return log(p / (1 - p)) of log p (n,), within the limits; NaN counts as p = 0."""
    nats = np.nan_to_num(np.asarray(log_probs, np.float64), nan=-np.inf).clip(-MAX_ODDS, -math.exp(-MAX_ODDS))
    return nats - np.log(-np.expm1(nats))


def fitted(log_probs: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray) -> Calibration:
    """Return the map that makes these readings (n,) likeliest to be right where they are: Newton's method, with
    steps halved until they are no loss.

    Raises InputError where there are none.
    """
    if not len(right):
        raise InputError("there is nothing to fit a calibration to: not a single word was read")
    x = np.column_stack([np.ones(len(right)), log_odds(log_probs)])
    identity, y = np.array([0.0, 1.0]), np.asarray(right, np.float64)

    def loss(weights: np.ndarray) -> float:
        odds, off = x @ weights, weights - identity
        return float((np.logaddexp(0, odds) - y * odds).sum() + PULL / 2 * off @ off)

    weights = identity
    for _ in range(50):
        share = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (y - share) - PULL * (weights - identity)
        step = np.linalg.solve((x.T * (share * (1 - share))) @ x + PULL * np.eye(2), gradient)
        while loss(weights + step) > loss(weights) and np.abs(step).max() > SMALLEST_STEP:
            step = step / 2
        weights = weights + step
    shift, scale = weights.tolist()
    return Calibration(shift, max(scale, 0.0))


def reliability(confidences: Sequence[float] | np.ndarray, right: Sequence[bool] | np.ndarray) -> dict[str, Any]:
    """Return the expected calibration error (Naeini, Cooper and Hauskrecht, 2015) of readings (n,), and each bin.

    It is the mean over readings of the distance between their bin's mean confidence and its share of right ones.
    """
    sure, hits = np.asarray(confidences, np.float64), np.asarray(right, np.float64)
    number = np.minimum((sure * BINS).astype(np.int64), BINS - 1)
    bins, distance = [], 0.0
    for n in range(BINS):
        inside = number == n
        count = int(inside.sum())
        means = {"confidence": float(sure[inside].mean()), "right": float(hits[inside].mean())} if count else {}
        bins.append({"from": n / BINS, "to": (n + 1) / BINS, "count": count, **means})
        distance += abs(float(sure[inside].sum() - hits[inside].sum()))
    size = max(len(sure), 1)
    return {
        "count": len(sure),
        "mean_confidence": float(sure.sum()) / size,
        "right": float(hits.sum()) / size,
        "ece": distance / size,
        "bins": bins,
    }


def calibration_of(facts: dict[str, Any], decoding: str, unit: str) -> Calibration:
    """Return the map that a checkpoint's facts have for the words or lines of a kind of decoding, or the identity.

    Raises InputError where it is not two numbers that fit.
    """
    numbers = facts.get("calibration", {})
    for key in (decoding, unit):
        numbers = numbers.get(key, {}) if isinstance(numbers, dict) else None
    if numbers == {}:
        return IDENTITY
    is_pair = isinstance(numbers, list) and [type(number) for number in numbers] == [float, float]
    if not is_pair or not (abs(numbers[0]) < MAX_NUMBER and 0 <= numbers[1] < MAX_NUMBER):
        raise InputError(f"the checkpoint's calibration of {unit} is not two numbers; calibrate it anew")
    return Calibration(*numbers)
