"""Writers for the synthetic corpus: each draws their own hand once, and then writes any text in it.

Lengths are in x-heights until a line is done, y upward; `Writer.write` returns units of about 1/40 x-height, y down.
A line's path is (N, 2) with `starts` (S,), the indices at which its strokes begin, as in synthetic_pen.
"""

from dataclasses import dataclass

import numpy as np

from data_loader.synthetic.glyphs import PRINT, SCRIPT, Glyph, load_glyphs
from data_loader.synthetic.pen import arc_length, resample, sample, smooth, stroke_ends
from data_loader.synthetic.style import draw_style, printed

UNITS_PER_X_HEIGHT = 40.0
SECONDS_PER_TICK = 1 / 60

_STEP = 0.07  # between the points of a path before it is sampled in time
_TICK = 0.285  # in x-heights at speed 1; sets how many points a character gets
_MAX_WAIT = 5  # letters written before the pen goes back for a dot or a bar
_TAILED = "adhiklmntu"


@dataclass(frozen=True)
class Written:
    """A writer's own glyph, as a dense path.

    points   (n, 2): the lead, then the strokes
    cuts     where in points the strokes begin, and at last n; cuts[0] is the length of the lead
    waiting  how many of the last strokes may be made later
    width    the advance, without the style's spacing
    enters, leaves   whether it can be joined to the letter before, to the one after
    """

    points: np.ndarray
    cuts: tuple[int, ...]
    waiting: int
    width: float
    enters: bool
    leaves: bool


class Writer:
    """Writes lines in one hand, drawn at construction from `rng`; every later line draws from its own stream.

    prints: in printed letters, see `printed`.
    """

    def __init__(
        self, rng: np.random.Generator, faces: dict[str, dict[str, list[Glyph]]], *, prints: bool = False
    ) -> None:
        self.style = printed(draw_style(rng)) if prints else draw_style(rng)
        self._glyphs = {}
        for char in faces[PRINT]:
            share = self.style.script if char.islower() else self.style.flourish * char.isupper()
            forms = faces[SCRIPT if rng.random() < share else PRINT][char]
            glyph = forms[rng.integers(len(forms))]
            self._glyphs[char] = self._own(char, glyph, rng)

    def write(self, text: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """Points (T, 3) float32 in 1/40 x-height, y downward, and times (T,) in seconds, of one line of text."""
        path, starts = self._lay_out(text, rng)
        path = self._waver(path, starts, rng)
        lengths = arc_length(path, starts)
        ends = stroke_ends(starts, len(path))
        path, starts = resample(path, lengths, starts, np.maximum(lengths[ends] / _STEP, 2).astype(int))
        path = smooth(path, starts, self.style.rounding)
        path, starts = sample(path, starts, _TICK * self.style.tempo)
        return _ink(path * self.style.size * UNITS_PER_X_HEIGHT, starts), _times(path, starts)

    def _own(self, char: str, glyph: Glyph, rng: np.random.Generator) -> Written:
        """The writer's own shape of a glyph: zones stretched, then bent by a smooth random field, then slanted."""
        style = self.style
        strokes = list(glyph.strokes)
        main = len(strokes) - glyph.waiting - 1
        if char in _TAILED and style.tail and strokes[main][-1, 1] == 0:
            strokes[main] = np.vstack([strokes[main], strokes[main][-1] + [style.tail, 0.6 * style.tail]])
        lead = len(glyph.lead)
        points, starts = _dense(strokes if not lead else [glyph.lead, *strokes])
        bend = style.own_shape * (1 if char.islower() else 0.75 if char.isalnum() else 0.4)
        points = _bend(self._stretch(points, lower=char.islower()), bend, rng)
        points[:, 0] = style.aspect * points[:, 0] + style.slant * points[:, 1] * (1 if char.isalnum() else 0.5)
        width = glyph.width * style.aspect
        starts = starts[1:] if lead else starts
        cuts = (*(int(start) for start in starts), len(points))
        start, end = glyph.strokes[0][0], glyph.strokes[main][-1]
        return Written(
            points=points,
            cuts=cuts,
            waiting=glyph.waiting,
            width=width,
            enters=char.islower() and (lead > 0 or (start[0] < 0.4 * glyph.width and -0.1 < start[1] < 1.1)),
            leaves=char.islower() and end[0] > 0.45 * glyph.width and -0.1 < end[1] < 0.8,
        )

    def _stretch(self, points: np.ndarray, lower: bool) -> np.ndarray:
        """Normalised points (N, 2) with the writer's ascenders and descenders, or height of capitals, in x-heights."""
        x, y = points.T
        if lower:
            above, below = np.maximum(y - 1, 0), np.minimum(y, 0)
            y = np.clip(y, 0, 1) + self.style.ascender * above + self.style.descender * below
        else:
            y = y * (1 + self.style.capital) / 2
        return np.stack([x, y], axis=1)

    def _lay_out(self, text: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
        """The path (N, 2) of a text and its strokes' starts (S,): glyphs set side by side, each a little different."""
        style, count = self.style, len(text)
        noise = style.variation * rng.standard_normal((count, 4))
        baseline = style.drift * _wander(count, 4.0, rng)
        growth = 1 + noise[:, 2] + 0.5 * style.drift * _wander(count, 6.0, rng)
        joins = rng.random(count) < style.join
        pen, cursor, before = _Pen(), 0.0, None
        for i, char in enumerate(text):
            if char == " ":
                cursor += style.word_gap * (1 + 2 * noise[i, 0])
                before = None
                continue
            glyph = self._glyphs[char]
            scale = np.array([[growth[i] * (1 + noise[i, 0]), 0.0], [noise[i, 1], growth[i]]])
            height = baseline[i] + style.slope * cursor + 0.7 * noise[i, 3]
            joined = before is not None and before.leaves and glyph.enters and bool(joins[i])
            if pen.waited > (_MAX_WAIT if style.dots_late else 0):
                joined = False
            pen.put(glyph, glyph.points @ scale + [cursor, height], joined)
            cursor += glyph.width * scale[0, 0] + style.spacing
            before = glyph
        return pen.path()

    def _waver(self, path: np.ndarray, starts: np.ndarray, rng: np.random.Generator) -> np.ndarray:
        """The path (N, 2) with the hand's slow wobble and quick tremor along it."""
        arc = np.cumsum(np.append(0, np.hypot(*np.diff(path, axis=0).T)))
        for amplitude, spacing in ((self.style.wobble, 0.6), (self.style.tremor, 0.2)):
            knots = rng.standard_normal((2, int(arc[-1] / spacing) + 2)) * amplitude
            grid = np.arange(knots.shape[1]) * spacing
            path = path + np.stack([np.interp(arc, grid, axis) for axis in knots], axis=1)
        return path


class _Pen:
    """Collects strokes in the order of writing; those that may wait are written when the pen is next lifted."""

    def __init__(self) -> None:
        self._pieces: list[np.ndarray] = []
        self._starts: list[int] = []
        self._size = 0
        self._waiting: list[np.ndarray] = []
        self.waited = 0  # letters written since the oldest waiting stroke's, that letter included

    def put(self, glyph: Written, points: np.ndarray, joined: bool) -> None:
        if not joined:
            self._flush()
        self.waited += bool(self._waiting or glyph.waiting)
        cuts = glyph.cuts
        last = len(cuts) - 1 - glyph.waiting
        for k in range(len(cuts) - 1):
            low = 0 if joined and k == 0 else cuts[k]
            stroke = points[low : cuts[k + 1]]
            if k >= last:
                self._waiting.append(stroke)
            else:
                self._add(stroke, new=k > 0 or not joined)

    def path(self) -> tuple[np.ndarray, np.ndarray]:
        """All points (N, 2) and the starts (S,) of the strokes."""
        self._flush()
        return np.concatenate(self._pieces), np.array(self._starts)

    def _add(self, stroke: np.ndarray, new: bool) -> None:
        if new:
            self._starts.append(self._size)
        self._pieces.append(stroke)
        self._size += len(stroke)

    def _flush(self) -> None:
        for stroke in self._waiting:
            self._add(stroke, new=True)
        self._waiting = []
        self.waited = 0


def hershey_faces() -> dict[str, dict[str, list[Glyph]]]:
    """The two faces that writers draw on; load them once for all writers."""
    return {face: load_glyphs(face) for face in (PRINT, SCRIPT)}


def _dense(strokes: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Strokes as one path (N, 2) with a point every 0.08 x-heights, and their starts (S,)."""
    points = np.concatenate(strokes)
    starts = np.cumsum([0] + [len(stroke) for stroke in strokes[:-1]])
    lengths = arc_length(points, starts)
    ends = stroke_ends(starts, len(points))
    return resample(points, lengths, starts, np.maximum(lengths[ends] / 0.08, 2).astype(int))


def _bend(points: np.ndarray, amplitude: float, rng: np.random.Generator) -> np.ndarray:
    """Points (N, 2) moved by a field of three waves of some x-heights' length: strokes that touch stay together."""
    waves = rng.normal(0, 1.8, (2, 3))
    phases = rng.uniform(0, 2 * np.pi, 3)
    pulls = amplitude * rng.standard_normal((3, 2))
    return points + np.sin(points @ waves + phases) @ pulls


def _wander(count: int, spacing: float, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise (count,) of unit size, with a new value every `spacing` characters."""
    knots = rng.standard_normal(int(count / spacing) + 2)
    return np.interp(np.arange(count) / spacing, np.arange(len(knots)), knots)


def _ink(path: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Points (T, 3) float32, y downward, end_of_stroke 1 on the last of each stroke; the first point is the origin."""
    points = np.zeros((len(path), 3), np.float32)
    points[:, :2] = (path - path[0]) * [1, -1]
    points[stroke_ends(starts, len(path)), 2] = 1
    return points


def _times(path: np.ndarray, starts: np.ndarray) -> np.ndarray:
    """Seconds (T,): one tick a point, and between strokes a few more, the longer the way through the air."""
    ticks = np.ones(len(path))
    ticks[0] = 0
    jumps = np.hypot(*(path[starts[1:]] - path[starts[1:] - 1]).T)
    ticks[starts[1:]] = 3 + np.rint(2 * jumps)
    return np.cumsum(ticks) * SECONDS_PER_TICK
