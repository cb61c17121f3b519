"""The built-in corpus: English lines written by made-up writers, so that all of Ductus runs with nothing to download.

Letter shapes start from the Hershey fonts (see NOTICE-Hershey.txt); text, hands and the pen's motion are our own.
"""

from collections.abc import Iterator

import numpy as np

from data_loader.synthetic.text import TextGenerator
from data_loader.synthetic.writer import Writer, hershey_faces
from ink.strokes import InkLine


def synthetic_lines(
    *,
    num_writers: int = 120,
    lines_per_writer: int = 50,
    valid_writers: int = 12,
    seed: int = 1,
    plain: bool = False,
) -> Iterator[InkLine]:
    """Lines of made-up writers, the last `valid_writers` of them in split "valid", the others in "train".

    Points are in 1/40 of a middling x-height, times in whole ticks of 1/60 s. The same arguments give the same
    lines, and a writer's lines depend on the seed and the writer's number alone. `plain`: printed letters, no
    lines of rare signs, and no words in capitals.

    Raises ValueError unless 0 <= valid_writers <= num_writers and lines_per_writer >= 0.
    """
    if not 0 <= valid_writers <= num_writers or lines_per_writer < 0:
        raise ValueError(
            f"need 0 <= valid_writers <= num_writers and lines_per_writer >= 0, got valid_writers={valid_writers}, "
            f"num_writers={num_writers}, lines_per_writer={lines_per_writer}"
        )
    faces = hershey_faces()
    for number in range(num_writers):
        writer = Writer(np.random.default_rng([seed, number, 1]), faces, prints=plain)
        rng = np.random.default_rng([seed, number, 2])
        split = "valid" if number >= num_writers - valid_writers else "train"
        for line, text in enumerate(writer_texts(seed, number, lines_per_writer, plain=plain)):
            points, times = writer.write(text, rng)
            yield InkLine(f"w{number:03d}-{line:02d}", text, f"w{number:03d}", split, points, times)


def plain_lines() -> Iterator[InkLine]:
    """Lines of few made-up writers who print, which a network learns in minutes."""
    return synthetic_lines(num_writers=44, lines_per_writer=130, valid_writers=4, plain=True)


def writer_texts(seed: int, number: int, count: int, *, plain: bool = False) -> list[str]:
    """The first `count` lines that writer `number` of the corpus is to write, without the ink."""
    generator = TextGenerator(np.random.default_rng([seed, number, 0]), plain=plain)
    return [generator.line() for _ in range(count)]
