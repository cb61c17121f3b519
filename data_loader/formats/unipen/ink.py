"""The ink of UNIPEN files: sections of points with the pen on the paper or above it, under headers."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from data_loader.formats.read_report import BadFileError
from data_loader.formats.unipen.segments import Span, statements
from ink.strokes import MAX_COORDINATE

MAX_INCLUDES, MAX_DEPTH = 64, 8
"""Files that make up one ink, and how deep they may include each other; in train_r01_v07 it is 4 and 2."""
MAX_NUMBERS = 8_000_000
"""Numbers of one ink, to limit memory; the largest ink of train_r01_v07 has about 900,000."""
MAX_COLUMNS, MAX_NUMBER = 16, 1e16
"""Columns of a point, and the size of a number; it holds microseconds since 1970."""
MM_PER_INCH = 25.4
UNITS_PER_INCH = 1000.0
"""The resolution where no header gives one: that of Windows for Pen, with which the only such collection was made."""
MAX_RATE = 1_000
"""Points per second; more is a mistake, such as the 9,600 baud of its cable in the collection kai."""
CLOCKS = (1e-3, 1.0, 1e-6)
"""Seconds per unit of T: the format says ms, the collection atu counts microseconds."""
_KEYWORDS = {
    b"X_POINTS_PER_INCH": ("x_per_mm", 1 / MM_PER_INCH),
    b"Y_POINTS_PER_INCH": ("y_per_mm", 1 / MM_PER_INCH),
    b"X_POINTS_PER_MM": ("x_per_mm", 1.0),
    b"Y_POINTS_PER_MM": ("y_per_mm", 1.0),
    b"POINTS_PER_SECOND": ("rate", 1.0),
}
"""Numbers in headers: the field of `Header` that they set, and the factor."""


@dataclass(frozen=True)
class Header:
    """The facts about the points that follow; x_per_mm, y_per_mm (units per mm) and rate (points per s) may be 0."""

    columns: tuple[str, ...] = ("X", "Y")
    x_per_mm: float = 0.0
    y_per_mm: float = 0.0
    rate: float = 0.0
    writer: str = ""
    hand: str = ""


@dataclass
class Ink:
    """The sections that have points, in order.

    xy       (N, 2) float32 mm, x to the right and y downward
    times    (N,) float64 seconds, NaN where unknown
    starts   (S + 1,) int64: the first point of each section, and N
    is_down  (S,) bool: True where the pen is on the paper
    headers  S of them, what is known of each section
    missing  paths of included files that are not there
    """

    xy: np.ndarray
    times: np.ndarray
    starts: np.ndarray
    is_down: np.ndarray
    headers: list[Header]
    missing: list[str]

    @classmethod
    def empty(cls) -> "Ink":
        """Return ink without a section."""
        return cls(np.empty((0, 2), np.float32), np.empty(0), np.zeros(1, np.int64), np.empty(0, bool), [], [])

    def rows(self, spans: Sequence[Span]) -> np.ndarray:
        """Return the rows (T,) int64 of the points on the paper in the spans, in the order of writing.

        Raises:
            BadFileError: a span goes beyond the ink.
        """
        pieces = [np.empty(0, np.int64)]
        for span in spans:
            begin, stop = self._bounds(span)
            for section in range(span.first, span.last + 1):
                if self.is_down[section]:
                    pieces.append(np.arange(max(begin, self.starts[section]), min(stop, self.starts[section + 1])))
        return np.unique(np.concatenate(pieces))

    def points(self, rows: np.ndarray) -> np.ndarray:
        """Return rows (T,) as points (T, 3) float32: x, y, end_of_stroke; a gap between rows ends a stroke."""
        is_end = np.append((np.diff(rows) != 1) | np.isin(rows[1:], self.starts), True)
        return np.column_stack([self.xy[rows], is_end]).astype(np.float32)

    def _bounds(self, span: Span) -> tuple[int, int]:
        """Return the first row of a span, and that after its last."""
        if self.missing and span.last >= len(self.is_down):
            raise BadFileError("included file is not there", ", ".join(self.missing)[:80])
        if span.last >= len(self.is_down):
            raise BadFileError("range beyond the ink", f"section {span.last} of {len(self.is_down)}")
        begin = int(self.starts[span.first]) + span.begin
        end_section = int(self.starts[span.last + 1])
        stop = end_section if span.end is None else int(self.starts[span.last]) + span.end + 1
        if begin >= self.starts[span.first + 1] or stop > end_section:
            raise BadFileError(
                "range beyond the ink", f"a point that section {span.first} or {span.last} does not have"
            )
        return begin, stop


@dataclass
class _Run:
    """Sections in a row under one header."""

    header: Header
    numbers: list[float] = field(default_factory=list)
    counts: list[int] = field(default_factory=list)
    is_down: list[bool] = field(default_factory=list)
    delays: list[float] = field(default_factory=list)


def read_ink(includes: Sequence[str], files: Mapping[str, bytes]) -> Ink:
    """Return the ink of the included files together; those without points come first, as their headers are for all.

    `files` are all files of the source by their path below include/.

    Raises:
        BadFileError: a point is broken, or the files include too much.
    """
    missing: list[str] = []
    runs, delay, left = [_Run(Header())], 0.0, MAX_NUMBERS
    ordered = sorted(includes, key=lambda path: b"\n.PEN_" in files.get(path, b""))
    for name, rest in _walk(ordered, files, missing, iter(range(MAX_INCLUDES, 0, -1))):
        run = runs[-1]
        if name in (b"PEN_DOWN", b"PEN_UP"):
            numbers = _numbers(rest, len(run.header.columns))
            left -= len(numbers)
            if left < 0:
                raise BadFileError("huge ink", f"more than {MAX_NUMBERS:,} numbers in the files together")
            if numbers:
                run.numbers += numbers
                run.counts.append(len(numbers) // len(run.header.columns))
                run.is_down.append(name == b"PEN_DOWN")
                run.delays.append(delay)
                delay = 0.0
        elif name == b"DT":
            delay += _number(rest) / 1000
        elif (header := _updated(run.header, name, rest)) != run.header:
            runs.append(_Run(header))
    return _ink([run for run in runs if run.counts], missing)


def _numbers(rest: bytes, columns: int) -> list[float]:
    """Return the numbers of a section; of a broken section one point of NaN, as the sections after it still count."""
    try:
        numbers = list(map(float, rest.split()))
    except ValueError:
        numbers = [np.nan]
    return [np.nan] * columns if len(numbers) % columns else numbers


def _walk(
    paths: Sequence[str], files: Mapping[str, bytes], missing: list[str], left: Iterator[int], depth: int = 1
) -> Iterator[tuple[bytes, bytes]]:
    """Yield the statements of files, those of the files that they include in their place."""
    for path in paths:
        if path not in files:
            missing.append(path)
            continue
        if next(left, 0) == 0 or depth > MAX_DEPTH:
            raise BadFileError("too many includes", f"more than {MAX_INCLUDES} files, or {MAX_DEPTH} deep")
        for name, rest in statements(files[path]):
            if name == b"INCLUDE":
                yield from _walk([rest.decode("latin-1").strip()], files, missing, left, depth + 1)
            else:
                yield name, rest


def _updated(header: Header, name: bytes, rest: bytes) -> Header:
    """Return the header after one more statement."""
    value = rest.partition(b"\n")[0].decode("latin-1").strip()
    if name == b"COORD":
        columns = tuple(value.split())
        if len(set(columns)) < len(columns) or len(columns) > MAX_COLUMNS or not {"X", "Y"} <= set(columns):
            raise BadFileError("bad columns", f".COORD {value[:40]!r} has no X and Y, or a column twice")
        return replace(header, columns=columns)
    if name == b"WRITER_ID":
        return replace(header, writer=value)
    if name == b"HAND":
        return replace(header, hand=value)
    if name not in _KEYWORDS:
        return header
    key, factor = _KEYWORDS[name]
    return replace(header, **{key: _number(rest) * factor})  # type: ignore[arg-type]


def _number(rest: bytes) -> float:
    """Return the positive number that a statement begins with; 0 where there is none."""
    try:
        number = float(rest.split(None, 1)[0])
    except (ValueError, IndexError):
        return 0.0
    return number if 0 < number <= MAX_COORDINATE else 0.0


def _ink(runs: list[_Run], missing: list[str]) -> Ink:
    xy, times, end = [np.empty((0, 2))], [np.empty(0)], 0.0
    for run in runs:
        columns = run.header.columns
        table = np.array(run.numbers).reshape(-1, len(columns))
        table[~(np.abs(table) < MAX_NUMBER)] = np.nan
        xy.append(table[:, [columns.index("X"), columns.index("Y")]] / _scale(run.header))
        times.append(_times(run, table, end))
        end = float(times[-1][-1])
    return Ink(
        xy=np.concatenate(xy).astype(np.float32),
        times=np.concatenate(times),
        starts=np.cumsum([0, *(count for run in runs for count in run.counts)]),
        is_down=np.array([is_down for run in runs for is_down in run.is_down], bool),
        headers=[run.header for run in runs for _ in run.counts],
        missing=missing,
    )


def _scale(header: Header) -> np.ndarray:
    """Return the units per mm of x and y (2,), y negative as it grows upward in the files."""
    x = header.x_per_mm or header.y_per_mm or UNITS_PER_INCH / MM_PER_INCH
    return np.array([x, -(header.y_per_mm or x)])


def _times(run: _Run, table: np.ndarray, start: float) -> np.ndarray:
    """Return the seconds of a run's points (N,): its T, else by its rate and the delays between sections, else NaN."""
    rate = run.header.rate if run.header.rate <= MAX_RATE else 0.0
    if "T" in run.header.columns:
        ticks = table[:, run.header.columns.index("T")]
        return ticks * _clock(np.diff(ticks), rate)
    if not rate:
        return np.full(len(table), np.nan)
    return start + np.arange(1, len(table) + 1) / rate + np.repeat(np.cumsum(run.delays), run.counts)


def _clock(steps: np.ndarray, rate: float) -> float:
    """Return the seconds per unit of time stamps with these steps, by the sampling rate if it is known, else ms."""
    steps = steps[steps > 0]
    if not (rate and len(steps)):
        return CLOCKS[0]
    return min(CLOCKS, key=lambda clock: abs(np.log(np.median(steps) * clock * rate)))
