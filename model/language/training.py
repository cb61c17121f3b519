"""Plain text to a character n-gram language model: counted by sorting, then discounted.

A alphabet; class A is the end of a line, and in a context the beginning of one.
"""

import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from model.language.ngram import MAX_ORDER, Level, NgramModel
from utils.errors import InputError

MAX_CHARACTERS = 30_000_000
"""Characters of text at most: counting them takes some 50 bytes each."""
MIN_DISCOUNT = 0.05


@dataclass(frozen=True)
class Trained:
    """A language model, how many lines and characters it was learned from, and how often each foreign one was met."""

    model: NgramModel
    lines: int
    characters: int
    foreign: dict[str, int]


def train_language_model(lines: Iterable[str], alphabet: str, order: int = 8, min_count: int = 2) -> Trained:
    """The n-gram model of lines of text. It keeps contexts of up to order - 1 characters that came `min_count` times.

    Lines are brought to NFC, runs of spaces to one; lines of spaces are left out. Characters outside the alphabet are
    counted and left out: they are not predicted, and contexts do not reach across them.

    Raises InputError where the order is out of range, or there is no text in the alphabet, or too much of it.
    """
    if not 1 <= order <= MAX_ORDER:
        raise InputError(f"order is {order}; it must be from 1 to {MAX_ORDER}")
    alphabet = "".join(sorted(set(alphabet)))
    text = "\n".join(["", *_tidied(lines), ""])
    codes, foreign = _encode(text, alphabet)
    num_lines, characters = text.count("\n") - 1, int(((codes >= 0) & (codes < len(alphabet))).sum())
    if not characters:
        raise InputError(f"the text has no character of the alphabet {alphabet!r}")
    del text
    counted = list(_count(codes, len(alphabet) + 1, order))
    levels = list(_kneser_ney(counted, len(alphabet) + 1, min_count))
    return Trained(NgramModel(alphabet, levels), num_lines, characters, foreign)


def _encode(text: str, alphabet: str) -> tuple[np.ndarray, dict[str, int]]:
    """The classes of a text, A between lines and -1 for a foreign character, and how often each of these came."""
    points = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)
    table = np.full(0x110000, -1, np.int32)
    table[[ord(character) for character in alphabet]] = np.arange(len(alphabet))
    table[ord("\n")] = len(alphabet)
    codes = table[points]
    unknown, times = np.unique(points[codes < 0], return_counts=True)
    return codes, dict(zip(map(chr, unknown.tolist()), times.tolist(), strict=True))


def _tidied(lines: Iterable[str]) -> Iterator[str]:
    """The lines that have any text, in NFC, with single spaces."""
    size = 0
    for line in lines:
        tidy = " ".join(unicodedata.normalize("NFC", line).split())
        size += len(tidy) + 1
        if size > MAX_CHARACTERS:
            raise InputError(f"the text has more than {MAX_CHARACTERS:,} characters; give less of it")
        if tidy:
            yield tidy


def _count(codes: np.ndarray, classes: int, order: int) -> Iterator[Level]:
    """Count what comes after each context in classes (M,): -1 a foreign character, the last one between lines."""
    index = np.arange(len(codes), dtype=np.int32)
    begins = np.where(codes == classes - 1, index, np.where(codes < 0, index + 1, 0))
    reach = index[1:] - np.maximum.accumulate(begins)[:-1]
    places = index[1:][codes[1:] >= 0]
    reach, nodes = reach[places - 1], np.zeros(len(places), np.int32)
    del index, begins
    for length in range(order):
        inside = reach >= length
        places, reach, nodes = places[inside], reach[inside], nodes[inside]
        if not len(places):
            return
        level, nodes = _level(_grams(codes, places, nodes, length, classes), classes)
        yield level


def _grams(codes: np.ndarray, places: np.ndarray, nodes: np.ndarray, length: int, classes: int) -> np.ndarray:
    """The n-grams that end at these places, by their contexts one shorter: int64 that hold context and last class."""
    grams = nodes.astype(np.int64)
    if length:
        grams *= classes
        grams += codes[places - length]
    grams *= classes
    grams += codes[places]
    return grams


def _level(grams: np.ndarray, classes: int) -> tuple[Level, np.ndarray]:
    """Return the level of n-grams (M,), each its context's key times A + 1 plus its last class, and their contexts."""
    by_gram = np.argsort(grams)
    grams = grams[by_gram]
    distinct = np.flatnonzero(np.append(True, grams[1:] != grams[:-1]))
    counts = np.diff(distinct, append=len(grams)).astype(np.int32)
    keys, characters = np.divmod(grams[distinct], classes)
    starts = np.flatnonzero(np.append(True, keys[1:] != keys[:-1])).astype(np.int32)
    level = Level(keys[starts], np.append(starts, np.int32(len(keys))), characters.astype(np.int32), counts)
    del grams, distinct, keys, characters
    nodes = np.empty(len(by_gram), np.int32)
    nodes[by_gram] = np.repeat(np.arange(len(starts), dtype=np.int32), level.sums)
    return level, nodes


def _kneser_ney(levels: list[Level], classes: int, min_count: int) -> Iterator[Level]:
    """Counted levels with shares in place of counts, without the contexts that came fewer than `min_count` times."""
    numbers = np.zeros(1, np.int64)
    for length, (level, longer) in enumerate(zip(levels, [*levels[1:], None], strict=True)):
        kept = (level.sums >= min_count) | (length == 0)
        counts = level.shares if longer is None else _kinds_before(level, longer, classes)
        level = replace(level, shares=_shares(counts, level))
        if not kept.any():
            return
        entries, contexts = np.repeat(kept, level.kinds), level.keys[kept]
        keys = numbers[contexts // classes] * classes + contexts % classes
        starts = np.append(0, level.kinds[kept].cumsum()).astype(np.int32)
        yield Level(keys, starts, level.characters[entries], level.shares[entries])
        numbers = kept.cumsum() - 1


def _kinds_before(level: Level, longer: Level, classes: int) -> np.ndarray:
    """Before how many different characters each n-gram of a level came (E,); its count where it had none before it."""
    own = np.repeat(np.arange(len(level.keys)), level.kinds) * classes + level.characters
    theirs = np.repeat(longer.keys // classes, longer.kinds) * classes + longer.characters
    kinds = np.bincount(np.searchsorted(own, theirs), minlength=len(own))
    return np.where(kinds > 0, kinds, level.shares)


def _shares(counts: np.ndarray, level: Level) -> np.ndarray:
    """The counts (E,) less their discounts, by their contexts' sums: Chen and Goodman (1999), eqs. 17 and 26."""
    n1, n2, n3, n4 = (max(int((counts == n).sum()), 1) for n in (1, 2, 3, 4))
    y = n1 / (n1 + 2 * n2)
    wished = np.array([0, 1 - 2 * y * n2 / n1, 2 - 3 * y * n3 / n2, 3 - 4 * y * n4 / n3])
    discounts = wished.clip(MIN_DISCOUNT, np.arange(4) - MIN_DISCOUNT)[counts.clip(max=3)]
    sums = np.add.reduceat(counts.astype(np.float64), level.starts[:-1])
    return ((counts - discounts) / np.repeat(sums, level.kinds)).astype(np.float32)
