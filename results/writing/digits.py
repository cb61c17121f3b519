"""Numbers as networks write them that are told one character at a time: digits side by side on one baseline."""

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from base.base_model import Sample
from ink.strokes import points_to_strokes, strokes_to_points
from model.writing.class_conditional import ClassConditionalHandwriting
from render.ink.grid import grid_page
from render.ink.page import Page, wrap_text
from results.trained import Loaded
from results.writing.lines import SEEDS_A_WRITING, Writing, draw_lines, require_sane
from utils.errors import InputError

CHARACTERS_ON_A_LINE = 24
GAP, BLANK = 0.3, 0.6
"""Between two digits, and what a blank adds, in heights of a middling digit of the writing."""


def write_number(
    networks: Sequence[Loaded], text: str, *, bias: float = 0.5, seed: int = 1, n: int = 1
) -> list[Writing]:
    """`text` written n times, every character by the first of the networks that was trained on it.

    The same seed gives the same writing, the n-th that of seed + n - 1; a digit's ink hangs on its place alone.

    Raises InputError where the text holds nothing, or a character that no network was trained on.
    """
    require_sane(bias, seed, n)
    rows = wrap_text(unicodedata.normalize("NFC", text), CHARACTERS_ON_A_LINE)
    characters = "".join(rows).replace(" ", "")
    if not characters:
        raise InputError("the text is empty; there is nothing to write")
    writers = writers_of(networks, characters)
    seeds = [(seed + copy) * SEEDS_A_WRITING + place for copy in range(n) for place in range(len(characters))]
    drawn = draw([writers[character] for character in characters] * n, characters * n, seeds, bias)
    copies = [drawn[first : first + len(characters)] for first in range(0, len(drawn), len(characters))]
    return [set_in_rows(rows, copy, [writers[character].facts["std"] for character in characters]) for copy in copies]


def writers_of(networks: Sequence[Loaded], characters: str) -> dict[str, Loaded]:
    """For each of the characters the first of the networks that was trained on it.

    Raises InputError naming those that none was, or a network of another kind.
    """
    writers: dict[str, Loaded] = {}
    for network in networks:
        if not isinstance(network.model, ClassConditionalHandwriting):
            raise InputError(f"{network.path}: {network.config['arch']['type']} cannot be told a digit to write")
        for character in trained_on(network):
            writers.setdefault(character, network)
    missing = [character for character in dict.fromkeys(characters) if character not in writers]
    if missing:
        raise InputError(
            f"{', '.join(map(repr, missing))}: no network here was trained on it; there is {''.join(sorted(writers))!r}"
        )
    return writers


def trained_on(network: Loaded) -> str:
    """The characters that a network was trained on: those that its config names, or the whole alphabet."""
    digits = network.config["data_loader"]["args"].get("digits")
    return network.facts["alphabet"] if digits is None else "".join(map(str, digits))


def draw(networks: Sequence[Loaded], characters: str, seeds: Sequence[int], bias: float) -> list[Sample]:
    """Each character drawn by its network from its seed, many at once."""
    samples: dict[int, Sample] = {}
    for network in {id(network): network for network in networks}.values():
        jobs = [job for job, other in enumerate(networks) if other is network]
        own = draw_lines(network, [characters[job] for job in jobs], [seeds[job] for job in jobs], bias, None)
        samples |= zip(jobs, own, strict=True)
    return [samples[job] for job in range(len(seeds))]


def set_in_rows(rows: list[str], drawn: Sequence[Sample], stds: Sequence[tuple[float, float]]) -> Writing:
    """Rows of characters as one line of ink each, from the samples of the characters that are no blanks, in order."""
    inks = [strokes_to_points(one.strokes, std) for one, std in zip(drawn, stds, strict=True)]
    height = float(np.median([np.ptp(ink[:, 1]) for ink in inks]))
    left, lines, samples = 0, [], []
    for row in rows:
        count = len(row.replace(" ", ""))
        lines.append(side_by_side(row, iter(inks[left : left + count]), height))
        if count:
            stopped = all(one.stopped for one in drawn[left : left + count])
            samples.append(Sample(points_to_strokes(lines[-1], stds[left]), None, stopped))
        left += count
    return Writing(rows, lines, samples)


def side_by_side(row: str, inks: Iterator[np.ndarray], height: float) -> np.ndarray:
    """Points (T, 3) of a row: each ink stands on y = 0 beside the one before; `height` is that of a middling one."""
    placed, x = [np.zeros((0, 3), np.float32)], 0.0
    for character in row:
        if character == " ":
            x += BLANK * height
            continue
        ink = next(inks).copy()
        ink[:, 0] += x - ink[:, 0].min()
        ink[:, 1] -= ink[:, 1].max()
        placed.append(ink)
        x = float(ink[:, 0].max()) + GAP * height
    return np.concatenate(placed)


def digit_grid(network: Loaded, *, columns: int = 10, bias: float = 0.5, seed: int = 1) -> Page:
    """A page with a row for each character that the network was trained on, written `columns` times."""
    characters = trained_on(network)
    writers_of([network], characters)
    texts = "".join(character * columns for character in characters)
    drawn = draw([network] * len(texts), texts, [seed * SEEDS_A_WRITING + job for job in range(len(texts))], bias)
    inks = [strokes_to_points(one.strokes, network.facts["std"]) for one in drawn]
    return grid_page([inks[first : first + columns] for first in range(0, len(inks), columns)])
