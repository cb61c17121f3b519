"""Signs that a network hardly knows, such as @ and €: it writes a letter in their place, and the sign is drawn there.

There is too little ink of such signs to learn from. A sign is written as a letter, a word of its own; the attention
says which strokes are that word's. They are taken out, the sign is drawn on their baseline, and what follows is moved
up to it. A sign is a shape, each time a little different, and leans as the line does.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

import numpy as np

from base.base_model import Sample
from ink.geometry import baseline, stroke_bounds, x_height
from results.trained import TrainedModel
from results.writing.shapes import dense, lean, rounded

LETTERS = "aoe"
"""Letters to write in place of a sign, the best first: a single stroke on the baseline, and no 0 to a reader."""
GAP = 0.22
"""x-heights between a sign and the letter next to it."""
SHAKE, STRETCH = 0.03, 0.07
"""Standard deviations of a corner's place (x-heights) and of a sign's width and height (shares)."""


SIGNS = {
    "@": "72,-78 50,-86 30,-66 28,-34 45,-20 64,-40 74,-80 68,-40 74,-20 92,-26 106,-62 92,-104 52,-118 14,-96 0,-50 "
    "10,0 46,22 86,10",
    "%": "31,-126 14,-128 1,-117 1,-100 13,-88 30,-89 40,-103 38,-119 24,-129; 92,-140 12,4; 96,-42 80,-44 67,-33 "
    "67,-16 79,-4 96,-5 106,-19 104,-35 90,-45",
    "&": "100,-2 74,-32 34,-86 26,-118 44,-140 62,-122 52,-96 20,-62 4,-30 16,2 46,4 76,-22 92,-60",
    "#": "42,-130 30,-60 20,2; 78,-130 66,-60 56,2; 8,-86 50,-90 96,-90; 2,-38 44,-42 90,-42",
    "[": "54,-162 0,-160! 0,28! 56,26",
    "]": "0,-160 54,-162! 54,26! 0,28",
    "{": "62,-162 34,-160 28,-120 30,-80 -2,-66! 28,-50 24,-10 28,28 60,28",
    "}": "0,-162 28,-160 34,-120 30,-80 64,-66! 30,-50 34,-10 30,28 -2,28",
    "<": "70,-98 4,-50! 72,-6",
    ">": "4,-98 70,-50! 2,-6",
    "|": "2,-190 0,-70 2,60",
    "\\": "0,-150 42,-70 86,8",
    "~": "0,-36 12,-74 34,-78 54,-42 76,-38 92,-78",
    "^": "2,-110 28,-160! 52,-108",
    "`": "0,-160 36,-124",
    "_": "0,16 40,19 86,16",
    "*": "30,-150 28,-90; 6,-136 52,-106; 52,-136 6,-104",
    "+": "36,-92 36,-12; 0,-50 36,-52 74,-52",
    "=": "0,-70 36,-73 74,-72; 2,-36 38,-38 74,-38",
    "€": "86,-116 62,-136 32,-116 20,-68 30,-18 60,2 88,-14; 0,-82 36,-86 66,-86; 0,-50 34,-54 62,-54",
    "£": "82,-116 64,-138 38,-126 34,-90 36,-40 26,-10 4,2! 30,-6 62,2 86,-10; 8,-64 36,-68 66,-66",
    "§": "52,-130 30,-144 10,-126 24,-102 50,-82 56,-60 36,-44 12,-58 6,-80 30,-94; 36,-44 58,-22 56,6 30,20 6,4",
    "°": "27,-146 13,-147 2,-138 1,-123 12,-113 26,-114 35,-125 33,-140 21,-148",
    "×": "6,-80 56,-16; 56,-82 4,-14",
    "÷": "0,-50 36,-52 74,-52; 36,-86 38,-82; 36,-20 38,-16",
    "±": "36,-110 36,-36; 0,-72 36,-74 72,-74; 2,-8 36,-10 72,-8",
    "•": "14,-56 8,-57 4,-53 4,-47 8,-43 13,-44 17,-48 16,-54 11,-57",
    "→": "0,-50 50,-52 100,-50; 74,-74 102,-50! 76,-26",
    "←": "100,-50 50,-52 0,-50; 26,-74 -2,-50! 24,-26",
    "–": "0,-50 40,-52 80,-50",
    "—": "0,-50 60,-52 120,-50",
    "ß": "0,4 14,-50 20,-110 40,-146 62,-130 56,-98 36,-80 60,-64 70,-30 54,0 30,2",
}
"""Shapes by sign: strokes, apart by ";", of corners x,y (downward) in hundredths of an x-height, on the baseline y = 0.
Strokes are rounded but at a corner with "!"."""


def spelled(text: str, signs: Collection[str], letter: str = LETTERS[0]) -> tuple[str, list[int]]:
    """Return the text with `letter`, apart from what is next to it, for each of the signs; and the place in `text` of
    each of its characters."""
    written: list[tuple[str, int]] = []
    for place, character in enumerate(text):
        if character not in signs:
            written.append((character, place))
            continue
        if written and written[-1][0] != " ":
            written.append((" ", place))
        written.append((letter, place))
        if text[place + 1 : place + 2].strip():
            written.append((" ", place))
    return "".join(character for character, _ in written), [place for _, place in written]


def with_signs(
    network: TrainedModel, sample: Sample, text: str, signs: Collection[str], unit: float | None, seed: int
) -> Sample:
    """Return a line that was written as `spelled` has its text, with the signs in it, the same ones by each seed.

    unit  the x-height in the data set's units; None: that of the ink
    """
    if not {*text} & {*signs} or sample.weights is None or len(sample.strokes) < 2:
        return sample
    line, rng = _Line.of(network.points(sample.strokes), sample, text, signs), np.random.default_rng(seed)
    unit = unit or x_height(line.points)
    pieces: list[tuple[float, np.ndarray, np.ndarray]] = []  # when it was written, ink (n, 3), attention (n, U+1)
    edge = new_edge = -np.inf  # right edges of the part before, as it was written and as it is now
    last, level = -1.0, baseline(line.points)
    for number, part in enumerate(line.parts):
        rows, is_sign = np.flatnonzero(line.owners == number), number % 2 == 1
        if not len(rows) and not is_sign:
            continue
        start = max(edge, line.upright.min())  # of a sign whose letter was not written
        left, right = (line.upright[rows].min(), line.upright[rows].max()) if len(rows) else (start, start)
        space = left - edge if line.is_apart(number) else 0
        new_left = left if np.isinf(new_edge) else new_edge + max(space, GAP * unit)
        if is_sign:
            last, level = (rows[0], line.points[rows, 1].max()) if len(rows) else (last + 0.5, level)
            ink = _drawn(part, unit, rng)
            new_edge = new_left + ink[:, 0].max()
            ink[:, 0] += new_left + line.leaning * (ink[:, 1] + level)
            ink[:, 1] += level
            pieces.append((last, ink, np.repeat(np.eye(line.weights.shape[1])[[line.begins[number]]], len(ink), 0)))
        else:
            moved = np.array([new_left - left, 0, 0])
            pieces += [(first, ink + moved, weights) for first, ink, weights in line.strokes(number)]
            last, new_edge = rows[-1], right + new_left - left
        edge = right
    _, inks, weights = zip(*sorted(pieces, key=lambda piece: piece[0]), strict=True)
    strokes = network.strokes(np.concatenate(inks).astype(np.float32))
    return replace(sample, strokes=strokes, weights=np.concatenate(weights)[1:].astype(np.float32))


@dataclass(frozen=True)
class _Line:
    """A line of T points that was written for a text of U characters, in parts: by turns text and a sign.

    parts, begins  the parts, and the place in the text at which each begins
    owners         (T,) number of the part that each row was written for
    weights        (T, U+1) attention over the text and its end
    leaning        x per y of its slant; upright (T,) is x without it
    """

    points: np.ndarray
    parts: list[str]
    begins: list[int]
    owners: np.ndarray
    weights: np.ndarray
    leaning: float
    upright: np.ndarray

    @classmethod
    def of(cls, points: np.ndarray, sample: Sample, text: str, signs: Collection[str]) -> "_Line":
        assert sample.weights is not None
        written, places = spelled(text, signs)
        parts = re.split("([" + re.escape("".join(signs)) + "])", text)
        begins = [0, *np.cumsum([len(part) for part in parts]).tolist()]
        number_at = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
        letters = [
            -1 if character == " " else number_at[place] for character, place in zip(written, places, strict=True)
        ]
        path = np.append(sample.path[:1], sample.path)
        weights = np.zeros((len(text) + 1, len(path)))
        np.add.at(weights, [*places, len(text)], np.concatenate([sample.weights[:1], sample.weights]).T)
        points, leaning = points.astype(np.float64), lean(points)
        upright = points[:, 0] - leaning * points[:, 1]
        owners = _owners(points, upright, np.array([*letters, -1])[path], begin=0 if parts[0] else 1)
        return cls(points, parts, begins, owners, weights.T, leaning, upright)

    def is_apart(self, number: int) -> bool:
        """Whether a space of the text is between a part and the one before."""
        return number > 0 and " " in (self.parts[number - 1][-1:], self.parts[number][:1])

    def strokes(self, number: int) -> Iterator[tuple[int, np.ndarray, np.ndarray]]:
        """Yield the strokes of a part: the first row of each, its points and their weights."""
        for first, last in zip(*stroke_bounds(self.points), strict=True):
            if self.owners[first] == number:
                ink = self.points[first : last + 1].copy()
                ink[-1, 2] = 1
                yield first, ink, self.weights[first : last + 1]


def _owners(points: np.ndarray, upright: np.ndarray, letters: np.ndarray, begin: int) -> np.ndarray:
    """Return the number (T,) of the part that each row's stroke was written for: that of most of its points.

    letters  (T,) the part of the letter that a row attends to, -1 of a space; such a stroke is of the part before. So
    is a dot or a bar over ink of that part: the network may already attend to what comes next. It may also still attend
    to the letter for a sign, of which only the first stroke is.
    """
    owners, edges, owner = np.zeros(len(points), np.int64), dict[int, float](), begin
    for first, last in zip(*stroke_bounds(points), strict=True):
        rows = slice(first, last + 1)
        attended = letters[rows][letters[rows] >= 0]
        now = int(np.bincount(attended).argmax()) if len(attended) else owner
        if now > owner and upright[rows].mean() < edges.get(owner, -np.inf):
            now = owner
        elif now % 2 == 1 and upright[rows].min() > edges.get(now, np.inf):
            now += 1
        edges[now] = max(edges.get(now, -np.inf), upright[rows].max())
        owner = max(owner, now)
        owners[rows] = now
    return owners


def _corners(stroke: str) -> np.ndarray:
    """Return the corners (m, 2) of a stroke of SIGNS, in x-heights; one that stays a corner comes three times."""
    given = [(corner.rstrip("!").split(","), 3 if "!" in corner else 1) for corner in stroke.split()]
    return np.array([corner for corner, times in given for _ in range(times)], float) / 100


def _drawn(sign: str, unit: float, rng: np.random.Generator) -> np.ndarray:
    """Return the points (n, 3) of a sign that stands on y = 0 and begins at x = 0."""
    size, strokes = unit * (1 + STRETCH * rng.standard_normal(2)), []
    for corners in map(_corners, SIGNS[sign].split(";")):
        stroke = dense(rounded(corners + SHAKE * rng.standard_normal(corners.shape))) * size
        strokes.append(np.column_stack([stroke, np.arange(len(stroke)) == len(stroke) - 1]))
    drawn = np.concatenate(strokes)
    return drawn - [drawn[:, 0].min(), 0, 0]
