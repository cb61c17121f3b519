"""Counts and moments of a corpus's lines, as its card has them."""

from array import array
from collections import Counter
from typing import Any

import numpy as np

NUMBERS = 6
"""Numbers kept per line: points, characters, sums of the offsets x and y and of their squares."""


class Measures:
    """Numbers of lines that are added one by one."""

    def __init__(self) -> None:
        self._numbers = array("d")
        self._characters: Counter[str] = Counter()

    def add(self, points: np.ndarray, text: str) -> None:
        """Take in a line: points (T, 3) float32 and its text."""
        offsets = np.diff(points[:, :2].astype(np.float64), axis=0)
        self._numbers.extend((len(points), len(text), *offsets.sum(0), *np.square(offsets).sum(0)))
        self._characters.update(text)

    def card(self, writers: list[str], writer: np.ndarray, splits: list[str], split: np.ndarray) -> dict[str, Any]:
        """Return the entries of a card; `writer` and `split` (L,) are positions in the lists of names."""
        table = np.array(self._numbers).reshape(-1, NUMBERS)
        return {
            "lines": len(table),
            "points": int(table[:, 0].sum()),
            "alphabet": "".join(sorted(self._characters)),
            "characters": dict(self._characters.most_common()),
            "splits": {
                name: _split_entry(table[split == place], {writers[n] for n in np.unique(writer[split == place])})
                for place, name in enumerate(splits)
            },
            "writers": writers,
        }


def _split_entry(table: np.ndarray, writers: set[str]) -> dict[str, Any]:
    points, characters, *moments = table.sum(0).tolist()
    return {
        "lines": len(table),
        "points": int(points),
        "characters": int(characters),
        "writers": len(writers - {""}),
        "offsets": int(points) - len(table),
        "sum": moments[:2],
        "sum_of_squares": moments[2:],
    }
