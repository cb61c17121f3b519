"""The handwriting styles that can be chosen: the bundled ones, random new ones, and those of these that were kept."""

from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from threading import Lock
from typing import Any

import numpy as np

from data_loader.formats.ink_files import ink_of
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.read_report import Report
from ink.geometry import baseline, x_height
from ink.strokes import InkLine, pen_strokes
from results.writing.lines import Style
from results.writing.styles import BUNDLED, load_style, own_unit, style_of
from results.writing.writer import Writer
from studio.files import file_name
from utils.errors import InputError

TEXT = "The quick brown fox"
"""Text of a new style's sample: many letters in few words."""
BIAS = 0.5
TRIES, SEED_STEP = 8, 1_000_000_007
"""A sample that does not end by itself is drawn again, this many times at most, each from a seed this far away."""
X_HEIGHT = 20
"""x-height of a card's sample, in its own units."""
MAX_KEPT = 200
RANDOM, KEPT = "random-", "kept-"


class Styles:
    """The styles of a writer, by the ids of their cards: "style-1", "random-SEED", "kept-NAME".

    folder  where kept styles are, a jsonl file each, which `--style` takes too
    """

    def __init__(self, writer: Writer, folder: Path) -> None:
        self.writer, self.folder = writer, folder
        self.lock, self.styles = Lock(), dict[str, Style]()
        self.text = (
            "".join(character for character in TEXT if character in writer.characters).strip() or writer.characters
        )
        self.bundled = ink_of([BUNDLED], Report()) if BUNDLED.is_file() and writer.reads_text else []

    def cards(self) -> list[dict[str, Any]]:
        """Every bundled and every kept style, as the page shows it."""
        bundled = (card(line.id, f"Style {n}", line) for n, line in enumerate(self.bundled, 1))
        return [*bundled, *map(self._kept_card, self._kept_files())]

    def random(self, seed: int) -> dict[str, Any]:
        """A new style, from a seed."""
        return card(f"{RANDOM}{seed}", "New", self._line(f"{RANDOM}{seed}"))

    def keep(self, name: str, title: str) -> dict[str, Any]:
        """Keep a new style under a title; its card.

        Raises InputError where the title is empty or taken, or the file cannot be written.
        """
        title = file_name(title)
        if not title:
            raise InputError("give the handwriting a name of letters or digits")
        if not name.startswith(RANDOM):
            raise InputError("only a new handwriting can be kept")
        kept = self._kept_files()
        if title in (path.stem for path in kept):
            raise InputError(f"{title!r} is there already; choose another name")
        if len(kept) >= MAX_KEPT:
            raise InputError(f"{MAX_KEPT} handwritings are kept already; remove some first")
        line = replace(self._line(name), id=title, unit=own_unit(self.writer))
        self.folder.mkdir(parents=True, exist_ok=True)
        write_jsonl([line], self.folder / f"{title}.jsonl")
        return card(KEPT + title, title, line)

    def remove(self, name: str) -> None:
        """Delete a kept style."""
        self._kept(name).unlink()
        with self.lock:
            self.styles.pop(name, None)

    def style(self, name: str) -> Style | None:
        """The style of a card; None of none.

        Raises InputError where there is no such card.
        """
        if not name:
            return None
        with self.lock:
            if name not in self.styles:
                bundled = any(line.id == name for line in self.bundled)
                self.styles[name] = load_style(self.writer, name) if bundled else self._style(name)
            return self.styles[name]

    def argument(self, name: str) -> str | None:
        """The style as `--style` of the command line takes it; None where it takes none, or knows no such."""
        if name.startswith(KEPT):
            return str(self._kept(name))
        return name.removeprefix("style-") if name and not name.startswith(RANDOM) else None

    def _style(self, name: str) -> Style:
        # The network drew it itself: its units are the network's own, and nothing has to be measured.
        return style_of(self.writer, self._line(name))

    def _line(self, name: str) -> InkLine:
        if name.startswith(KEPT):
            return ink_of([self._kept(name)], Report())[0]
        seed = name.removeprefix(RANDOM)
        if not (name.startswith(RANDOM) and seed.isdecimal() and int(seed) < 2**32):
            raise InputError(f"there is no handwriting {name[:40]!r}; choose another")
        seeds = [int(seed) + attempt * SEED_STEP for attempt in range(TRIES)]
        for attempt in seeds:
            (sample,) = self.writer.draw_lines([self.text], [attempt], BIAS)
            if sample.stopped:
                break
        return InkLine(name, self.text, "", "", self.writer.points(sample.strokes))

    def _kept(self, name: str) -> Path:
        """The file of a kept style, which is among those in the folder, whatever else a name may spell."""
        for path in self._kept_files():
            if KEPT + path.stem == name:
                return path
        raise InputError(f"the handwriting {name.removeprefix(KEPT)[:40]!r} is not there any more; choose another")

    def _kept_card(self, path: Path) -> dict[str, Any]:
        """The card of a kept style; without a picture where its file is damaged: to choose it tells why."""
        try:
            return card(KEPT + path.stem, path.stem, self._line(KEPT + path.stem))
        except InputError:
            return {"id": KEPT + path.stem, "title": path.stem, "text": "damaged"}

    def _kept_files(self) -> list[Path]:
        return sorted(path for path in self.folder.glob("*.jsonl") if not path.name.startswith("."))


def card(name: str, title: str, line: InkLine) -> dict[str, Any]:
    """A style's card: its id, title, and its sample as the `d` of an SVG path with the box that it is in."""
    points = line.points.astype(np.float64)
    points[:, 1] -= baseline(points)
    points[:, 0] -= points[:, 0].min()
    points[:, :2] *= X_HEIGHT / x_height(points)
    top, bottom = float(points[:, 1].min()), float(points[:, 1].max())
    box = [0, round(top), round(float(points[:, 0].max())), round(bottom - top)]
    return {"id": name, "title": title, "text": line.text, "box": box, "path": path_data(pen_strokes(points))}


def path_data(strokes: Iterable[np.ndarray]) -> str:
    """The `d` of strokes (n, 2), straight from point to point, one decimal."""
    paths = []
    for stroke in strokes:
        places = [f"{x:.1f} {y:.1f}" for x, y in stroke.tolist()]
        paths.append(f"M{'L'.join(places if places[1:] else 2 * places)}")
    return "".join(paths)
