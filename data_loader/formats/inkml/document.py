"""One InkML file: its traces in their groups, with the texts and labels that they are annotated with."""

import math
import re
import xml.parsers.expat
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from data_loader.formats.inkml.traces import DEFAULT_FORMAT, Channel, TraceFormat, parse_trace
from data_loader.formats.read_report import BadFileError

LABELS = {
    "text": ("transcription", "truth", "text", "label", "literal"),
    "writer": ("writer", "writerid", "author"),
    "split": ("split", "splittagoriginal"),
    "id": ("id", "sampleid", "ui"),
}
"""The types of annotation that are read, in lower case and letters alone; of two, the one that comes first here."""
_KINDS = {name: (kind, rank) for kind, names in LABELS.items() for rank, name in enumerate(names)}
_ENCODINGS = {"utf-8", "utf-16", "iso-8859-1", "us-ascii", "windows-1252"}
_MAX_DEPTH = 100
_MAX_ELEMENTS = 100_000
_MAX_CHANNELS = 100
_MIN_RESOLUTION = 1e-6


@dataclass(slots=True)
class Stroke:
    """One pen-down trace, joined with its continuations: (n, 4) each, see `parse_trace`; or why it cannot be used."""

    trace_format: TraceFormat
    parts: list[np.ndarray]
    fault: BadFileError | None = None


@dataclass(slots=True)
class Label:
    """The text of an annotation; `rank` is the place of its type in LABELS; whether it was written in several lines."""

    text: str
    rank: int
    has_lines: bool


@dataclass(slots=True, eq=False)
class Group:
    """A traceGroup, or the whole file."""

    parent: "Group | None" = None
    trace_format: TraceFormat | None = None
    labels: dict[str, Label] = field(default_factory=dict)
    items: "list[Stroke | Group]" = field(default_factory=list)

    def strokes(self) -> Iterator[Stroke]:
        """All strokes in it and in the groups below it, in the file's order."""
        for item in self.items:
            if isinstance(item, Stroke):
                yield item
            else:
                yield from item.strokes()

    def lines(self) -> "list[Group]":
        """The outermost groups that hold ink and have a text of their own, be it this one.

        A text of several lines on a group with such groups in it is a page's: they are the lines.
        """
        inner = [line for item in self.items if isinstance(item, Group) for line in item.lines()]
        text = self.labels.get("text")
        whole = text and not (text.has_lines and inner) and next(self.strokes(), None)
        return [self] if whole else inner

    def label(self, kind: str) -> str:
        """Its own label of this kind, or the nearest of a group that it is in, or ""."""
        if kind in self.labels:
            return self.labels[kind].text
        return self.parent.label(kind) if self.parent else ""


@dataclass
class Document:
    """A file's groups; how many of its strokes are in them or in definitions; its oddities, each with its count."""

    root: Group = field(default_factory=Group)
    num_strokes: int = 0
    odd: Counter[str] = field(default_factory=Counter)


def parse_document(data: bytes) -> Document:
    """Return the groups and traces of an InkML file; a trace that cannot be used is there with its fault.

    Raises:
        BadFileError: the file as a whole cannot be used, and why.
    """
    if not data.strip():
        raise BadFileError("empty file", "no XML in it")
    recorder = _Recorder()
    parser = xml.parsers.expat.ParserCreate()
    parser.buffer_text = True
    parser.XmlDeclHandler = recorder.declaration
    parser.StartDoctypeDeclHandler = recorder.refuse_doctype
    parser.StartElementHandler = recorder.start
    parser.EndElementHandler = recorder.end
    parser.CharacterDataHandler = recorder.characters
    try:
        parser.Parse(data, True)
    except xml.parsers.expat.ExpatError as error:
        raise BadFileError("broken XML", str(error)) from None
    return recorder.document


class _Recorder:
    """Expat's handlers."""

    def __init__(self) -> None:
        self.document = Document()
        self.open: list[tuple[str, dict[str, str]]] = []
        self.groups = [self.document.root]
        self.formats: dict[str, TraceFormat | None] = {"DefaultContext": DEFAULT_FORMAT}
        self.current: TraceFormat | None = None
        self.contexts: list[TraceFormat | None] = []
        self.channels: list[Channel] = []
        self.num_regular = 0
        self.strokes: dict[str, Stroke] = {}  # the last one also under ""
        self.text: list[str] = []
        self.num_elements = 0

    def declaration(self, _: str, encoding: str | None, __: int) -> None:
        if encoding and encoding.lower() not in _ENCODINGS:
            raise BadFileError("unknown encoding", f"{encoding[:40]!r}; save the file as UTF-8")

    def refuse_doctype(self, *_: object) -> None:
        raise BadFileError("XML with a DOCTYPE", "a document type may define entities; take it out")

    def characters(self, text: str) -> None:
        self.text.append(text)

    def start(self, name: str, attributes: dict[str, str]) -> None:
        name = name.rpartition(":")[2]
        around = self.open[-1][0] if self.open else ""
        self.num_elements += 1
        if not self.open and name != "ink":
            raise BadFileError("not InkML", f"its outermost element is <{name[:40]}>, not <ink>")
        if around in ("trace", "annotation"):
            raise BadFileError("broken XML", f"<{name[:40]}> inside <{around}>")
        if len(self.open) == _MAX_DEPTH or self.num_elements > _MAX_ELEMENTS:
            raise BadFileError("huge file", f"more than {_MAX_DEPTH} elements deep, or {_MAX_ELEMENTS} in all")
        self.text.clear()
        in_annotation = self._is_open("annotationXML")
        self.open.append((name, attributes))
        if in_annotation:
            return
        if name in ("traceGroup", "definitions"):
            group = Group(self.groups[-1], self._referred(attributes) or self.groups[-1].trace_format)
            if name == "traceGroup":
                self.groups[-1].items.append(group)
            self.groups.append(group)
        elif name in ("context", "inkSource"):
            self.contexts.append(self._referred(attributes))
        elif name == "traceFormat":
            self.channels, self.num_regular = [], 0
        elif name == "channel":
            sign = -1 if attributes.get("orientation") == "-ve" else 1
            self.channels.append(Channel(attributes.get("name", ""), attributes.get("units", ""), sign))
            self.num_regular += around != "intermittentChannels"
            if len(self.channels) > _MAX_CHANNELS:
                raise BadFileError("bad trace format", f"more than {_MAX_CHANNELS} channels")
        elif name == "channelProperty" and attributes.get("name") == "resolution" and self.contexts:
            self._set_resolution(attributes)
        elif name == "traceView":
            self.document.odd["traceViews, not followed"] += 1

    def end(self, _: str) -> None:
        name, attributes = self.open.pop()
        text = "".join(self.text)
        self.text.clear()
        if name.startswith("annotation") or self._is_open("annotationXML"):
            kind = attributes.get("type", "") if name.startswith("annotation") else name
            self._annotate(kind, text, attributes.get("xml:space") == "preserve")
        elif name == "trace":
            self._trace(text, attributes)
        elif name in ("traceGroup", "definitions"):
            self.groups.pop()
        elif name == "traceFormat":
            self._define(TraceFormat(tuple(self.channels), self.num_regular), attributes)
        elif name in ("context", "inkSource"):
            self._define(self.contexts.pop(), attributes)

    def _is_open(self, name: str) -> bool:
        return any(name == other for other, _ in self.open)

    def _referred(self, attributes: dict[str, str]) -> TraceFormat | None:
        """The format that the attributes refer to."""
        for key in ("traceFormatRef", "inkSourceRef", "contextRef"):
            name = attributes.get(key, "").rpartition("#")[2]
            if name and name not in self.formats:
                self.document.odd["references to nothing in the file"] += 1
            elif name and (known := self.formats[name]):
                return known
        return None

    def _set_resolution(self, attributes: dict[str, str]) -> None:
        """Take in how many values of a channel of this ink source are one unit, such as 1000 with units "1/cm"."""
        source, units = self.contexts[-1], attributes.get("units", "")
        channel = attributes.get("channel", "")
        try:
            resolution = float(attributes.get("value", ""))
        except ValueError:
            resolution = math.nan
        if source is None or channel not in ("X", "Y") or not units.startswith("1/"):
            return
        if not _MIN_RESOLUTION <= resolution <= 1 / _MIN_RESOLUTION:
            self.document.odd["resolutions that are no number, not read"] += 1
            return
        self.contexts[-1] = source.with_resolution(channel, resolution, units.removeprefix("1/"))

    def _define(self, trace_format: TraceFormat | None, attributes: dict[str, str]) -> None:
        """Take in a format that ends here: for those who refer to it, for its context, for the traces after it.

        Until a context says otherwise the first format of the file holds, whether or not a trace refers to it.
        """
        self.formats[_id(attributes)] = trace_format
        if trace_format is None:
            return
        if self.contexts:
            self.contexts[-1] = trace_format
        if self.current is None or not self._is_open("definitions"):
            self.current = trace_format

    def _annotate(self, name: str, text: str, preserve: bool) -> None:
        """Label the group that an annotation is in, if it is of a type that is read."""
        names = [name for name, _ in self.open]
        owner = names[: names.index("annotationXML")] if "annotationXML" in names else names
        kind, rank = _KINDS.get(re.sub("[^a-z]", "", name.lower()), ("", 0))
        shown = text if preserve else " ".join(text.split())
        if not (kind and shown and owner and owner[-1] in ("ink", "traceGroup")):
            return
        labels = self.groups[-1].labels
        if kind in labels and labels[kind].rank == rank and labels[kind].text != shown:
            self.document.odd[f"second {kind}s of one thing, the first is kept"] += 1
        if kind not in labels or labels[kind].rank > rank:
            labels[kind] = Label(shown, rank, "\n" in text.strip())

    def _trace(self, text: str, attributes: dict[str, str]) -> None:
        """Put a trace into its group, or at the end of the stroke that it goes on with."""
        if attributes.get("type") == "penUp":
            self.document.odd["penUp traces, left out"] += 1
            return
        trace_format = self._referred(attributes) or self.groups[-1].trace_format or self.current or DEFAULT_FORMAT
        stroke, prior = Stroke(trace_format, []), None
        try:
            points, odd = parse_trace(text, trace_format)
            stroke.parts.append(points)
            self.document.odd.update(_oddities(points, odd, trace_format, attributes))
        except BadFileError as bad:
            stroke.fault = bad
        if attributes.get("continuation") in ("middle", "end"):
            prior = self.strokes.get(attributes.get("priorRef", "").rpartition("#")[2])
            if not prior or prior.trace_format != trace_format:
                self.document.odd["continuations of no trace of their kind"] += 1
                prior = None
        if prior:
            prior.parts += stroke.parts
            prior.fault = prior.fault or stroke.fault
            stroke = prior
        else:
            self.groups[-1].items.append(stroke)
            self.document.num_strokes += 1
        self.strokes[""] = self.strokes[_id(attributes)] = stroke


def _id(attributes: dict[str, str]) -> str:
    return attributes.get("xml:id", attributes.get("id", ""))


def _oddities(points: np.ndarray, odd: str, trace_format: TraceFormat, attributes: dict[str, str]) -> list[str]:
    clock = trace_format.find("T")
    oddities = {
        odd: True,
        "empty traces": not len(points),
        "times without a unit, read as milliseconds": clock and not clock.units,
        "time offsets of traces, not read": clock and "timeOffset" in attributes,
    }
    return [oddity for oddity, is_there in oddities.items() if oddity and is_there]
