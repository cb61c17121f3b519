"""Glyphs for the synthetic corpus: Hershey's single-stroke faces, their strokes put in a writer's order.

A recipe lists a glyph's strokes as a person would make them, parted by "|". "1+0~" is the Hershey glyph's stroke 1,
then without lifting the pen its stroke 0 backwards; other pieces are points "x,y" on Hershey's grid. A stroke after
";" may wait until the pen is up anyway: dots and crossbars.

Normalised glyphs: x to the right from the left edge of the advance, y UPWARD from the baseline, x-height 1,
ascenders and capitals up to 2, descenders down to -1. Each writer stretches these zones anew.
"""

from dataclasses import dataclass

import numpy as np
from HersheyFonts import HersheyFonts

PRINT, SCRIPT = "futural", "cursive"

_DOT = "-0.4,7.6 0.2,8.3 0.5,9"

# Several recipes: ways of making the same letter; a writer has one of them.
_PRINT_RECIPES = {
    "!": ["0 | " + _DOT],
    "#": ["0 | 1 | 2 | 3", "2 | 3 | 0 | 1"],
    "$": ["2 | 0,-15 0,12"],
    "%": ["-4,-12 -2,-10 -2,-8 -3,-6 -5,-5 -7,-5 -9,-7 -9,-9 -8,-11 -6,-12 -4,-12 | 0 | 2"],
    "&": ["0", "8,9 -2,-2 -4,-6 -3,-10 0,-12 3,-10 3,-7 0,-4 -5,0 -7,4 -6,8 -2,9 3,7 7,1"],
    "'": ["0,-12 -0.5,-7"],
    ",": ["0.7,7 0.9,9 0.1,11.5 -2,14"],
    "-": ["-4,1 4,0.6"],
    ".": [_DOT],
    "1": ["0", "0", "0,-12 0,9", "-4,-8 -2,-9 1,-12 1,9 | -4,9 6,9"],
    "4": ["0 | 1", "-4,-12 -6,0 -6,1 7,1 | 4,-7 3.5,9"],
    "5": ["0", "-4,-12 -5,-3 -5,-4 -2,-5 1,-5 4,-4 6,-2 7,1 7,3 6,6 4,8 1,9 -2,9 -5,8 -7,6 | -4,-12 6,-12"],
    "7": ["1+0", "1+0", "1+0 | -3,-1 5,-1"],
    ":": ["-0.4,-4 0.2,-3.3 0.5,-2.6 | " + _DOT],
    ";": ["-0.4,-4 0.2,-3.3 0.5,-2.6 | 0.7,7 0.9,9 0.1,11.5 -2,14"],
    "?": ["0 | " + _DOT],
    "@": ["0+2"],
    "A": ["0~+1 | 2", "0 | 1 | 2"],
    "B": ["0 | 1+2", "0+1+2"],
    "D": ["0 | 1", "0+1"],
    "E": ["1~+0+3 | 2", "0+3 | 1 | 2"],
    "F": ["1~+0 | 2", "0 | 1 | 2"],
    "G": ["0 | 1", "0+8,9 | 1"],
    "I": ["0", "0 | -4,-12 4,-12 | -4,9 4,9"],
    "J": ["0", "0 | -1,-12 9,-12"],
    "K": ["0 | 1+2"],
    "L": ["0+1"],
    "M": ["0~+1+2~+3", "0 | 1+2~+3"],
    "N": ["0~+1+2~", "0 | 1+2~"],
    "P": ["0 | 1", "0+1"],
    "R": ["0 | 1+2", "0+1+2"],
    "T": ["0 ; 1", "1 | 0"],
    "V": ["0+1~"],
    "W": ["0+1~+2+3~"],
    "Y": ["0 | 1", "-8,-12 0,-2 | 8,-12 0,-2 -3,9"],
    "Z": ["1+0+2", "1+0+2 | -4,-1 4,-1"],
    "[": ["3,-14 -2,-14 -2,11 3,11"],
    "]": ["-3,-14 2,-14 2,11 -3,11"],
    "^": ["-5,-6 0,-12 5,-6"],
    "_": ["-8,11 8,11"],
    "`": ["-2,-12 1.5,-8"],
    "a": ["1+0", "-4,-3 -1,-5 3,-4 5,-1 5,9 | 5,2 1,1 -4,2 -6,5 -4,8 0,9 5,6"],
    "b": ["0+1"],
    "d": ["1+0"],
    "f": ["0 ; 1"],
    "g": ["1+0", "1+0+-7,12 -4,8"],
    "h": ["0+1"],
    "i": ["1 ; -0.3,-11.5 0.4,-9.5"],
    "j": ["1 ; 0.7,-11.5 1.4,-9.5"],
    "k": ["0 | 1+2", "0+-5,4 5,-5 | -1,1 6,9"],
    "l": ["0", "0", "0,-12 0,6 2,9 4,8"],
    "m": ["0+1+2"],
    "n": ["0+1"],
    "p": ["0+1"],
    "q": ["1+0", "1+0+6,16 9,13"],
    "r": ["0+1"],
    "t": ["0 ; 1", "0,-12 0,9 ; 1"],
    "u": ["0+1"],
    "v": ["0+1~"],
    "w": ["0+1~+2+3~", "-8,-5 -7,4 -5,8 -3,9 -1,7 0,-3 1,7 3,9 5,8 7,4 8,-5"],
    "x": ["0 | 1"],
    "y": ["0 | 1", "-5,-5 -5,3 -3,6 0,6 5,3 6,-5 6,11 4,15 0,16 -3,14"],
    "z": ["1+0+2", "1+0+2 | -4,2 4,2"],
    "{": ["5,-14 1,-13 0,-11 0,-5 -1,-2.5 -5,-1 -1,0.5 0,3 0,8 1,10 5,11"],
    "}": ["-5,-14 -1,-13 0,-11 0,-5 1,-2.5 5,-1 1,0.5 0,3 0,8 -1,10 -5,11"],
    "~": ["-7,2 -6,-1 -4,-2 -2,-1 2,2 4,3 6,2 7,-1"],
}

_SCRIPT_RECIPES = {
    "d": ["0+1"],
    "e": ["-4.5,5.6 -1,4.6 0.9,3.2 1.2,1.3 0.1,0 -1.5,0 -3.4,1.3 -4.2,3.2 -4.1,6.2 -3,8.2 -1,9 1,9 3,8 4,7 6,4"],
    "g": ["0+1"],
    "h": ["0+1"],
    "i": ["1 ; 1,-5.5 1.6,-4"],
    "j": ["1 ; 1,-5.5 1.6,-4"],
    "k": ["0+1+2"],
    "m": ["0+1+2"],
    "n": ["0+1"],
    "p": ["0+1+2"],
    "q": ["0+1"],
    "s": ["0+1"],
    "t": ["0+1 ; 2"],
    "u": ["0+1"],
    "v": ["0+1"],
    "w": ["0+1+2"],
    "x": ["0 ; 1"],
    "y": ["0+1"],
}

# The way from the letter before to the start of a round letter, over its top; written only in a join.
_SCRIPT_LEADS = {
    "a": "-6,5 -4,1.5 -1,-0.3 2,0.6",
    "c": "-5,5 -3,1.5 0,0 1.5,0.8",
    "d": "-6,5 -4,1.5 -1,-0.3 2,0.6",
    "g": "-6,5 -4,1.5 -1,-0.3 2,0.6",
    "o": "-6,5 -4,1.5 -2,0.2",
    "q": "-6,5 -4,1.5 -1,-0.3 2,0.6",
}

_BASELINE = 9.0
# Hershey units: x-height, ascender above it, descender, and the width that becomes 1.
_PRINT_LOWER = (14.0, 7.0, 7.0, 14.0)
_SCRIPT_LOWER = (9.0, 12.0, 12.0, 10.5)
_CAPITALS = (10.5, 10.5, 10.5, 13.0)


@dataclass(frozen=True)
class Glyph:
    """One way of making a character, in normalised units.

    strokes   each (n, 2): x rightward, y upward
    waiting   how many of the last strokes may be made later (dots, crossbars)
    lead      (n, 2), written before strokes[0] only when joined from the left; often empty
    width     the advance
    """

    strokes: tuple[np.ndarray, ...]
    waiting: int
    lead: np.ndarray
    width: float


def load_glyphs(face: str) -> dict[str, list[Glyph]]:
    """Return all forms of each printable ASCII character but the space, from the Hershey face PRINT or SCRIPT."""
    font = HersheyFonts(load_default_font=face)
    recipes = _PRINT_RECIPES | (_SCRIPT_RECIPES if face == SCRIPT else {})
    glyphs: dict[str, list[Glyph]] = {}
    for char in map(chr, range(33, 127)):
        source = font.all_glyphs[char]
        pieces = [np.array(stroke, float) for stroke in source.strokes]
        own_shape = face == PRINT or not char.isalpha() or char in _SCRIPT_RECIPES
        forms = recipes.get(char) if own_shape else None
        forms = forms or [" | ".join(str(i) for i in range(len(pieces)))]
        lead = _points(_SCRIPT_LEADS[char]) if face == SCRIPT and char in _SCRIPT_LEADS else np.zeros((0, 2))
        box = (float(source.left_offset), float(source.left_offset + source.char_width))
        glyphs[char] = [_build(form, pieces, lead, box, _zones(char, face)) for form in forms]
    return glyphs


def _zones(char: str, face: str) -> tuple[float, float, float, float]:
    if not char.islower():
        return _CAPITALS
    return _SCRIPT_LOWER if face == SCRIPT else _PRINT_LOWER


def _build(
    recipe: str,
    pieces: list[np.ndarray],
    lead: np.ndarray,
    box: tuple[float, float],
    zones: tuple[float, float, float, float],
) -> Glyph:
    now, _, later = recipe.partition(";")
    strokes = [_stroke(part, pieces) for part in (now + ("|" + later if later else "")).split("|")]
    ink = np.concatenate(strokes)[:, 0]
    bearing = 3.0
    left, right = max(box[0], ink.min() - bearing), min(box[1], ink.max() + bearing)
    return Glyph(
        strokes=tuple(_normalise(stroke, left, zones) for stroke in strokes),
        waiting=len(later.split("|")) if later else 0,
        lead=_normalise(lead, left, zones),
        width=(right - left) / zones[3],
    )


def _stroke(recipe: str, pieces: list[np.ndarray]) -> np.ndarray:
    """One stroke (n, 2) on Hershey's grid from a recipe's part such as "1+0~" or "3,1 8,1"."""
    parts = []
    for part in recipe.strip().split("+"):
        if "," in part:
            parts.append(_points(part))
        else:
            piece = pieces[int(part.rstrip("~"))]
            parts.append(piece[::-1] if part.endswith("~") else piece)
    return np.concatenate(parts)


def _points(text: str) -> np.ndarray:
    return np.array([[float(number) for number in pair.split(",")] for pair in text.split()])


def _normalise(points: np.ndarray, left: float, zones: tuple[float, float, float, float]) -> np.ndarray:
    """Points (n, 2) on Hershey's grid (y downward) in normalised units: each zone of the height has length 1."""
    body, ascender, descender, width = zones
    up = _BASELINE - points[:, 1]
    above, below = np.maximum(up - body, 0) / ascender, np.minimum(up, 0) / descender
    y = np.clip(up, 0, body) / body + above + below
    return np.stack([(points[:, 0] - left) / width, y], axis=1)
