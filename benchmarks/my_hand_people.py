"""People whose hands are learned and judged: of corpora of which the bundled writer has seen none of them."""

from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from data_loader.prepare import open_corpus
from ink.strokes import InkLine
from results.writing.writer import Writer


class Source(NamedTuple):
    """A corpus of people: splits of it (None: all), lines to learn from and to judge, the shortest text of a line."""

    corpus: str
    splits: list[str] | None = None
    learned: int = 15
    judged: int = 5
    shortest: int = 8


SOURCES = (
    Source("unipen-texts", ["valid"]),
    Source("imadocsen-lines"),
    Source("own-hand", learned=60, judged=20, shortest=3),
)
MAX_POINTS = 1200


class Person(NamedTuple):
    """A person's lines: to learn from, to judge nats by, and whose texts are written to see how alike they are."""

    name: str
    learned: list[InkLine]
    judged: list[InkLine]
    alike: list[InkLine]


def people_of(source: Source, writer: Writer, data_dir: Path, alike: int = 0) -> Iterator[Person]:
    """Yield each person of a corpus with enough lines, in random order; texts judged or written are not learned.

    alike  the lines whose texts are written are those judged, and others until these are `alike`, if there are so many
    """
    corpus, lines = open_corpus(source.corpus, data_dir), defaultdict[str, list[InkLine]](list)
    for number in corpus.lines_of(source.splits or corpus.split_names).tolist():
        line = corpus.line(number)
        if len(line.text) >= source.shortest and not writer.alphabet.missing(line.text):
            lines[line.writer].append(line)
    for name, known in sorted(lines.items()):
        order = np.random.default_rng(0).permutation(len(known)).tolist()
        usable = [known[i] for i in order if len(writer.prepared(known[i])[0]) <= MAX_POINTS]
        judged = usable[: source.judged]
        texts = {line.text for line in judged}
        others = [line for line in usable[source.judged :] if line.text not in texts]
        learned = others[: source.learned]
        if len(learned) == source.learned:
            texts = {line.text for line in learned}
            more = [line for line in others[source.learned :] if line.text not in texts]
            yield Person(name, learned, judged, [*judged, *more[: max(0, alike - len(judged))]])
