"""The `.SEGMENT`s of a UNIPEN file: where in the ink there is which text.

A file is a row of statements, each from a keyword in the first column to the next one; anything else is free text.
The format: I. Guyon et al., UNIPEN project of on-line data exchange and recognizer benchmarks, ICPR 1994.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass

from data_loader.formats.read_report import BadFileError

QUALITIES = ("OK", "GOOD", "BAD", "?")
_STATEMENT = re.compile(rb"^\.(?=[A-Z])", re.MULTILINE)
_INCLUDE = re.compile(rb"^\.INCLUDE[ \t]+(\S+)", re.MULTILINE)
_SEGMENT = re.compile(r'([A-Z]+)\s+([0-9:,-]+)\s+(\S+)\s+"((?:[^"\\]|\\.)*)"\s*', re.DOTALL)
_SPAN = re.compile(r"(\d{1,9})(?::(\d{1,9}))?(?:-(\d{1,9})(?::(\d{1,9}))?)?")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_UNESCAPED = {"@": ""}  # collection kai puts \@ for the stroke between two letters
_PLACEHOLDER = "Word!"  # in collection apd, of 20 pages whose words are not known


@dataclass(frozen=True)
class Span:
    """A part of the ink: sections `first` to `last`, from point `begin` of the first to `end` of the last, inclusive.

    Sections and points are counted from 0; an `end` of None is the last point of the section.
    """

    first: int
    begin: int
    last: int
    end: int | None


@dataclass(frozen=True)
class Segment:
    """A labelled piece of ink; `quality` is one of QUALITIES."""

    spans: tuple[Span, ...]
    quality: str
    text: str


def statements(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield (keyword, all up to the next keyword) of a file, in order."""
    for piece in _STATEMENT.split(data)[1:]:
        keyword, _, rest = piece.partition(b"\n")
        name, *same_line = keyword.split(None, 1)
        yield name, b"\n".join([*same_line, rest])


def included_paths(data: bytes) -> list[str]:
    """Return the paths that a file includes, in order."""
    return [path.decode("latin-1") for path in _INCLUDE.findall(data)]


def parse_segments(data: bytes) -> Iterator[Segment | BadFileError]:
    """Yield the segments of a file; in the place of one that is broken, the error that says why."""
    for name, rest in statements(data):
        if name == b"SEGMENT":
            try:
                yield _segment(rest.decode("latin-1"))
            except BadFileError as bad:
                yield bad


def _segment(statement: str) -> Segment:
    match = _SEGMENT.fullmatch(statement)
    if not match:
        raise BadFileError("broken segment", f'{statement[:60]!r} is not KIND RANGE QUALITY "LABEL"')
    _, spans, quality, label = match.groups()
    if quality not in QUALITIES:
        raise BadFileError("unknown quality", f"{quality[:20]!r} is none of {', '.join(QUALITIES)}")
    text = _ESCAPED.sub(lambda escape: _UNESCAPED.get(escape[1], escape[1]), label)
    text = unicodedata.normalize("NFC", " ".join(text.replace("@_SigN", "@").split()))
    if text in ("", _PLACEHOLDER):
        raise BadFileError("no text", f"the label {label[:20]!r} does not say what is written")
    if not text.isprintable():
        raise BadFileError("bad text", f"{text[:40]!r} has characters that cannot be written")
    return Segment(tuple(map(parse_span, spans.split(","))), quality, text)


def parse_span(text: str) -> Span:
    """Return the span of `3`, `3-7`, `3:12-4:20`, `3-4:20`, `3:12-4` or `3:12` (one point).

    Raises:
        BadFileError: it is none of these, or runs backward.
    """
    match = _SPAN.fullmatch(text)
    if not match:
        raise BadFileError("bad range", f"{text[:40]!r} is not SECTION[:POINT][-SECTION[:POINT]]")
    first, begin, last, end = (None if group is None else int(group) for group in match.groups())
    span = Span(first or 0, begin or 0, *((first or 0, begin) if last is None else (last, end)))
    if (span.last, span.end if span.end is not None else span.begin) < (span.first, span.begin):
        raise BadFileError("bad range", f"{text[:40]!r} runs backward")
    return span
