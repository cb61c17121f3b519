"""A character n-gram language model: how likely each character is after those before it, learned from plain text.

A alphabet; class A is the end of a line, and in a context its beginning.
"""

import zipfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import ClassVar

import numpy as np

from utils.errors import InputError
from utils.files import atomic_path, near_name

MAX_ORDER = 20
MAX_BYTES = 1 << 30
FORMAT = "ductus n-grams 1"


@dataclass(frozen=True)
class Level:
    """All contexts of one length, and what came after each; a context's number is its place among the keys.

    keys        (C,) int64, rising: the number of the context without its first character, times A + 1, plus that
                character; at length 0 a single 0
    starts      (C + 1,) int32: context c was followed by the entries starts[c] to starts[c + 1]
    characters  (E,) int32, rising in each context
    shares      (E,) float32, the probability that each has for itself; what is left of 1 goes to the shorter context
                (while counting: int32, how often each came)
    """

    keys: np.ndarray
    starts: np.ndarray
    characters: np.ndarray
    shares: np.ndarray

    DTYPES: ClassVar = (np.int64, np.int32, np.int32, np.float32)

    @property
    def kinds(self) -> np.ndarray:
        """Number of entries of each context: (C,)."""
        return np.diff(self.starts)

    @property
    def sums(self) -> np.ndarray:
        """Sum of the entries of each context: (C,)."""
        return np.add.reduceat(self.shares, self.starts[:-1], dtype=np.int64 if self.shares.dtype == np.int32 else None)


class NgramModel:
    """Interpolated modified Kneser-Ney, Chen and Goodman (1999), section 3: from each count a discount is taken; it
    goes to the context one shorter, and from the shortest to all classes alike. There, what counts is before how many
    different characters an n-gram came.
    """

    def __init__(self, alphabet: str, levels: list[Level]) -> None:
        self.alphabet, self.levels = alphabet, levels
        self.left = [1 - np.add.reduceat(level.shares.astype(np.float64), level.starts[:-1]) for level in levels]

    def score_next(self, contexts: Sequence[tuple[int, ...]]) -> np.ndarray:
        """Return log-probabilities (n, A+1) of the next character, or the end, after each of n texts."""
        classes = len(self.alphabet) + 1
        history = np.array([self._history(context) for context in contexts], np.int64)
        history = history.reshape(len(contexts), len(self.levels) - 1)
        rows, nodes = np.arange(len(contexts)), np.zeros(len(contexts), np.int64)
        probs = np.full((len(contexts), classes), 1 / classes)
        for length, (level, left) in enumerate(zip(self.levels, self.left, strict=True)):
            if length:
                keys = nodes * classes + history[rows, length - 1]
                nodes = np.searchsorted(level.keys, keys).clip(max=len(level.keys) - 1)
                known = (level.keys[nodes] == keys) & (history[rows, length - 1] >= 0)
                rows, nodes = rows[known], nodes[known]
            first, kinds = level.starts[nodes], level.starts[nodes + 1] - level.starts[nodes]
            entries = np.repeat(first - (kinds.cumsum() - kinds), kinds) + np.arange(kinds.sum())
            probs[rows] *= left[nodes, None]
            probs[np.repeat(rows, kinds), level.characters[entries]] += level.shares[entries]
        return np.log(probs)

    def log_probs(self, context: tuple[int, ...]) -> np.ndarray:
        """Return the log-probabilities (A+1,) of the next character, or the end, after one text."""
        return self.score_next([context])[0]

    def _history(self, context: tuple[int, ...]) -> list[int]:
        """Return the last characters of a text, the latest first, then its beginning, then -1."""
        reach = len(self.levels) - 1
        before = [*context[max(len(context) - reach, 0) :][::-1], len(self.alphabet)][:reach]
        return before + [-1] * (reach - len(before))

    def score_spans(self, spans: Sequence[tuple[tuple[int, ...], int, int]]) -> list[float]:
        """Return the log-probability of each text's characters first to after - 1, given those before them.

        spans  (text of U positions, first, after); character U is the end
        """
        contexts = [text[:u] for text, first, after in spans for u in range(first, after)]
        following = [c for text, first, after in spans for c in (*text, len(self.alphabet))[first:after]]
        scores = self.score_next(contexts)[np.arange(len(contexts)), following]
        ends = np.cumsum([after - first for _, first, after in spans])
        return [float(part.sum()) for part in np.split(scores, ends)[: len(spans)]]

    def nats(self, lines: Iterable[str]) -> tuple[float, int]:
        """Return the nats of lines of the alphabet's characters, and the number of their characters and ends."""
        position = {character: index for index, character in enumerate(self.alphabet)}
        nats, count = 0.0, 0
        for line in lines:
            text = tuple(position[character] for character in line)
            nats -= self.score_spans([(text, 0, len(text) + 1)])[0]
            count += len(text) + 1
        return nats, count

    def require_alphabet(self, alphabet: str) -> None:
        """Raise InputError unless the model is of this alphabet, a recognizer's."""
        if self.alphabet != alphabet:
            differing = "".join(sorted({*self.alphabet} ^ {*alphabet}))
            raise InputError(
                f"the language model is for another alphabet than this recognizer's (one of them alone has "
                f"{differing!r}); make one of the recognizer's corpus: python prepare_data.py language-model CORPUS"
            )

    def save(self, path: Path) -> None:
        """Write it to an .npz file of plain numbers."""
        parts = {f"{name}_{n}": part for n, level in enumerate(self.levels) for name, part in vars(level).items()}
        alphabet = np.array([ord(character) for character in self.alphabet], np.int32)
        with atomic_path(path) as scratch, open(scratch, "wb") as file:
            np.savez_compressed(file, format=np.array(FORMAT), alphabet=alphabet, **parts)


def load_language_model(path: Path) -> NgramModel:
    """The language model of a file that `NgramModel.save` wrote.

    Raises InputError where there is none, or it is damaged or something else.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            size = sum(member.file_size for member in archive.infolist())
        if size > MAX_BYTES:
            raise ValueError(f"unpacked it has {size:,} bytes")
        with np.load(path, allow_pickle=False) as file:
            return _model_of({name: file[name] for name in file.files})
    except FileNotFoundError:
        raise InputError(f"{path}: no such language model{near_name(path)}") from None
    except Exception as error:  # a damaged file may make its reader raise anything
        reason = " ".join(str(error).split())[:120] or type(error).__name__
        raise InputError(f"{path}: damaged or not a language model ({reason}); make one with prepare_data.py") from None


def _model_of(parts: dict[str, np.ndarray]) -> NgramModel:
    """The model of a file's arrays. Raises ValueError or KeyError where they are no whole one."""
    if parts.pop("format").tolist() != FORMAT:
        raise ValueError("its format is another")
    alphabet = "".join(map(chr, parts.pop("alphabet").tolist()))
    order = len(parts) // len(Level.DTYPES)
    if not alphabet or sorted(set(alphabet)) != list(alphabet) or not 1 <= order <= MAX_ORDER:
        raise ValueError("no alphabet, or too many levels")
    levels = [Level(*(parts[f"{field.name}_{n}"] for field in fields(Level))) for n in range(order)]
    for level, below in zip(levels, [0, *(len(level.keys) for level in levels)], strict=False):
        if not _is_valid(level, below, len(alphabet) + 1):
            raise ValueError("its parts do not fit each other")
    return NgramModel(alphabet, levels)


def _is_valid(level: Level, below: int, classes: int) -> bool:
    """True if a level's arrays fit each other and the `below` contexts one shorter (0: it is the shortest)."""
    keys, starts, characters, shares = parts = tuple(vars(level).values())
    if any(part.dtype != dtype or part.ndim != 1 for part, dtype in zip(parts, Level.DTYPES, strict=True)):
        return False
    if not len(keys) or len(starts) != len(keys) + 1 or len(characters) != len(shares):
        return False
    if starts[0] != 0 or starts[-1] != len(shares) or (level.kinds <= 0).any():
        return False
    rises = np.diff(characters) > 0
    rises[starts[1:-1] - 1] = True
    inside = (
        keys[0] >= 0 and keys[-1] < max(below * classes, 1) and characters.min() >= 0 and characters.max() < classes
    )
    likely = shares.min() >= 0 and np.add.reduceat(shares.astype(np.float64), starts[:-1]).max() < 1
    return bool(inside and likely and rises.all() and (np.diff(keys) > 0).all())
