"""The settings by which a recognizer finds the text of a line."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from model.language.ngram import NgramModel
from model.reading.decoding import Search, beam_search
from model.reading.recognizer import Reading, Seq2SeqRecognizer
from utils.errors import InputError

MAX_BEAM = 100
BEAM_WITH_LM, BONUS_WITH_LM = 16, 1.0
THOROUGH = (1.0, 0.8, 0.5)
"""Spacings of the points at which a line of ink is read, one after the other, until one reading is sure."""
SURE = 0.9
"""Probability of a line's text from which on it is not read again at another spacing."""
RANGES = {"beam": (1, MAX_BEAM), "lm_weight": (0, 10), "ctc_weight": (0, 1), "length_bonus": (-10, 10)}
"""Smallest and largest value of each setting."""


@dataclass(frozen=True)
class Decoding:
    """Settings of the search for a line's text: greedy, character by character, or a beam search.

    beam            texts that are followed side by side; None: greedy, or 16 where another of these is given
    language_model  adds its log-probability of each next character, times lm_weight
    ctc_weight      share of the CTC head in the search; None: as the network was trained
    length_bonus    nats that each character adds, to make up for what a language model takes from long texts;
                    None: 1 with a language model, else 0
    spacings        the ink is read with its points so many times as far apart as the network learned them; of the
                    readings at all of these the surest is taken

    Raises InputError where a setting is out of its range.
    """

    beam: int | None = None
    language_model: NgramModel | None = None
    lm_weight: float = 0.4
    ctc_weight: float | None = None
    length_bonus: float | None = None
    spacings: tuple[float, ...] = (1.0,)

    def __post_init__(self) -> None:
        for name, (smallest, largest) in RANGES.items():
            value = getattr(self, name)
            if value is not None and not smallest <= value <= largest:
                raise InputError(f"{name} is {value}; it must be from {smallest} to {largest}")
        if not self.spacings or not all(0.25 <= spacing <= 4 for spacing in self.spacings):
            raise InputError(f"spacings are {list(self.spacings)}; name one or more from 0.25 to 4")

    @property
    def bonus(self) -> float:
        """Nats that each character adds."""
        if self.length_bonus is None:
            return BONUS_WITH_LM if self.language_model else 0.0
        return self.length_bonus

    @property
    def width(self) -> int | None:
        """Number of texts that the beam search follows; None: greedy."""
        greedy = self.language_model is None and self.ctc_weight is None and not self.bonus
        return self.beam if self.beam or greedy else BEAM_WITH_LM

    @property
    def kind(self) -> str:
        """The kind of reading, by which its confidence is calibrated: by the ink alone ("ink") or by a language model
        too ("language"), and if the surest of several was taken ("ink-spaced").
        """
        kind = "ink" if self.language_model is None else "language"
        return kind if len(self.spacings) == 1 else f"{kind}-spaced"

    @property
    def settings(self) -> dict[str, Any]:
        """Plain data, to be saved next to what was measured."""
        lm_weight = self.lm_weight if self.language_model else None
        return {
            "beam": self.width,
            "lm_weight": lm_weight,
            "ctc_weight": self.ctc_weight,
            "length_bonus": self.bonus,
            "spacings": list(self.spacings),
        }

    def require_alphabet(self, alphabet: str) -> None:
        """Raise InputError where the language model is of another alphabet than the network."""
        if self.language_model is not None:
            self.language_model.require_alphabet(alphabet)

    @property
    def search(self) -> Search | None:
        """The beam search; None: greedy."""
        if self.width is None:
            return None
        return Search(self.width, self.ctc_weight, self.language_model, self.lm_weight, self.bonus)

    def texts(self, model: Seq2SeqRecognizer, reading: Reading) -> list[list[int]]:
        """Positions in the alphabet of the text of each line."""
        if self.search is None:
            return model.read_greedily(reading)
        return [hypothesis.positions for hypothesis in beam_search(model, reading, self.search)]


GREEDY = Decoding()
T = TypeVar("T")


def surest(
    count: int, spacings: Sequence[float], read: Callable[[float, list[int]], Iterable[tuple[float, T]]]
) -> list[T]:
    """Return the surest reading of each of `count` lines; `read` gives probability and reading of some at a spacing.

    A line whose reading is `SURE` is not read again.
    """
    best: list[tuple[float, T] | None] = [None] * count
    for spacing in spacings:
        doubtful = [i for i, pair in enumerate(best) if pair is None or pair[0] < SURE]
        for i, pair in zip(doubtful, read(spacing, doubtful), strict=True):
            best[i] = max(best[i] or pair, pair, key=lambda reading: reading[0])
    return [pair[1] for pair in best if pair is not None]
