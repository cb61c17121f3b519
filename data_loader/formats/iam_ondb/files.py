"""The three kinds of file in IAM-OnDB: a line's strokes (XML), a form's transcription, a list of forms."""

import itertools
import re
import unicodedata
import xml.parsers.expat
from dataclasses import dataclass, field

import numpy as np

from data_loader.formats.read_report import BadFileError
from utils.errors import InputError

FORM = re.compile(r"[a-z]\d{2}-\d{3}[a-z]?")
MAX_COORDINATE = 100_000  # the whiteboard's are about 10,000; float32 holds every integer up to 2**24
JOINED_LINES = re.compile("%{5,}")
_BLANKS = str.maketrans("\t\u00a0", "  ")
_LINE_BREAK = re.compile(r"\r\n|\r|\n")
_NUMBER = re.compile(r"-?[0-9]{1,9}")
_MAX_NUMBER_LENGTH = 10
_NUMBER_CHARACTERS = frozenset("-0123456789")
_MAX_TIME = 1e12  # seconds; also keeps the differences finite
_MAX_OTHER_ELEMENTS = 100  # a lineStrokes file has 7 that are neither Stroke nor Point
_FORMS_A_WRITER = 8


@dataclass(frozen=True)
class Ink:
    """A line's pen path: points (T, 3) float32, times (T,) float64 seconds or None; how many strokes had no point."""

    points: np.ndarray
    times: np.ndarray | None
    empty_strokes: int


@dataclass
class _Recorder:
    """Expat's handlers: the attributes of the points in order, and where each stroke ends."""

    xs: list[str] = field(default_factory=list)
    ys: list[str] = field(default_factory=list)
    times: list[str | None] = field(default_factory=list)
    ends: list[int] = field(default_factory=list)
    in_stroke: bool = False
    other_elements: int = 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if name == "Point":
            if not self.in_stroke:
                raise BadFileError("broken XML", "a Point outside a Stroke")
            try:
                self.xs.append(attributes["x"])
                self.ys.append(attributes["y"])
            except KeyError as missing:
                raise BadFileError("bad coordinates", f"point {len(self.ys) + 1} has no {missing.args[0]}") from None
            self.times.append(attributes.get("time"))
        elif name == "Stroke":
            if self.in_stroke:
                raise BadFileError("broken XML", "a Stroke inside a Stroke")
            self.in_stroke = True
        else:
            self.other_elements += 1
            if self.other_elements > _MAX_OTHER_ELEMENTS:
                raise BadFileError(
                    "broken XML", f"more than {_MAX_OTHER_ELEMENTS} elements that are no Stroke and no Point"
                )

    def end(self, name: str) -> None:
        if name == "Stroke":
            self.in_stroke = False
            self.ends.append(len(self.xs))

    def refuse_doctype(self, *_: object) -> None:
        raise BadFileError("XML with a DOCTYPE", "a document type may define entities; no file of the database has one")


def parse_ink(data: bytes) -> Ink:
    """The pen path in one lineStrokes file: points in the file's own integers, y downward, times from the first point.

    The coordinates are the whiteboard's: its SensorLocation is top_left, x grows to the right and y downward.
    A time that is missing or not a number costs the line all its times, not its ink.

    Raises:
        BadFileError: the file cannot be used, and why.
    """
    if not data.strip():
        raise BadFileError("empty file", "no XML in it")
    recorder = _Recorder()
    parser = xml.parsers.expat.ParserCreate("iso-8859-1")  # whatever the file says: no look-up of odd codecs
    parser.StartElementHandler = recorder.start
    parser.EndElementHandler = recorder.end
    parser.StartDoctypeDeclHandler = recorder.refuse_doctype
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        raise BadFileError("broken XML", str(error)) from None
    return _ink(recorder)


def _ink(recorder: _Recorder) -> Ink:
    lengths = np.diff(recorder.ends, prepend=0)
    num_points = len(recorder.xs)
    if num_points < 2:
        raise BadFileError("no ink", f"{num_points} points; a line needs 2")
    points = np.zeros((num_points, 3), np.float32)
    points[:, 0] = _coordinates(recorder.xs, "x")
    points[:, 1] = _coordinates(recorder.ys, "y")
    points[np.asarray(recorder.ends)[lengths > 0] - 1, 2] = 1
    return Ink(points, _times(recorder.times), int(np.sum(lengths == 0)))


def _coordinates(texts: list[str], axis: str) -> list[int]:
    try:
        if not _NUMBER_CHARACTERS.issuperset("".join(texts)) or max(map(len, texts)) > _MAX_NUMBER_LENGTH:
            raise ValueError
        values = [int(text) for text in texts]
    except ValueError:
        bad = next(text for text in texts if not _NUMBER.fullmatch(text))
        raise BadFileError("bad coordinates", f"{axis}={bad[:40]!r} is no whole number") from None
    if max(values) > MAX_COORDINATE or min(values) < -MAX_COORDINATE:
        raise BadFileError("bad coordinates", f"{axis} from {min(values)} to {max(values)}, beyond +-{MAX_COORDINATE}")
    return values


def _times(texts: list[str | None]) -> np.ndarray | None:
    try:
        times = np.array([float(text) for text in texts if text is not None])
    except ValueError:
        return None
    if len(times) < len(texts) or not np.all(np.abs(times) < _MAX_TIME):
        return None
    seconds: np.ndarray = times - times[0]
    return seconds


def parse_transcription(data: bytes) -> list[str]:
    """The lines of a form's CSR part (the text as it was written, line by line), empty ones left out.

    Latin-1, `&quot;` `&apos;` `&amp;` unescaped, tabs and fixed spaces made spaces, spaces at both ends cut, NFC. Two
    lines that are joined by a row of "%" (a08-551z has that) are split. A form without a CSR part has no lines.
    """
    text = unicodedata.normalize("NFC", data.decode("latin-1")).translate(_BLANKS)
    lines = _LINE_BREAK.split(text)
    start = next((i for i, line in enumerate(lines) if line.startswith("CSR:")), None)
    if start is None:
        return []
    lines = [lines[start].removeprefix("CSR:"), *lines[start + 1 :]]
    for old, new in (("&quot;", '"'), ("&apos;", "'"), ("&amp;", "&")):
        lines = [line.replace(old, new) for line in lines]
    return [part.strip() for line in lines for part in JOINED_LINES.split(line) if part.strip()]


def parse_list(data: bytes, name: str) -> list[str]:
    """The forms that a list names, one a line, e.g. "a01-020x".

    Raises:
        InputError: something in it is no form's name, or it names nothing.
    """
    forms = []
    for number, line in enumerate(_LINE_BREAK.split(data.decode("latin-1")), 1):
        form = line.strip()
        if form and not FORM.fullmatch(form):
            raise InputError(f"{name}, line {number}: {form[:40]!r} is no form's name such as a01-020x; fix the list")
        if form:
            forms.append(form)
    if not forms:
        raise InputError(f"{name}: names no form; take the official list, or none")
    return forms


def writers_of_list(forms: list[str]) -> dict[str, int]:
    """The writer's number, from 1, of the forms in one list, read off their order; empty if that is not known.

    No file of the line archives names a writer. But the official lists go writer by writer, each with eight forms in
    ascending order, and the recorder's clock bears that out: nearly every run of eight was written within an hour,
    one form after the other. A list in another order says nothing, nor does a run that eight does not divide.
    """
    breaks = [0, *(i for i in range(1, len(forms)) if forms[i] <= forms[i - 1]), len(forms)]
    runs = [forms[a:b] for a, b in itertools.pairwise(breaks)]
    if sum(len(run) == _FORMS_A_WRITER for run in runs) < 0.9 * len(runs):
        return {}
    writers: dict[str, int] = {}
    first = 1
    for run in runs:
        if len(run) < _FORMS_A_WRITER or len(run) % _FORMS_A_WRITER == 0:
            writers.update((form, first + i // _FORMS_A_WRITER) for i, form in enumerate(run))
        first += -(-len(run) // _FORMS_A_WRITER)
    return writers
