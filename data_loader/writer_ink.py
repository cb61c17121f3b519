"""Words and single characters of one writer, and the size and place that the writer gives each character on a line."""

from collections.abc import Iterable
from functools import cached_property

import numpy as np

from data_loader.corpus import Corpus
from data_loader.ink_measures import ENOUGH, levelled, word_unit

FLAT = "acemnorsuvwxz"
"""Letters that are one x-height high."""
SPREAD = 1.2
"""Largest ratio of a character's size to the writer's usual size of it; beyond it is scaled down, or up."""
WIDEST = 3.0
"""Width of a letter or digit in its heights, at most; ink that is wider was cut out at the wrong place."""
UNUSUAL = 2.0
"""Ratio of a writer's usual size of a character to other writers' beyond which it is not a matter of handwriting."""
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


def inks_of(words: Pieces, characters: Pieces | None, writers: Iterable[str]) -> "dict[str, WriterInk]":
    """Return the ink of the writers of whom there is a word or a character to set, by their names in order."""
    sizes = CharacterSizes(characters) if characters else None
    inks = {writer: WriterInk(words, characters, sizes, writer) for writer in sorted(writers)}
    return {writer: ink for writer, ink in inks.items() if len(ink.word_lines) or ink.lines_of}


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
        usual = word_unit(own)
        if usual is None:
            usual = unit if len(self.character_lines) or not len(own) else float(np.median(own["x_height"]))
        self.x_height = usual
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
        """Lines of the characters corpus by the character, but for letters and digits that are too wide to be any."""
        if not self.characters:
            return {}
        own = self.characters.measures[self.character_lines]
        is_sign = np.array([not chr(code).isalnum() for code in own["code"].tolist()], bool)
        is_sound = is_sign | (own["right"] - own["left"] <= WIDEST * (own["bottom"] - own["top"]))
        lines, codes = self.character_lines[is_sound], own["code"][is_sound]
        return {chr(code): lines[codes == code] for code in np.unique(codes[codes > 0]).tolist()}

    @cached_property
    def capital_height(self) -> float:
        """Height of the writer's capitals, else digits, in x-heights, within what people write."""
        heights = [self._usual(character) for character in self.lines_of if character.isupper()]
        heights = heights or [self._usual(character) for character in self.lines_of if character.isdigit()] or [1.7]
        return float(np.clip(np.median(heights), 1.3, 2.4))

    def _usual(self, character: str) -> float:
        """Usual height of a character in x-heights: the writer's own median; the corpus's where there are too few
        pieces, or where theirs is beyond UNUSUAL, as of a writer whose files are in several units.
        """
        if character not in self.usual_heights:
            assert self.characters and self.sizes
            own = self.characters.measures[self.lines_of[character]]
            height = float(np.median(own["bottom"] - own["top"])) * self.scale / self.x_height
            typical = self.sizes.heights.get(character, height)
            is_own = len(own) >= ENOUGH and typical / UNUSUAL <= height <= typical * UNUSUAL
            self.usual_heights[character] = height if is_own else typical
        return self.usual_heights[character]

    def word(self, line: int) -> np.ndarray:
        """A word's points (T, 3) float64, its left edge at x = 0 and its baseline at y = 0.

        Its size is kept near the writer's usual one, and its baseline where its letters can have it.
        """
        measures = self.words.measures[line]
        points = levelled(np.array(self.words.corpus.points(line)), float(measures["slope"])).astype(np.float64)
        factor, shape = self._word_factor(measures), int(measures["shape"])
        unit, top, bottom = self.x_height / factor, float(measures["top"]), float(measures["bottom"])
        lowest, highest = bottom - (0.35 if shape < 2 else 2.2) * unit, bottom - (0.4 if shape & 2 else 0) * unit
        if not shape & 1:  # the top of its ink is the x-height
            lowest, highest = max(lowest, top + 0.75 * unit), min(highest, top + 1.5 * unit)
        place = min(max(float(measures["baseline"]), min(lowest, highest)), highest)
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
