"""Lines that a network that writes practises on: behind a person's line a text that it wrote in their handwriting.

Training on real ink never shows the network what follows from its own slips. Of what it wrote, the lines that a reader
reads as they were asked for are what it shall write: to learn from them is rejection sampling with the reader as the
reward (RAFT, Dong et al., 2023, arXiv 2304.06767).
"""

from collections.abc import Collection, Iterator
from dataclasses import replace

import numpy as np

from data_loader.augment_words import cropped
from data_loader.corpus import Corpus
from data_loader.practice_texts import PracticeTexts
from data_loader.splits import TRAIN
from data_loader.transform import side_by_side
from ink.strokes import InkLine
from results.writing.best_of import BestOf
from results.writing.lines import Style
from results.writing.styles import style_of
from results.writing.writer import Writer
from utils.errors import InputError
from utils.progress import progress

TEXTS_PER_LINE = 8
"""Texts written behind a person's line."""
WITHOUT_STYLE = 0.4
"""Share of them that are written behind no line; after a fifth, lines without a style were misread twice as often."""
CHARACTERS, MAX_POINTS = (6, 45), 750
"""Fewest and most characters of a person's line, and its points at most; longer ones are cut to a run of words."""
CUT_TO = 8
"""Characters that a run of words has at least."""
MAX_FAILURES = 200
"""Successive lines of people behind which nothing was read as asked; then there is nothing to learn from."""


def practice_lines(
    writer: Writer,
    choose: BestOf,
    corpus: Corpus,
    splits: list[str],
    count: int,
    *,
    bias: float,
    seed: int,
    kinds: Collection[str] | None = None,
) -> Iterator[InkLine]:
    """Yield `count` lines, x-height 1: of the corpus's people, each with a text behind it that `choose` reads right.

    kinds: of text, see PracticeTexts

    Raises InputError where a network is of another kind, or what it writes is not legible.
    """
    writer.require("write lines")
    rng = np.random.default_rng(seed)
    numbers = corpus.lines_of(splits)
    texts = PracticeTexts([corpus.text(int(number)) for number in numbers], writer.alphabet.characters, kinds)
    made, failures = 0, 0
    with progress(None, count, "practising") as bar:
        while made < count:
            line = corpus.line(int(numbers[rng.integers(len(numbers))]))
            has_style, before = rng.random() >= WITHOUT_STYLE, made
            style = _style(writer, line, rng) if has_style else None
            if style or not has_style:
                for written in _written(writer, choose, style, texts, rng, bias):
                    if made < count:
                        made += 1
                        bar.update(1)
                        person = line.writer if style else ""
                        yield replace(written, id=f"practice-{made}", writer=person, split=TRAIN)
            failures = failures + 1 if made == before else 0
            if failures == MAX_FAILURES:
                raise InputError(
                    f"{writer.path}: of what it wrote behind {MAX_FAILURES} lines of {corpus.folder}, "
                    f"{choose.reader.path} read nothing as asked; train the network longer first"
                )


def _style(writer: Writer, line: InkLine, rng: np.random.Generator) -> Style | None:
    """Return a person's line, or a run of its words, as a style; None where it cannot be one."""
    points, text = line.points, " ".join(line.text.split())
    if len(text) > CUT_TO:
        points, text = cropped(points, text, CUT_TO / len(text), rng)
    try:
        style = style_of(writer, replace(line, points=points, text=text, times=None))
    except InputError:
        return None
    fits = CHARACTERS[0] <= len(text) <= CHARACTERS[1] and len(style.strokes) <= MAX_POINTS
    return style if fits else None


def _written(
    writer: Writer,
    choose: BestOf,
    style: Style | None,
    texts: PracticeTexts,
    rng: np.random.Generator,
    bias: float,
) -> Iterator[InkLine]:
    """Yield what was read as asked, behind the style's line."""
    some = [texts.text(rng) for _ in range(TEXTS_PER_LINE)]
    seeds = rng.integers(2**32, size=len(some)).tolist()
    drawn = choose(writer, some, seeds, bias, style)
    for text, sample, choice in zip(some, drawn, choose.chosen[-len(some) :], strict=True):
        if choice["edits_kept"] or len(sample.strokes) < 2:
            continue
        new = InkLine("", text, "", "", writer.points(sample.strokes))
        first = [InkLine("", style.text, "", "", writer.points(style.strokes))] if style else []
        yield side_by_side([*first, new])
