"""Texts of several lines of ink, cut where the same ink's words or characters say which part of the text is where."""

from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import numpy as np

DROP, DROP_BACK = 0.8, 0.3
"""Drop in y, in median heights of the text's words, from which on a word begins a line: of a word that is not to the
right of the one before it, and of one that begins where that one does or further left."""


class Piece(NamedTuple):
    """A labelled part of the ink: its rows (T,) int64, in order, and its text."""

    rows: np.ndarray
    text: str


def cut_text(text: Piece, pieces: Sequence[Piece], xy: np.ndarray) -> list[Piece]:
    """Return the lines of a text, itself if it is one line or its pieces do not tell.

    A line begins with a word that is below the one before it and not to the right of it. `pieces` are words or
    characters of the same ink xy (N, 2), y downward, that are only used where in their order they spell the text.
    """
    words = _words(text, pieces)
    boxes = np.array([[*xy[word.rows].min(axis=0), *xy[word.rows].max(axis=0)] for word in words]).reshape(-1, 4)
    left, top, right, bottom = boxes.T
    if len(words) < 2:
        return [text]
    size = max(float(np.median(bottom - top)), 1e-6)
    drops = np.diff(top + bottom) / 2 / size
    begins = ((drops > DROP) & (left[1:] < right[:-1] + size)) | (
        (drops > DROP_BACK) & (left[1:] < left[:-1] + size / 2)
    )
    first_words = [0, *(np.flatnonzero(begins) + 1).tolist(), len(words)]
    first_rows = [text.rows[0], *(words[word].rows[0] for word in first_words[1:-1]), text.rows[-1] + 1]
    return [
        Piece(
            text.rows[slice(*text.rows.searchsorted(first_rows[line : line + 2]))],
            " ".join(word.text for word in words[first_words[line] : first_words[line + 1]]),
        )
        for line in range(len(first_words) - 1)
    ]


def _words(text: Piece, pieces: Sequence[Piece]) -> list[Piece]:
    """Return the words of a text between its spaces, joined of its pieces; none where these do not spell the text.

    Pieces that span a space are one word.
    """
    inside = {(piece.rows[0], piece.rows[-1]): piece for piece in pieces if piece.text}
    first, last = text.rows[0], text.rows[-1]
    ordered = [inside[key] for key in sorted(inside) if first <= key[0] and key[1] <= last]
    spelled = ["".join(piece.text.split()) for piece in ordered]
    tokens = text.text.split()
    if "".join(spelled) != "".join(tokens):
        return []
    num_tokens = {length: number for number, length in enumerate(accumulate(map(len, tokens)), 1)}
    words: list[Piece] = []
    rows, done = list[np.ndarray](), 0
    for piece, length in zip(ordered, accumulate(map(len, spelled)), strict=True):
        rows.append(piece.rows)
        if length in num_tokens:
            words.append(Piece(np.concatenate(rows), " ".join(tokens[done : num_tokens[length]])))
            rows, done = [], num_tokens[length]
    return words
