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
        """Error rates, see `scores`, with the decoding's settings and the speed."""
        speed = {"seconds": self.seconds, "lines_per_second": len(self.read) / self.seconds}
        return self.decoding.settings | {"corpus": self.name, "splits": self.splits} | scores(self.read) | speed
