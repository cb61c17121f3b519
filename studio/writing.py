"""The studio's writing: a text written live, and the same writing as a file."""

from collections import OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Lock
from typing import Any

import numpy as np

from ink.geometry import x_height
from ink.strokes import pen_strokes
from render.ink.page import Page
from render.ink.paper import X_HEIGHT, X_PER_SPACING
from render.ink.plotter import MACHINES, load_machine, require_vpype
from render.ink.raster import write_png
from results.roles import load_as
from results.trained import bundled
from results.writing.line_length import line_length
from results.writing.lines import Style, Writing, page_paths
from results.writing.writer import FIRST_TEXT, Writer
from studio.files import zipped
from studio.hand import PREFIX, Hands
from studio.lines import LineMemory, LiveDraw, OnInk
from studio.settings import WriteSettings
from studio.styles import Styles
from studio.turns import Emit
from utils.errors import InputError

DECIMALS = 2
"""Decimals of a point in mm, for the screen."""
HANDS = "hands"
"""Folder of the handwritings that are learned, in the studio's own."""
MAX_NETWORKS, MAX_OWN_STYLES = 3, 200
"""Networks that learned a handwriting, and styles of seeds, that are kept in memory."""
KINDS = {
    "svg": (".svg", "image/svg+xml"),
    "png": (".png", "image/png"),
    "transparent": (".png", "image/png"),
    "pdf": (".pdf", "application/pdf"),
    "animated": (".animated.svg", "image/svg+xml"),
}
"""Suffixes and media types of the files that a writing is saved as; plotters' files are named by their machines."""


def machines() -> list[str]:
    """The plotters whose files can be made here; none where vpype is not installed."""
    try:
        require_vpype()
    except InputError:
        return []
    return sorted(path.stem for path in MACHINES.glob("*.toml"))


@dataclass(eq=False)
class Network:
    """A network that writes, and the lines that it wrote last.

    unit   x-height of what it writes without a style, about, in the data set's units
    """

    writer: Writer
    unit: float
    memory: LineMemory = field(default_factory=LineMemory)

    def __post_init__(self) -> None:
        self.draw_own_style = lru_cache(MAX_OWN_STYLES)(lambda *given: self.writer.own_styles(*given)[0])

    def own_style(self, texts: Sequence[str], settings: WriteSettings) -> Style | None:
        """The style of several lines without another one, as `Writer.write` has it: drawn once, as it takes long."""
        if self.writer.own_line or settings.hands == "each" or sum(map(bool, texts)) < 2:
            return None
        text = max(texts, key=len) if self.writer.alphabet.missing(FIRST_TEXT) else FIRST_TEXT
        return self.draw_own_style((text,), (settings.seed,), settings.bias)


class Desk:
    """A writer with its styles, and those that learned a handwriting.

    base   the network that handwritings are learned with; None: the usual one
    """

    def __init__(self, writer: Writer, folder: Path, base: Path | None = None) -> None:
        writer.require("write lines")
        self.writer, self.folder, self.base = writer, folder, base
        self.styles, self.hands = Styles(writer, folder / "styles"), Hands(folder / HANDS, writer.alphabet.characters)
        self.lock, self.learned = Lock(), OrderedDict[tuple[Path, int], Network]()
        sample = writer.write(self.styles.text, seed=1)  # builds the kernels too
        inks = [line.points for line in self.styles.bundled] or sample.lines
        self.network = Network(writer, float(np.median([x_height(ink) for ink in inks])))

    def cards(self) -> list[dict[str, Any]]:
        """Every handwriting that can be chosen, those that were learned first."""
        return [*(hand["card"] for hand in self.hands.all() if hand["card"]), *self.styles.cards()]

    def _network(self, style: str) -> Network:
        """The network that writes in a style.

        Raises InputError where it was learned with another network than there is now.
        """
        if not style.startswith(PREFIX):
            return self.network
        path = self.hands.get(style.removeprefix(PREFIX)).weights
        key = path, path.stat().st_mtime_ns
        with self.lock:
            if key not in self.learned:
                writer = load_as(Writer, path, base=self.base)
                sample = writer.write(self.styles.text, seed=1)
                self.learned[key] = Network(writer, x_height(sample.lines[0]))
            self.learned.move_to_end(key)
            while len(self.learned) > MAX_NETWORKS:
                self.learned.popitem(last=False)
            return self.learned[key]

    def _style(self, style: str) -> Style | None:
        return None if style.startswith(PREFIX) else self.styles.style(style)

    def write(self, settings: WriteSettings, emit: Emit) -> dict[str, Any]:
        """Write a text; its events are "lines", which it is cut into, "ink", points as they are drawn, and at the end
        the pages with the place of every line on them.
        """
        network, given = self._network(settings.style), settings.sheet()
        writer, (text, used) = network.writer, _text(network.writer, settings)
        texts = writer.lines_of(text, line_length(writer, text, given, self._style(settings.style)))
        paper = given.for_lines(len(texts))
        scale = (paper.given_x_height or X_HEIGHT) / self._unit(network, settings.style)
        spacing = paper.line_spacing or (paper.given_x_height or X_HEIGHT) / X_PER_SPACING
        sheet = {"width": paper.width, "height": paper.height, "edge": paper.edge, "spacing": spacing}
        emit("lines", {"texts": texts, "sheet": sheet, "substituted": used})
        sent = [0] * len(texts)
        signed = {line for line, each in enumerate(texts) if writer.spelling.signs.intersection(each)}  # its ink moves
        marked = {line for line, each in enumerate(texts) if writer.spelling.plain(each) != each}

        def show(line: int, points: np.ndarray, is_whole: bool) -> None:
            emit("ink", [line, _flat(points[sent[line] :], scale), is_whole])
            sent[line] = len(points)

        def show_letters(line: int, points: np.ndarray, are_all: bool) -> None:
            if line not in signed:
                show(line, points, are_all and line not in marked)

        writing = self._write(settings, show_letters)
        pages = writing.pages(given)
        inks = [writer.points(drawn.strokes) for drawn in writing.samples]
        for line, points in zip(_with_ink(writing), inks, strict=True):
            if line in marked:
                show(line, points, True)
        return {
            "pages": placed(inks, _with_ink(writing), pages, scale),
            "capped": [
                line for line, whole in zip(_with_ink(writing), writing.samples, strict=True) if not whole.stopped
            ],
            "command": self.command(settings),
        }

    def file(self, settings: WriteSettings, kind: str) -> tuple[str, str, bytes]:
        """A writing as a file: its name, media type and content; several pages are in a zip, unless it is a PDF.

        Raises InputError where there is no such kind of file, or it cannot be made here.
        """
        writing, paper, pen = self._write(settings, lambda *_: None), settings.sheet(), settings.ink()
        stem = f"writing-{settings.seed}"
        with TemporaryDirectory(dir=self.folder, prefix=".file-") as scratch:
            stem_path = Path(scratch) / stem
            if kind == "transparent":
                pages = writing.pages(paper)
                paths = page_paths(stem_path, len(pages), ".png")
                for path, page in zip(paths, pages, strict=True):
                    write_png(path, page, pen, transparent=True)
                media = "image/png"
            elif kind in KINDS:
                suffix, media = KINDS[kind]
                paths = writing.save(stem_path.with_name(stem + suffix), paper=paper, pen=pen)
            elif kind in machines():
                paths, media = writing.plot(stem_path, load_machine(kind), paper=paper), "text/plain"
            else:
                raise InputError(f"there is no file of the kind {kind[:40]!r} here")
            if len(paths) == 1:
                return paths[0].name, media, paths[0].read_bytes()
            return f"{stem}.zip", "application/zip", zipped(paths, stem_path.with_suffix(".zip"))

    def command(self, settings: WriteSettings) -> str | None:
        """The command line that writes the same, or None where none does."""
        writer, is_learned = self._network(settings.style).writer, settings.style.startswith(PREFIX)
        argument = None if is_learned else self.styles.argument(settings.style)
        if (settings.style and argument is None and not is_learned) or any(settings.again.values()):
            return None
        network = None if writer.path == bundled("write lines") else str(writer.path)
        return settings.command(network, argument, f"writing-{settings.seed}.svg")

    def _write(self, settings: WriteSettings, on_ink: OnInk) -> Writing:
        """Write a text as `experiments.py write` does; lines that are remembered are not drawn again."""
        network = self._network(settings.style)
        writer, style = network.writer, self._style(settings.style)
        text = _text(writer, settings)[0]
        length = line_length(writer, text, settings.sheet(), style)
        texts = writer.lines_of(text, length)
        return writer.write(
            text,
            bias=settings.bias,
            seed=settings.seed,
            style=style or network.own_style(texts, settings),
            draw=LiveDraw(network.memory, settings.seed, settings.again, on_ink),
            chars_per_line=length,
            hands=settings.hands,
        )

    def _unit(self, network: Network, name: str) -> float:
        """The x-height that lines will have, about, in the data set's units."""
        style = self._style(name)
        return x_height(network.writer.points(style.strokes)) if style else network.unit


def _text(writer: Writer, settings: WriteSettings) -> tuple[str, dict[str, str]]:
    """The text with stand-ins where they are wanted, and those that were used.

    Raises InputError where a character cannot be written.
    """
    able, used = writer.spelling.substitute(settings.text)
    return (able, used) if settings.substitute else (settings.text, {})


def _with_ink(writing: Writing) -> list[int]:
    """The numbers of the lines that are not empty."""
    return [line for line, points in enumerate(writing.lines) if len(points)]


def _flat(points: np.ndarray, scale: float) -> list[float]:
    """Points (T, 3) as x, y in mm, end, x, y, end, ..."""
    values = points.astype(np.float64) * [scale, scale, 1]
    return [round(value, DECIMALS) for value in values.ravel().tolist()]


def placed(
    inks: Sequence[np.ndarray], numbers: Sequence[int], pages: Sequence[Page], scale: float
) -> list[dict[str, Any]]:
    """The pages, each with its lines: `number`, and the matrix that brings its points (times `scale`) to the page.

    inks are the lines as they were drawn, points (T, 3), and numbers theirs. The writing may be turned, and slanted. A
    matrix is a, c, e, b, d, f: x = a x' + c y' + e, y = b x' + d y' + f, in mm.
    """
    lines_left = zip(numbers, inks, strict=True)
    shown = []
    for page in pages:
        lines = []
        for strokes in page.lines:
            number, ink = next(lines_left)
            own = np.concatenate(pen_strokes(ink)).astype(np.float64) * scale
            lines.append(
                {"number": number, "matrix": [round(value, 6) for value in _matrix(own, np.concatenate(strokes))]}
            )
        rules = [[round(value, DECIMALS) for value in rule.ravel().tolist()] for rule in page.rules]
        shown.append({"width": page.width, "height": page.height, "rules": rules, "lines": lines})
    return shown


def _matrix(own: np.ndarray, target: np.ndarray) -> list[float]:
    """Return a, c, e, b, d, f that bring points (n, 2) to a target (n, 2)."""
    middle, place = own.mean(0), target.mean(0)
    turn = np.linalg.lstsq(own - middle, target - place, rcond=None)[0].T
    return np.column_stack([turn, place - turn @ middle]).ravel().tolist()
