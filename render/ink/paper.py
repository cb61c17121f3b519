"""Paper: its size and margins, and how large and how far apart lines are written on it. Lengths are in mm."""

import re
from dataclasses import dataclass, replace
from typing import Literal, get_args

from utils.errors import InputError

SIZES = {
    "a3": (297.0, 420.0),
    "a4": (210.0, 297.0),
    "a5": (148.0, 210.0),
    "a6": (105.0, 148.0),
    "letter": (215.9, 279.4),
}
"""Width and height of the sheets that have a name, upright."""
Align = Literal["left", "center", "right"]
X_HEIGHT = 2.8
"""Usual height of the letter x."""
SMALLEST, LARGEST = 2.2, 3.4
"""Limits of the x-height that is chosen so that lines fill a sheet."""
X_PER_SPACING = 0.28
"""Share of the distance of two lines that is x-height: an ascender, x-height and a descender of usual size fill it."""
CHARACTER_WIDTH = 1.4
"""Usual width of a character in x-heights: the median of 80 lines that conditional.pt wrote at bias 1."""
WIDER_LINES = 1.1
"""Width of the widest lines in a style, in that of the style's own; so much space keeps the size that is given."""
FEWEST_CHARACTERS = 4
"""Characters of a line, at least: with fewer nearly every word would be cut."""
LONGER_LINES = 1.5
"""Longest line, in lengths of those that a network learned from; conditional.pt is legible up to 1.7 of them."""
SLIP_MARGIN, SHEET_MARGIN, SHEET_MARGIN_SHARE = 8.0, 20.0, 0.1
LINES_ON_A_SLIP = 12
LONGEST = 5000.0
"""Longest length on paper that is taken."""
MAX_SLANT = 45.0


@dataclass(frozen=True)
class Paper:
    """A piece of paper and how lines are written on it; lengths in mm.

    width, height  of a sheet; None: as large as the ink and the margins
    margin         None: 20, but a tenth of a small sheet's shorter side; 8 around ink without a sheet
    x_height       None: 2.8, on a sheet from 2.2 to 3.4, so that lines fill its width
    line_spacing   from baseline to baseline; None: x_height / 0.28
    align          lines that are shorter than the space for them
    ruled          baselines are drawn, and lines keep to them
    straight       lines are levelled, short ones as the others are; else they keep their slope
    slant          degrees by which the ink leans to the right more than it was written

    Raises InputError where a length is not positive, the margins leave no space for a line, or the slant is too large.
    """

    width: float | None = None
    height: float | None = None
    margin: float | None = None
    x_height: float | None = None
    line_spacing: float | None = None
    align: Align = "left"
    ruled: bool = False
    straight: bool = False
    slant: float = 0.0

    def __post_init__(self) -> None:
        if self.align not in get_args(Align):
            raise InputError(f"align is {self.align!r}; it must be {', '.join(get_args(Align))}")
        if self.margin is not None and not 0 <= self.margin <= LONGEST:
            raise InputError(f"margin is {self.margin:g} mm; it must be from 0 to {LONGEST:g}")
        if not -MAX_SLANT <= self.slant <= MAX_SLANT:
            raise InputError(f"slant is {self.slant:g} degrees; it must be from -{MAX_SLANT:g} to {MAX_SLANT:g}")
        sides = {"paper width": self.width, "paper height": self.height}
        for name, length in (sides | {"x-height": self.x_height, "line spacing": self.line_spacing}).items():
            if length is not None and not 0 < length <= LONGEST:
                raise InputError(f"{name} is {length:g} mm; it must be above 0 and at most {LONGEST:g}")
        for name, length in sides.items():
            if length is not None and length <= 2 * self.edge:
                raise InputError(f"a {name} of {length:g} mm leaves no space between margins of {self.edge:g} mm")
        if self.line_spacing is not None and self.line_spacing > self.space[1]:
            raise InputError(
                f"a line spacing of {self.line_spacing:g} mm is more than the {self.space[1]:g} mm of a page"
            )

    @classmethod
    def sheet(cls, size: str) -> "Paper":
        """Return a sheet of a named size ("a4") or of WIDTHxHEIGHT in mm ("297x210").

        Raises InputError where it is neither.
        """
        if size.lower() in SIZES:
            return cls(*SIZES[size.lower()])
        sides = re.fullmatch(r"(\d+(?:\.\d+)?)x(\d+(?:\.\d+)?)(?:mm)?", size.lower())
        if not sides:
            raise InputError(f"paper {size!r} is unknown; it is {', '.join(SIZES)}, or WIDTHxHEIGHT in mm (297x210)")
        return cls(float(sides[1]), float(sides[2]))

    def for_lines(self, count: int) -> "Paper":
        """Return the paper for this many lines: where no sheet is given a slip, for more than 12 lines A4."""
        if self.width is not None or count <= LINES_ON_A_SLIP:
            return self
        width, height = SIZES["a4"]
        return replace(self, width=width, height=height)

    @property
    def edge(self) -> float:
        """The margin, chosen where it is None."""
        if self.margin is not None:
            return self.margin
        sides = [side for side in (self.width, self.height) if side is not None]
        return min(SHEET_MARGIN, SHEET_MARGIN_SHARE * min(sides)) if sides else SLIP_MARGIN

    @property
    def space(self) -> tuple[float, float]:
        """The width and height between the margins; inf where the paper is as large as the ink."""
        width, height = (float("inf") if side is None else side - 2 * self.edge for side in (self.width, self.height))
        return width, height

    @property
    def given_x_height(self) -> float | None:
        """The x-height, by itself or by the line spacing; None where it is chosen to fill a sheet."""
        if self.x_height is None and self.line_spacing is not None:
            return X_PER_SPACING * self.line_spacing
        return self.x_height if self.width is not None else self.x_height or X_HEIGHT

    def chars_per_line(self, usual: int, character_width: float = CHARACTER_WIDTH) -> int:
        """Return the number of characters for which a line has space; `usual` is that of a network's own lines.

        Raises InputError where it is too small for a line of words.
        """
        if self.width is None:
            return usual
        size, space = self.given_x_height, self.space[0]
        fitting = int(space / (character_width * (X_HEIGHT if size is None else WIDER_LINES * size)))
        if fitting < FEWEST_CHARACTERS:
            raise InputError(
                f"a line of {space:g} mm is too short for {FEWEST_CHARACTERS} characters of this size; "
                "give a larger sheet, or a smaller size or line spacing"
            )
        return min(round(LONGER_LINES * usual), fitting)
