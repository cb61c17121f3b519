"""Numbers written by networks that are given one character at a time: digits next to each other on one baseline."""

import unicodedata
from collections.abc import Iterator, Sequence

import numpy as np

from base.base_model import Sample
from ink.strokes import points_to_strokes, strokes_to_points
from render.ink.grid import grid_page
from render.ink.page import Page, wrap_text
from results.writing.lines import SEEDS_PER_WRITING, Style, Writing, require_sane
from results.writing.writer import Draw, Hands, Writer
from utils.errors import InputError

CHARACTERS_ON_A_LINE = 24
GAP, SPACE = 0.3, 0.6
"""Heights of a middling digit of the writing: the gap between two digits, and what a space adds to it."""


class CharacterWriter(Writer):
    """A network that writes single characters, each a drawing of its own."""

    abilities = ("write", "write characters")
    does = "writes single characters"

    def write_copies(
        self,
        text: str | None,
        n: int,
        *,
        bias: float = 0.5,
        seed: int = 1,
        style: Style | None = None,
        draw: Draw | None = None,
        chars_per_line: int | None = None,
        hands: Hands = "one",
    ) -> list[Writing]:
        """Write the characters of `text` n times, see `write_number`; it takes neither `style` nor `draw`."""
        if style is not None or draw is not None:
            raise InputError(f"{self.path}: this network writes single characters; it takes no style and no best-of")
        if text is None:
            raise InputError(f"{self.path}: this network must be given a text to write")
        return write_number([self], text, bias=bias, seed=seed, n=n)


def write_number(
    networks: Sequence[Writer], text: str, *, bias: float = 0.5, seed: int = 1, n: int = 1
) -> list[Writing]:
    """`text` written n times, every character by the first of the networks that was trained on it.

    The same seed gives the same writing, the k-th that of seed + k - 1; a digit's ink depends on its position alone.

    Raises InputError where the text holds nothing, or a character that no network was trained on.
    """
    require_sane(bias, seed, n)
    rows = wrap_text(unicodedata.normalize("NFC", text), CHARACTERS_ON_A_LINE)
    characters = "".join(rows).replace(" ", "")
    if not characters:
        raise InputError("the text is empty; there is nothing to write")
    writers = writers_of(networks, characters)
    seeds = [(seed + copy) * SEEDS_PER_WRITING + place for copy in range(n) for place in range(len(characters))]
    drawn = draw_characters([writers[character] for character in characters] * n, characters * n, seeds, bias)
    copies = [drawn[first : first + len(characters)] for first in range(0, len(drawn), len(characters))]
    return [set_in_rows(rows, copy, [writers[character].std for character in characters]) for copy in copies]


def writers_of(networks: Sequence[Writer], characters: str) -> dict[str, Writer]:
    """For each of the characters the first of the networks that was trained on it.

    Raises InputError naming those that none was, or a network of another kind.
    """
    writers: dict[str, Writer] = {}
    for network in networks:
        network.require("write characters")
        for character in network.characters:
            writers.setdefault(character, network)
    missing = [character for character in dict.fromkeys(characters) if character not in writers]
    if missing:
        raise InputError(
            f"{', '.join(map(repr, missing))}: no network was trained on it; the characters to choose from are "
            f"{''.join(sorted(writers))!r}"
        )
    return writers


def draw_characters(networks: Sequence[Writer], characters: str, seeds: Sequence[int], bias: float) -> list[Sample]:
    """Each character drawn by its network from its seed, many at once."""
    samples: dict[int, Sample] = {}
    for network in dict.fromkeys(networks):
        jobs = [job for job, other in enumerate(networks) if other is network]
        drawn = network.draw_lines([characters[job] for job in jobs], [seeds[job] for job in jobs], bias)
        samples |= zip(jobs, drawn, strict=True)
    return [samples[job] for job in range(len(seeds))]


def set_in_rows(rows: list[str], drawn: Sequence[Sample], stds: Sequence[tuple[float, float]]) -> Writing:
    """Rows of characters as one line of ink each, from the samples of the characters other than spaces, in order."""
    inks = [strokes_to_points(sample.strokes, std) for sample, std in zip(drawn, stds, strict=True)]
    # One height for all rows, so that their gaps are alike; the median, because single characters may go wrong.
    height = float(np.median([np.ptp(ink[:, 1]) for ink in inks]))
    left, lines, samples = 0, [], []
    for row in rows:
        count = len(row.replace(" ", ""))
        lines.append(set_in_row(row, iter(inks[left : left + count]), height))
        if count:
            stopped = all(sample.stopped for sample in drawn[left : left + count])
            samples.append(Sample(points_to_strokes(lines[-1], stds[left]), None, stopped))
        left += count
    return Writing(rows, lines, samples)


def set_in_row(row: str, inks: Iterator[np.ndarray], height: float) -> np.ndarray:
    """The inks, points (T, 3) of each character of a row other than spaces, next to each other on one baseline."""
    placed, x = [np.zeros((0, 3), np.float32)], 0.0
    for character in row:
        if character == " ":
            x += SPACE * height
            continue
        ink = next(inks).copy()
        ink[:, 0] += x - ink[:, 0].min()
        ink[:, 1] -= ink[:, 1].max()
        placed.append(ink)
        x = float(ink[:, 0].max()) + GAP * height
    return np.concatenate(placed)


def digit_grid(network: Writer, *, columns: int = 10, bias: float = 0.5, seed: int = 1) -> Page:
    """A page with a row for each character that the network was trained on, written `columns` times."""
    writers_of([network], network.characters)
    texts = "".join(character * columns for character in network.characters)
    seeds = [seed * SEEDS_PER_WRITING + job for job in range(len(texts))]
    inks = [network.points(sample.strokes) for sample in draw_characters([network] * len(texts), texts, seeds, bias)]
    return grid_page([inks[first : first + columns] for first in range(0, len(inks), columns)])
