"""The readings of a corpus's lines and their scores."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from results.reading.decoding import GREEDY, Decoding
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

    @cached_property
    def numbers(self) -> dict[str, Any]:
        """Error rates, see `scores`, with the decoding's settings and the speed; CER of each of several splits."""
        speed = {"seconds": self.seconds, "lines_per_second": len(self.read) / self.seconds}
        numbers = self.decoding.settings | {"corpus": self.name, "splits": self.splits} | scores(self.read)
        return numbers | (self._by_split() if len(self.splits) > 1 else {}) | speed

    def _by_split(self) -> dict[str, float]:
        numbers: dict[str, float] = {}
        for split in self.splits:
            inside = np.isin(self.lines, self.corpus.lines_of([split]))
            own = scores([line for line, is_own in zip(self.read, inside, strict=True) if is_own])
            numbers |= {f"cer/{split}{end}": own[f"cer{end}"] for end in ("", "_low", "_high")}
        return numbers
