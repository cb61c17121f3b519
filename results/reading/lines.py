"""Lines of ink as a trained network reads them, and which ink it read each character from."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch

from base.batch import Batch
from data_loader.batching import collate
from data_loader.transform import Transform
from ink.alphabet import Alphabet
from ink.strokes import MAX_COORDINATE, InkLine, points_to_strokes
from model.language.ngram import NgramModel
from model.reading.decoding import beam_search
from model.reading.recognizer import Reading, Seq2SeqRecognizer
from results.trained import Loaded
from utils.errors import InputError
from utils.progress import progress

LINES_AT_ONCE, POINTS_AT_ONCE = 64, 64_000
MAX_POINTS = 10_000
"""Of a line as the network gets it; a full line of handwriting has some hundreds."""
LEAST_LOOK = 0.02
"""Of all looking at one character: a frame with less for every character was not looked at."""
MOST_BEAM = 100
BEAM_WITH_LM, BONUS_WITH_LM = 16, 2.1


@dataclass(frozen=True)
class Decoding:
    """How the text of a line is found: character by character greedily, or the best of several by a beam search.

    beam            texts that are followed side by side; None: greedily, or 16 where another of these is given
    language_model  has a say in each next character, of weight lm_weight
    ctc_weight      share of the CTC head in the search; None: as the network was trained
    length_bonus    nats that each character adds: it makes up for what a language model takes from long texts;
                    None: 2.1 with a language model, else 0
    """

    beam: int | None = None
    language_model: NgramModel | None = None
    lm_weight: float = 0.9
    ctc_weight: float | None = None
    length_bonus: float | None = None

    def __post_init__(self) -> None:
        ranges = {"beam": (1, MOST_BEAM), "lm_weight": (0, 10), "ctc_weight": (0, 1), "length_bonus": (-10, 10)}
        for name, (least, most) in ranges.items():
            value = getattr(self, name)
            if value is not None and not least <= value <= most:
                raise InputError(f"{name} is {value}; it must be from {least} to {most}")

    @property
    def bonus(self) -> float:
        """Nats that each character adds."""
        if self.length_bonus is None:
            return BONUS_WITH_LM if self.language_model else 0.0
        return self.length_bonus

    @property
    def width(self) -> int | None:
        """Of the beam; None where there is none."""
        plain = self.language_model is None and self.ctc_weight is None and not self.bonus
        return self.beam if self.beam or plain else BEAM_WITH_LM

    @property
    def settings(self) -> dict[str, Any]:
        """Plain data, to be put beside what was measured."""
        lm_weight = self.lm_weight if self.language_model else None
        return {
            "beam": self.width,
            "lm_weight": lm_weight,
            "ctc_weight": self.ctc_weight,
            "length_bonus": self.bonus,
        }

    def require_alphabet(self, alphabet: str) -> None:
        """Raise InputError where the language model is of another alphabet than the network."""
        if self.language_model is not None:
            self.language_model.require_alphabet(alphabet)

    def texts(self, model: Seq2SeqRecognizer, reading: Reading) -> list[list[int]]:
        """Positions in the alphabet of the text of each line."""
        if self.width is None:
            return model.read_greedily(reading)
        found = beam_search(
            model,
            reading,
            beam=self.width,
            ctc_weight=self.ctc_weight,
            language_model=self.language_model,
            lm_weight=self.lm_weight,
            length_bonus=self.bonus,
        )
        return [hypothesis.positions for hypothesis in found]


@dataclass(frozen=True)
class ReadCharacter:
    """A character, how likely it was (0 to 1), and which of the line's points (positions, rising) it was read from."""

    character: str
    probability: float
    points: np.ndarray


@dataclass(frozen=True)
class LineReading:
    """What was read of a line.

    confidence  0 to 1: the geometric mean of the probabilities of its characters and of its end there
    """

    line: InkLine
    text: str
    confidence: float
    characters: list[ReadCharacter]


@torch.inference_mode()
def read(
    loaded: Loaded,
    lines: Sequence[InkLine],
    *,
    beam: int | None = None,
    language_model: NgramModel | None = None,
    lm_weight: float = 0.9,
    ctc_weight: float | None = None,
    length_bonus: float | None = None,
) -> list[LineReading]:
    """What a recognizer reads in each of the lines; their own texts are not looked at. For the rest see `Decoding`.

    The ink is transformed as the network's training ink was, line by line.

    Raises InputError where the network does not read, or a line's ink cannot be read: fewer than two points, points
    that are not finite, or too many of them.
    """
    model, alphabet = recognizer_of(loaded), Alphabet(loaded.facts["alphabet"])
    decoding = Decoding(beam, language_model, lm_weight, ctc_weight, length_bonus)
    decoding.require_alphabet(alphabet.characters)
    transform = transform_of(loaded)
    seen, places = [], []
    for line in lines:
        points, place = as_seen(line, transform)
        seen.append(points_to_strokes(points, loaded.facts["std"]))
        places.append(place // model.points_per_frame)
    readings: dict[int, LineReading] = {}
    with progress(None, len(lines), "reading") as bar:
        for some in batches([len(strokes) for strokes in seen], LINES_AT_ONCE):
            reading = model.encode(batch_of([seen[i] for i in some], model))
            texts = decoding.texts(model, reading)
            for i, positions, explained in zip(some, texts, model.explain(reading, texts), strict=True):
                log_probs, weights = (part.double().numpy() for part in explained)
                readings[i] = _line_reading(lines[i], alphabet.decode(positions), log_probs, weights, places[i])
            bar.update(len(some))
    return [readings[i] for i in range(len(lines))]


def _line_reading(
    line: InkLine, text: str, log_probs: np.ndarray, weights: np.ndarray, frames: np.ndarray
) -> LineReading:
    """Of log-probabilities (U+1,), places (U+1, N) and the frame (T,) that each point of the line is in."""
    owner = owners(weights)[frames]
    probabilities = np.exp(log_probs).tolist()
    characters = [
        ReadCharacter(character, probabilities[u], np.flatnonzero(owner == u)) for u, character in enumerate(text)
    ]
    return LineReading(line, text, float(np.exp(log_probs.mean())), characters)


def owners(weights: np.ndarray) -> np.ndarray:
    """The character (N,) that each frame was looked at most for; weights (U+1, N), the last for the text's end.

    A frame that none looked at goes with the nearest one that was, of two the later, as a character is looked at when
    it has been written. -1 where no character looked anywhere.
    """
    characters, frames = weights[:-1], np.arange(weights.shape[1])
    looked_at = np.flatnonzero((characters >= LEAST_LOOK).any(0))
    if not len(looked_at):
        return np.full(len(frames), -1)
    nearest = looked_at[np.searchsorted((looked_at[1:] + looked_at[:-1]) / 2, frames, side="right")]
    return characters.argmax(0)[nearest]


def recognizer_of(loaded: Loaded) -> Seq2SeqRecognizer:
    """The network, if it is one that reads.

    Raises InputError where it is not.
    """
    if not isinstance(loaded.model, Seq2SeqRecognizer):
        raise InputError(f"{loaded.path}: {loaded.config['arch']['type']} does not read")
    return loaded.model


def transform_of(loaded: Loaded) -> Transform:
    """What was done to the ink that the network was trained on.

    Raises InputError where this version does not know how to do it.
    """
    try:
        return Transform(**loaded.facts.get("transform", {}))
    except (TypeError, ValueError) as error:
        raise InputError(f"{loaded.path}: its ink was transformed in a way unknown here ({error})") from None


def as_seen(line: InkLine, transform: Transform) -> tuple[np.ndarray, np.ndarray]:
    """Points (T', 3) of a line as the network gets them, and where among these each of its own points lies: (T,).

    Raises InputError where its ink cannot be read.
    """
    points = line.points
    if points.ndim != 2 or points.shape[1] != 3 or len(points) < 2:
        raise InputError(
            f"{line.id}: points of shape {points.shape}; a line of ink has two or more points of x, y, end"
        )
    if not (np.abs(points) <= MAX_COORDINATE).all():
        raise InputError(f"{line.id}: has coordinates that are not finite or beyond +-{MAX_COORDINATE:g}")
    number = np.arange(len(points), dtype=np.float64)
    clock = number if transform.resample_seconds is None else line.times
    seen = transform.line(replace(line, times=clock))  # which keeps the times of all points: so it tells where they are
    if len(seen.points) > MAX_POINTS:
        raise InputError(
            f"{line.id}: {len(seen.points):,} points are more than the {MAX_POINTS:,} of a very long line; cut it into "
            "lines of text"
        )
    assert clock is not None and seen.times is not None
    kept = np.interp(seen.times, clock, number)
    return seen.points, np.rint(np.interp(number, kept, np.arange(len(kept)))).astype(np.int64)


def batches(lengths: Sequence[int] | np.ndarray, most_lines: int) -> Iterator[list[int]]:
    """Positions of lines of about one length, the longest first, so many that their points fit into the memory."""
    order = np.argsort(-np.asarray(lengths, np.int64), kind="stable").tolist()
    while order:
        count = max(1, min(most_lines, POINTS_AT_ONCE // lengths[order[0]]))
        yield order[:count]
        order = order[count:]


def batch_of(strokes: Sequence[np.ndarray], model: Seq2SeqRecognizer) -> Batch:
    """A batch of strokes (T, 3) without texts, where the model is."""
    nothing = torch.zeros(0, dtype=torch.int64)
    batch = collate([("", torch.from_numpy(line), nothing) for line in strokes])
    return batch.to(next(model.parameters()).device)
