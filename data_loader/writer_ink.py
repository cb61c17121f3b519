"""Words and single characters of one writer, and the size and place that the writer gives each character on a line."""

import json
from functools import cached_property
from hashlib import sha256
from pathlib import Path

import numpy as np

from data_loader.corpus import Corpus
from data_loader.transform import DERIVED
from ink.geometry import baseline_slope, down_stroke_rows, mapped, rotation, stroke_bounds, x_height
from utils.files import atomic_path
from utils.progress import progress

VERSION = 4
"""Version of the measures; with another one they are taken anew."""
MEASURES = np.dtype(
    [(name, "<f4") for name in ("left", "right", "top", "bottom", "x_height", "slope")]
    + [("code", "<u4"), ("shape", "u1"), ("is_word", "?"), ("is_lower", "?")]
)
"""Measures of a line's ink, levelled by its `slope`, in the corpus's units.

code      of a text of one character, else 0
shape     see `shape_of`
is_word   the text has two characters with a letter or digit, or is a or I
is_lower  it has three letters or more and ends in lower case, so that the x-height is sure
"""
ENOUGH = 3
"""Pieces of ink from which a writer's own median is taken; of fewer the corpus's."""
FLAT = "acemnorsuvwxz"
"""Letters that are one x-height high."""
DESCENDING, MAY_DESCEND, ASCENDING = "gjpqyQ", "fzJ,;()[]{}/", "bdfhklt0123456789"
"""Characters that go below the baseline, that do so in some handwriting, and that rise above the x-height."""
DOWN_STROKES = {**dict.fromkeys("adghknpquyvADHKNUVO", 2), **dict.fromkeys("mwMW", 3)}
"""Down-strokes of characters that have more than one."""
SHORTEST_STROKE = 0.4
"""x-heights: the shortest run of the pen down the paper that is a letter's."""
SPREAD = 1.2
"""Largest ratio of a character's size to the writer's usual size of it; beyond it is scaled down, or up."""
X_UNKNOWN = {**dict.fromkeys("ABCDEFGHIJKLMNOPQRSTUVWXYZbdfhklt0123456789", 1.7), **dict.fromkeys(FLAT, 1.0)}
"""x-heights that a character is high where the corpus tells nothing better."""
MARKS = {".": 0.2, ",": 0.5, "'": 0.5, '"': 0.5, "`": 0.45, "-": 0.8, "_": 1.4, "~": 1.0, "^": 0.7, "*": 0.8}
MARKS |= {":": 0.95, ";": 1.2, "=": 0.9, "+": 1.0, "<": 1.0, ">": 1.0}
"""Largest size, the longer side, of a mark in x-heights: drawn alone into a box it is larger than on a line."""
TOPS = {"'": 1.0, '"': 1.0, "`": 1.0, "^": 1.0, "*": 1.0, "Q": 1.0, "J": 1.0, "f": 1.0, "j": 0.95, "|": 1.1}
TOPS |= dict.fromkeys("()[]{}", 1.1)
"""Top of a character in heights of the writer's capitals above the baseline; others sit on it but for these."""
X_TOPS = {**dict.fromkeys("gpqy", 1.0), ",": 0.12, ";": 0.9, ":": 0.9, "z": 1.0}
"""Top of a character in x-heights above the baseline."""
MIDDLES = {**dict.fromkeys("-~=+<>", 0.5), "$": 0.8, "@": 0.7, "_": -0.15}
"""Middle of a character in x-heights above the baseline."""


def measures_of(corpus: Corpus, data_dir: Path) -> np.ndarray:
    """Return MEASURES (L,) of every line of a prepared corpus; taken once, into data_dir/.derived."""
    made_of = json.dumps([VERSION, corpus.card.get("sha256"), len(corpus)])
    path = data_dir / DERIVED / f"{corpus.folder.name}-measures-{sha256(made_of.encode()).hexdigest()[:16]}.npy"
    try:
        measures = np.load(path, mmap_mode="r")
        if measures.dtype == MEASURES and measures.shape == (len(corpus),):
            return measures
    except (OSError, ValueError):
        pass  # not there yet, or damaged
    measures = np.empty(len(corpus), MEASURES)
    for line in progress(range(len(corpus)), len(corpus), f"measuring {corpus.folder.name}"):
        points, text = np.array(corpus.points(line)), corpus.text(line)
        slope = baseline_slope(points) if len(text) > 1 else 0.0
        points = mapped(points, rotation(-np.arctan(slope)))
        (left, top), (right, bottom) = points[:, :2].min(0), points[:, :2].max(0)
        letters = sum(character.isalpha() for character in text)
        is_lower = letters >= ENOUGH and text[1:].lower() == text[1:]
        height = x_height(points) if len(text) > 1 else bottom - top
        is_word = text in ("a", "I") or (len(text) > 1 and any(character.isalnum() for character in text))
        code = ord(text) if len(text) == 1 else 0
        measures[line] = (left, right, top, bottom, height, slope, code, shape_of(text), is_word, is_lower)
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_path(path) as scratch, open(scratch, "wb") as file:
        np.save(file, measures)
    return measures


def widest_gap(points: np.ndarray) -> float:
    """The widest gap in x between strokes of points (T, 3); 0 of ink without any."""
    first, _ = stroke_bounds(points)
    left, right = np.minimum.reduceat(points[:, 0], first), np.maximum.reduceat(points[:, 0], first)
    order = np.argsort(left, kind="stable")
    return float((left[order][1:] - np.maximum.accumulate(right[order])[:-1]).max(initial=0.0))


def shape_of(text: str) -> int:
    """Return 0 to 7: whether characters of a text rise above the x-height, go below the baseline, and may do so."""
    above = any(character in ASCENDING or character.isupper() for character in text)
    below = any(character in DESCENDING for character in text)
    return above + 2 * below + 4 * any(character in MAY_DESCEND for character in text)


def word_baseline(points: np.ndarray, text: str, unit: float) -> float:
    """y of the baseline of a word of known text and x-height: the median bottom of its letters but the descenders.

    A short word has few down-strokes, so its letters say how many of them go below: those are the lowest.
    """
    begin, end = down_stroke_rows(points, shortest=0.0)
    y = points[:, 1]
    bottoms = np.sort(y[end][y[end] - y[begin] > SHORTEST_STROKE * unit])
    if not len(bottoms):
        return float(points[:, 1].max())
    below = sum(character in DESCENDING for character in text)
    strokes = sum(DOWN_STROKES.get(character, 1) for character in text)
    return float(bottoms[int(len(bottoms) * 0.5 * (1 - min(below / max(strokes, 1), 0.8)))])


class Pieces:
    """Lines of a corpus by known writer: words, or single characters."""

    def __init__(self, corpus: Corpus, measures: np.ndarray, lines: np.ndarray) -> None:
        self.corpus, self.measures = corpus, measures
        writers = corpus.index["writer"][lines]
        order = np.argsort(writers, kind="stable")
        self.lines = lines[order]
        places, starts = np.unique(writers[order], return_index=True)
        names = [corpus.card["writers"][place] for place in places.tolist()]
        self.of = {name: rows for name, rows in zip(names, np.split(self.lines, starts[1:]), strict=True) if name}

    @property
    def alphabet(self) -> str:
        """Characters of the corpus."""
        return self.corpus.alphabet.characters

    def some_text(self, rng: np.random.Generator) -> str:
        """Text of some line."""
        return self.corpus.text(int(self.lines[rng.integers(len(self.lines))]))


class CharacterSizes:
    """Usual height of each character in x-heights, by the writers who wrote enough flat letters."""

    def __init__(self, characters: Pieces) -> None:
        self.heights = dict(X_UNKNOWN)
        ratios: list[np.ndarray] = []
        codes: list[np.ndarray] = []
        for lines in characters.of.values():
            measures = characters.measures[lines]
            flat = flat_height(measures)
            if flat:
                ratios.append((measures["bottom"] - measures["top"]) / flat)
                codes.append(measures["code"])
        if not ratios:
            return
        every, ratio = np.concatenate(codes), np.concatenate(ratios)
        for code in np.unique(every[every > 0]).tolist():
            own = ratio[every == code]
            if len(own) >= ENOUGH:
                self.heights[chr(code)] = float(np.median(own))


def flat_height(measures: np.ndarray) -> float | None:
    """Median height of a writer's flat letters; None of too few."""
    heights = (measures["bottom"] - measures["top"])[np.isin(measures["code"], [ord(letter) for letter in FLAT])]
    return float(np.median(heights)) if len(heights) >= ENOUGH and np.median(heights) > 0 else None


class WriterInk:
    """Ink of one writer, sized and placed as that writer does on a line; lengths in the corpus's units.

    x_height  of the writer's words, else of the flat letters
    scale     by which single characters are drawn, so that they fit the words
    """

    def __init__(self, words: Pieces, characters: Pieces | None, sizes: CharacterSizes | None, writer: str) -> None:
        self.words, self.characters, self.sizes = words, characters, sizes
        own_lines = words.of.get(writer, np.empty(0, np.int64))
        self.word_lines = own_lines[words.measures["is_word"][own_lines]]
        self.character_lines = characters.of.get(writer, np.empty(0, np.int64)) if characters else np.empty(0, np.int64)
        unit = self._character_unit()
        own = words.measures[self.word_lines]
        heights = own["x_height"][own["is_lower"]]
        self.x_height = float(np.median(heights)) if len(heights) >= ENOUGH else unit
        if len(heights) < ENOUGH and not len(self.character_lines) and len(own):
            self.x_height = float(np.median(own["x_height"]))
        self.scale = self.x_height / unit
        self.usual_heights: dict[str, float] = {}

    def _character_unit(self) -> float:
        """x-height of the single characters, as they are."""
        if not self.characters or not self.sizes or not len(self.character_lines):
            return 1.0
        measures = self.characters.measures[self.character_lines]
        flat = flat_height(measures)
        if flat:
            return flat
        known = np.array([self.sizes.heights.get(chr(code), 0.0) for code in measures["code"].tolist()])
        alnum = np.array([chr(code).isalnum() for code in measures["code"].tolist()])
        known[~alnum] = 0
        heights = measures["bottom"] - measures["top"]
        return float(np.median((heights / np.where(known > 0, known, 1))[known > 0])) if (known > 0).any() else 1.0

    @cached_property
    def lines_of(self) -> dict[str, np.ndarray]:
        """Lines of the characters corpus by the character."""
        if not self.characters:
            return {}
        codes = self.characters.measures["code"][self.character_lines]
        return {chr(code): self.character_lines[codes == code] for code in np.unique(codes[codes > 0]).tolist()}

    @cached_property
    def capital_height(self) -> float:
        """Height of the writer's capitals, else digits, in x-heights, within what people write."""
        heights = [self._usual(character) for character in self.lines_of if character.isupper()]
        heights = heights or [self._usual(character) for character in self.lines_of if character.isdigit()] or [1.7]
        return float(np.clip(np.median(heights), 1.3, 2.4))

    def _usual(self, character: str) -> float:
        """Usual height of a character in x-heights: the writer's own median, of too few pieces the corpus's."""
        if character not in self.usual_heights:
            assert self.characters and self.sizes
            own = self.characters.measures[self.lines_of[character]]
            height = float(np.median(own["bottom"] - own["top"])) * self.scale / self.x_height
            is_own = len(own) >= ENOUGH or character not in self.sizes.heights
            self.usual_heights[character] = height if is_own else self.sizes.heights[character]
        return self.usual_heights[character]

    def word(self, line: int) -> np.ndarray:
        """A word's points (T, 3) float64, its left edge at x = 0 and its baseline at y = 0.

        Its size is kept near the writer's usual one, and its baseline where its letters can have it.
        """
        measures, text = self.words.measures[line], self.words.corpus.text(line)
        level = rotation(-np.arctan(float(measures["slope"])))
        points = mapped(np.array(self.words.corpus.points(line)), level).astype(np.float64)
        factor, shape = self._word_factor(measures), int(measures["shape"])
        unit, top, bottom = self.x_height / factor, float(measures["top"]), float(measures["bottom"])
        lowest, highest = bottom - (0.35 if shape < 2 else 2.2) * unit, bottom - (0.4 if shape & 2 else 0) * unit
        if not shape & 1:  # the top of its ink is the x-height
            lowest, highest = max(lowest, top + 0.75 * unit), min(highest, top + 1.5 * unit)
        place = min(max(word_baseline(points, text, unit), min(lowest, highest)), highest)
        points[:, :2] -= (float(measures["left"]), place)
        points[:, :2] *= factor
        return points

    def _word_factor(self, measures: np.void) -> float:
        """Factor that brings a word within SPREAD of the usual size of the writer's words of its shape."""
        usual = self.heights_of_shapes.get(int(measures["shape"]))
        if usual:
            size = float(measures["bottom"] - measures["top"]) / usual
        else:
            size = float(measures["x_height"]) / self.x_height if measures["is_lower"] else 1.0
        return float(np.clip(size, 1 / SPREAD, SPREAD)) / size if size > 0 else 1.0

    @cached_property
    def heights_of_shapes(self) -> dict[int, float]:
        """Median height of the writer's words by their shape, where there are enough."""
        own = self.words.measures[self.word_lines]
        heights, shapes = own["bottom"] - own["top"], own["shape"]
        groups = {int(shape): heights[shapes == shape] for shape in np.unique(shapes)}
        return {shape: float(np.median(group)) for shape, group in groups.items() if len(group) >= ENOUGH}

    def character(self, character: str, rng: np.random.Generator) -> np.ndarray:
        """One of the writer's drawings of a character as points (T, 3) float64, placed like `word`."""
        assert self.characters
        line = int(rng.choice(self.lines_of[character]))
        measures = self.characters.measures[line]
        points = np.array(self.characters.corpus.points(line), np.float64)
        points[:, :2] -= (measures["left"], measures["bottom"])
        width, height = float(measures["right"] - measures["left"]), float(measures["bottom"] - measures["top"])
        points[:, :2] *= self._factor(character, width, height)
        points[:, 1] += self._bottom(character, -float(points[:, 1].min()))
        return points

    def _factor(self, character: str, width: float, height: float) -> float:
        """Factor that brings a drawing of a character to the size that it has on a line."""
        factor = self.scale
        if character in MARKS:
            size = max(width, height) * factor / self.x_height
            return factor * min(1.0, MARKS[character] / size) if size > 0 else factor
        usual, size = self._usual(character), height * factor / self.x_height
        if size <= 0 or usual <= 0:
            return factor
        return factor * float(np.clip(size, usual / SPREAD, usual * SPREAD)) / size

    def _bottom(self, character: str, height: float) -> float:
        """y of the lower edge of a character of this height, the baseline being y = 0, downward."""
        capital = self.capital_height * self.x_height
        if character in TOPS:
            return height - TOPS[character] * capital
        if character in X_TOPS:
            return height - X_TOPS[character] * self.x_height
        if character in MIDDLES:
            return height / 2 - MIDDLES[character] * self.x_height
        return 0.0
