"""Readings of lines of ink: their text, and which ink each character was read from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from base.batch import Batch
from data_loader.batching import collate
from ink.strokes import InkLine
from results.reading.words import ReadWord

BATCH_LINES, BATCH_POINTS = 64, 64_000
"""Lines and points per batch, at most."""
MIN_ATTENTION = 0.02
"""Share of a character's attention below which, for every character, a frame counts as not attended to."""


@dataclass(frozen=True)
class ReadCharacter:
    """A character, how likely it was (0 to 1), and the points of the line (positions, rising) it was read from."""

    character: str
    probability: float
    points: np.ndarray


@dataclass(frozen=True)
class LineReading:
    """The text that was read in a line.

    confidence  0 to 1: how likely the whole text is right, see `results.reading.calibration`
    characters  each with its probability given those before; uncalibrated
    words       what is between spaces, each with its own confidence
    """

    line: InkLine
    text: str
    confidence: float
    characters: list[ReadCharacter]
    words: list[ReadWord] = field(default_factory=list)


def read_characters(text: str, log_probs: np.ndarray, weights: np.ndarray, frames: np.ndarray) -> list[ReadCharacter]:
    """The characters from log-probabilities (U+1,), attention (U+1, N) and the frame (T,) that each point is in."""
    owner = owners(weights)[frames]
    probabilities = np.exp(log_probs).tolist()
    return [ReadCharacter(character, probabilities[u], np.flatnonzero(owner == u)) for u, character in enumerate(text)]


def owners(weights: np.ndarray) -> np.ndarray:
    """The character (N,) that attended most to each frame; weights (U+1, N), the last row for the text's end.

    A frame that no character attended to goes with the nearest one that was attended to, of two the later, as a
    character is attended to when it has been written. -1 where no character attended to anything.
    """
    characters, frames = weights[:-1], np.arange(weights.shape[1])
    attended = np.flatnonzero((characters >= MIN_ATTENTION).any(0))
    if not len(attended):
        return np.full(len(frames), -1)
    nearest = attended[np.searchsorted((attended[1:] + attended[:-1]) / 2, frames, side="right")]
    return characters.argmax(0)[nearest]


def batches(lengths: Sequence[int] | np.ndarray, max_lines: int = BATCH_LINES) -> Iterator[list[int]]:
    """Positions of lines of about one length, the longest first, as many as memory holds the points of."""
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist()
    while order:
        count = max(1, min(max_lines, BATCH_POINTS // lengths[order[0]]))
        yield order[:count]
        order = order[count:]


def ink_batch(strokes: Sequence[np.ndarray], device: torch.device) -> Batch:
    """A batch of strokes (T, 3) each, without texts."""
    no_text = torch.zeros(0, dtype=torch.int64)
    return collate([("", torch.from_numpy(line), no_text) for line in strokes]).to(device)
