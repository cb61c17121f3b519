"""The readings of a corpus's lines and their scores."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from model.reading.posteriors import TextPosterior
from results.reading.calibration import IDENTITY, Calibration, reliability
from results.reading.decoding import GREEDY, Decoding
from results.reading.judging import judged
from results.reading.scores import ReadLine, scores


@dataclass(frozen=True)
class CorpusRead:
    """The texts read in lines of a corpus, and the seconds that took; the corpus is transformed, its name is not."""

    name: str
    corpus: Corpus
    splits: list[str]
    lines: np.ndarray
    read: list[ReadLine]
    seconds: float
    decoding: Decoding = GREEDY
    posteriors: Sequence[TextPosterior] = ()
    word_calibration: Calibration = IDENTITY
    line_calibration: Calibration = IDENTITY

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """Error rates, see `scores`, and CER of each of several splits; settings, worth of confidence, speed."""
        numbers = self.decoding.settings | {"corpus": self.name, "splits": self.splits} | scores(self.read)
        numbers |= self._by_split() if len(self.splits) > 1 else {}
        return numbers | {"confidence": self.confidence} | self.speed

    def _by_split(self) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for split in self.splits:
            inside = np.isin(self.lines, self.corpus.lines_of([split]))
            own = scores([line for line, is_own in zip(self.read, inside, strict=True) if is_own])
            numbers |= {f"cer/{split}{end}": own[f"cer{end}"] for end in ("", "_low", "_high")}
        return numbers

    @property
    def speed(self) -> dict[str, float]:
        """Seconds, and lines, characters read and points (as the network gets them) per second."""
        characters, points = sum(len(line.read) for line in self.read), int(self.corpus.lengths[self.lines].sum())
        counts = {"lines": len(self.read), "characters": characters, "points": points}
        return {"seconds": self.seconds} | {f"{name}_per_second": n / self.seconds for name, n in counts.items()}

    @cached_property
    def confidence(self) -> dict[str, Any]:
        """The expected calibration error of words and of lines, with their bins, see `reliability`."""
        words, lines = judged(self.read, self.posteriors)
        return {
            "words": reliability(self.word_calibration.of(words.log_probs), words.right),
            "lines": reliability(self.line_calibration.of(lines.log_probs), lines.right),
        }
