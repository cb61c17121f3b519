"""A reader's confidence, calibrated: fitted to the readings of some writers, measured on those of others."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from results.reading.calibration import IDENTITY, Calibration, fitted, reliability
from results.reading.corpus import CorpusRead
from results.reading.judging import Judged, judged
from utils.checkpoint import load_checkpoint, save_with_facts
from utils.errors import InputError
from utils.run_folders import checkpoint_of

SEED = 1
Unit = str
"""The kind of reading: "words" or "lines"."""


@dataclass(frozen=True)
class Calibrated:
    """Maps that were fitted to half of the writers, and their expected calibration errors on the other half.

    maps     by unit
    numbers  plain data: by unit the map, and `reliability` on the other writers "before" (by the probability itself)
             and "after"
    """

    kind: str
    maps: dict[Unit, Calibration]
    numbers: dict[str, Any]


def calibrated(read: CorpusRead) -> Calibrated:
    """Fit the confidence of words and lines to half of a corpus's writers, a random one, and measure it on the others.

    Raises InputError where it is not of two known writers at least.
    """
    words, lines = judged(read.read, read.posteriors)
    writers = sorted(set(lines.writers.tolist()) - {""})
    if len(writers) < 2:
        raise InputError(
            f"{read.name}: {len(writers)} known writers in {', '.join(read.splits)}; a confidence is fitted to some "
            "and measured on others, so it takes two"
        )
    fit_on = set(np.random.default_rng(SEED).permutation(writers)[: len(writers) // 2].tolist())
    others = set(writers) - fit_on
    maps: dict[Unit, Calibration] = {}
    numbers: dict[str, Any] = {"writers_fitted_to": len(fit_on), "writers_measured_on": len(others)}
    for unit, readings in (("words", words), ("lines", lines)):
        some = readings.by(fit_on)
        maps[unit] = fitted(some.log_probs, some.right)
        numbers[unit] = {
            "shift": maps[unit].shift,
            "scale": maps[unit].scale,
            "before": _reliability(readings.by(others), IDENTITY),
            "after": _reliability(readings.by(others), maps[unit]),
        }
    return Calibrated(read.decoding.kind, maps, numbers)


def _reliability(readings: Judged, calibration: Calibration) -> dict[str, Any]:
    return reliability(calibration.of(readings.log_probs), readings.right)


def save_calibrated(source: Path, target: Path, result: Calibrated) -> None:
    """Write a checkpoint with the maps as facts, whole or not at all; all else of it stays as it is.

    source  a checkpoint, or the run directory of one
    """
    source = checkpoint_of(source, "best.pt")
    maps = {unit: [each.shift, each.scale] for unit, each in result.maps.items()}
    old = load_checkpoint(source)["facts"].get("calibration", {})
    save_with_facts(source, target, {"calibration": {**old, result.kind: maps}})
