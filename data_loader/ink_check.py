"""The check of handwriting before a training: the ink of every line against its text, and the characters not written.

Hardly a line of IAM-OnDB, UNIPEN's texts and ImadocSen has a fault of the ink: 0 of 400, 6 of 400, 0 of 200. Of 120 of
each, read by `reader.pt`, none has more than MAX_EDITS, and with the text of another line none has less.
"""

from collections import Counter
from collections.abc import Iterable, Iterator

import numpy as np
from rapidfuzz.distance import Levenshtein

from data_loader.corpus import Corpus
from data_loader.cut_lines import ReadLines
from data_loader.prompts import NAMED, PRINTABLE
from ink.geometry import x_height
from ink.page_lines import cut_into_lines
from ink.strokes import InkLine
from utils.progress import progress

LINES_AT_ONCE = 64
MAX_EDITS = 0.5
"""Edits per character between a text and its reading; with more it is hardly the text of that ink."""
FEW_CHARACTERS = 10
"""A text of fewer characters is not compared with its reading."""
COARSE = 0.4
"""Median distance of points along a stroke, in x-heights, at which the shapes of letters are lost."""
DENSE = 200
"""Points per character that make sequences long, and a training slow, for nothing."""


def ink_notes(corpus: Corpus, read: ReadLines | None = None, known: str = PRINTABLE) -> list[str]:
    """Return what looks wrong in the lines of a corpus, a sentence each, and which characters are never written.

    With `read`, which returns the text that a network reads in each line, the texts of lines of sound ink are compared
    with it, if they have no other characters than those known to the network.
    """
    notes: list[str] = []
    with progress(None, len(corpus), f"looking at the ink of {corpus.folder.name}") as bar:
        for first in range(0, len(corpus), LINES_AT_ONCE):
            lines = [corpus.line(number) for number in range(first, min(first + LINES_AT_ONCE, len(corpus)))]
            faults = {line.id: [*ink_faults(line)] for line in lines}
            whole = [line for line in lines if not faults[line.id] and len(line.text) >= FEW_CHARACTERS]
            to_read = [line for line in whole if {*line.text} <= {*known}]
            for line, reading in zip(to_read, read(to_read), strict=True) if read and to_read else ():
                faults[line.id] += text_faults(line, reading)
            notes += [f"line {name}: {fault}" for name, some in faults.items() for fault in some]
            bar.update(len(lines))
    return [*notes, *missing(corpus.text(line) for line in range(len(corpus)))]


def ink_faults(line: InkLine) -> Iterator[str]:
    """Yield what looks wrong in a line's ink: several lines in it, no pen lift, too few or too many points."""
    count = len(cut_into_lines(line.points))
    if count > 1:
        yield f"its ink looks like {count} lines; prepare it with --cut-lines"
    words, characters = len(line.text.split()), len(line.text)
    if words > 1 and line.points[:, 2].sum() == 1:
        yield f"the pen is never lifted in {words} words; were its pen lifts lost?"
    moves = np.diff(line.points[:, :2].astype(np.float64), axis=0)[line.points[:-1, 2] == 0]
    step = float(np.median(np.hypot(*moves.T))) / x_height(line.points) if len(moves) else 0.0
    if step > COARSE:
        yield f"its points are {step:.1f} x-heights apart, too far for the shapes of letters; write larger or slower"
    if len(line.points) > DENSE * characters > 0:
        density = len(line.points) / characters
        yield f'{density:.0f} points per character are too many; train with the transform "resample_distance"'


def text_faults(line: InkLine, reading: str) -> Iterator[str]:
    """Yield that a line's reading is far from its text, if it is."""
    if Levenshtein.distance(line.text.casefold(), reading.casefold()) > MAX_EDITS * len(line.text):
        yield f"its text is {line.text!r}, and it reads {reading!r}; is that the text of this ink?"


def missing(texts: Iterable[str]) -> Iterator[str]:
    """Yield how many lines have no text, which letters, digits and marks of ASCII the others have never or once, and
    which other characters, which the bundled writer has not.
    """
    texts = list(texts)
    without = texts.count("")
    if without:
        yield f"{without} of {len(texts)} lines have no text; a network that writes or reads is not trained on them"
    counts = Counter("".join(texts))
    never = "never (a hand writes these as the bundled writer does)"
    for times, how in enumerate((never, "only once") if counts else ()):
        rare = [character for character in PRINTABLE if counts[character] == times and character != " "]
        if rare:
            yield f"written {how}: {' '.join(rare)}; python prepare_data.py prompts has sentences with all"
    others = sorted({*counts} - {*PRINTABLE})
    if others:
        more = f" and {len(others) - NAMED} more" * (len(others) > NAMED)
        yield f"not in the bundled writer: {' '.join(others[:NAMED])}{more}; a hand learns these from these lines alone"
