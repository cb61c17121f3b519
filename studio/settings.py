"""Plain data from the page as settings of a writing, and the command line that writes the same."""

import shlex
from dataclasses import dataclass, field, fields, replace
from typing import Any, get_args

from render.ink.paper import Align, Paper
from render.ink.pen import INK_COLOR, PEN_MM, Pen
from results.writing.writer import Hands
from utils.errors import InputError

MAX_TEXT = 20_000
"""Characters of a text, at most; a page has about 2,000."""
MAX_AGAIN = 100_000
LARGEST = 1e9
LINES = ("curves", "filled", "polyline")


@dataclass(frozen=True)
class WriteSettings:
    """All that decides what is written, as the page sends it.

    style   "" for a new handwriting style, else a card's id, see `studio.styles.Styles` and `studio.hand`
    hands   without a style: "one" for the whole text, or another one for "each" line
    paper   "" for a slip, else as `render.ink.paper.Paper.sheet` takes it
    margin, size, spacing   mm, None: chosen
    line    how an SVG is drawn, see `render.ink.pen.Pen`
    again   how often lines, by their number from 0, were written again, each time as by the next seed
    """

    text: str
    style: str = ""
    hands: Hands = "one"
    bias: float = 0.5
    seed: int = 1
    paper: str = ""
    margin: float | None = None
    size: float | None = None
    spacing: float | None = None
    slant: float = 0.0
    align: Align = "left"
    ruled: bool = False
    pen: float = PEN_MM
    color: str = INK_COLOR
    line: str = "curves"
    substitute: bool = True
    again: dict[int, int] = field(default_factory=dict)

    @classmethod
    def of(cls, data: Any) -> "WriteSettings":
        """Return the settings in plain data.

        Raises InputError where a key or a value is not one of a setting.
        """
        known = {part.name: part for part in fields(cls)}
        if not isinstance(data, dict) or not data.keys() <= known.keys():
            raise InputError("these are no settings of a writing; reload the page")
        for name, value in data.items():
            if name != "again" and not _fits(value, known[name].type):
                raise InputError(f"{name} cannot be {str(value)[:40]!r}")
        settings = cls(**{"text": "", **data, "again": _again(data.get("again", {}))})
        if len(settings.text) > MAX_TEXT:
            raise InputError(
                f"the text has {len(settings.text):,} characters, more than the {MAX_TEXT:,} that are written at once; "
                "write it in parts"
            )
        if settings.line not in LINES:
            raise InputError(f"line is {settings.line!r}; it must be {', '.join(LINES)}")
        settings.sheet(), settings.ink()  # refused before anything is written
        return settings

    def sheet(self) -> Paper:
        """The paper."""
        paper = Paper.sheet(self.paper) if self.paper else Paper()
        paper = replace(paper, margin=self.margin, x_height=self.size, line_spacing=self.spacing)
        return replace(paper, align=self.align, ruled=self.ruled, slant=self.slant)

    def ink(self) -> Pen:
        """The pen."""
        return Pen(self.pen, self.color, self.line)  # type: ignore[arg-type]  # one of LINES

    def command(self, network: str | None, style: str | None, name: str) -> str | None:
        """Return the command line that writes the same to the file `name`; network is as for -r, style for --style.

        None where it would read the text otherwise: as an option, or a backslash and an n as the end of a line.
        """
        if self.text.startswith("-") or "\\n" in self.text:
            return None
        hands = None if style or (network and self.hands == "one") else self.hands  # by itself the seed picks a style
        values = {"--bias": self.bias, "--seed": self.seed, "--style": style, "--hands": hands}
        values["--paper"] = self.paper or None
        values |= {"--margin": self.margin, "--size": self.size, "--line-spacing": self.spacing}
        usual = WriteSettings("")
        values |= {
            f"--{key}": getattr(self, key)
            for key in ("slant", "align", "pen", "color")
            if getattr(self, key) != getattr(usual, key)
        }
        switches = [f"--{self.line}"] if self.line != "curves" else []
        switches += [f"--{key}" for key in ("ruled", "substitute") if getattr(self, key)]
        text = self.text.replace("\n", "\\n")
        given = [f"{key} {shlex.quote(_plain(value))}" for key, value in values.items() if value is not None]
        resume = [] if network is None else ["-r", shlex.quote(network)]
        words = ["python experiments.py", *resume, "write", shlex.quote(text), *given, *switches, "-o", name]
        return " ".join(words)


def _plain(value: Any) -> str:
    return f"{value:g}" if isinstance(value, float) else str(value)


def _fits(value: Any, kind: Any) -> bool:
    """True if a value has the type of a field; a whole number is a float too, NaN and infinity are not."""
    if value is None:
        return kind == float | None
    if isinstance(value, bool) or kind is bool:
        return isinstance(value, bool) and kind is bool
    if kind in (float, float | None):
        return isinstance(value, int | float) and abs(value) < LARGEST
    return value in get_args(kind) if kind in (Align, Hands) else isinstance(value, kind)


def _again(data: Any) -> dict[int, int]:
    """Return how often lines were written again, from plain data, whose keys are texts."""
    try:
        again = {int(line): int(count) for line, count in data.items()}
    except (AttributeError, TypeError, ValueError, OverflowError):
        raise InputError("again is no list of lines; reload the page") from None
    if not all(line >= 0 and 0 <= count <= MAX_AGAIN for line, count in again.items()) or len(again) > MAX_TEXT:
        raise InputError("again has a line that there cannot be; reload the page")
    return again
