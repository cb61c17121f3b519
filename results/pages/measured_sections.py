"""Sections of a report on the quality of a network: measured on a sample of lines, and by how legible it writes."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from data_loader.line_choice import splits_to_use
from data_loader.transform import Transform, open_transformed
from ink.strokes import InkLine
from render.web.html import Html, Section, image_figure, number, stacked, table
from render.web.ink import line_figures
from results.measuring.digit_legibility import digit_legibility
from results.measuring.judged import Trial
from results.measuring.legibility import legibility
from results.measuring.likelihood_scores import LABELS
from results.pages.classification import accuracy
from results.pages.reading import rates_table, reading_figure
from results.pages.writing_sections import figure_png
from results.reading.classifier import Classifier
from results.reading.classifying import class_scores
from results.reading.lines import LineReading
from results.reading.reader import Reader
from results.reading.scores import ReadLine, read_line, scores
from results.trained import TrainedModel
from results.writing.writer import Writer
from utils.errors import InputError

BATCH_SIZE = 32
EXAMPLES = 5
MIN_PER_CLASS = 2
Measured = tuple[dict[str, Any], Section]
"""Numbers, and the section that shows them."""


@dataclass(frozen=True)
class LineSample:
    """A random sample of lines to measure a network on: n from the splits of a corpus, or all where n is None."""

    corpus: str
    splits: list[str] | None
    data_dir: Path
    n: int | None
    seed: int

    def draw(self, network: TrainedModel[Any]) -> tuple[Corpus, list[str], list[int], int]:
        """Return the corpus, its splits, the lines in order, and the number of lines that they were drawn from.

        Raises InputError where the corpus is not there, or has no line that the network was made for.
        """
        join_words = network.transform.join_words  # lines of several words are other lines than those of the corpus
        corpus = open_transformed(self.corpus, self.data_dir, Transform(join_words=join_words))
        splits = self.splits or network.validated_on(self.corpus) or splits_to_use(corpus, None, None)[1]
        lines = corpus.lines_of(splits).tolist()
        if network.can("write characters"):
            lines = [line for line in lines if corpus.text(line) in tuple(network.characters)]
        if not lines:
            raise InputError(f"{corpus.folder}: no line of {', '.join(splits)} has what this network writes or reads")
        drawn = lines
        if self.n is not None and self.n < len(lines):
            drawn = sorted(np.random.default_rng(self.seed).choice(lines, self.n, replace=False).tolist())
        return corpus, splits, drawn, len(lines)


def evaluation_section(network: Any, sample: LineSample) -> Measured:
    """Return nats of a network that writes, error rates of one that reads, and the number of lines measured.

    Raises InputError where the corpus is not there or does not fit the network.
    """
    corpus, splits, drawn, total = sample.draw(network)
    lines = [corpus.line(line) for line in drawn]
    if network.can("read lines"):
        numbers, body = _read(network, lines)
    elif network.can("read characters"):
        numbers, body = _classified(network, lines)
    else:
        numbers, body = _predicted(
            network, sample, splits, None if len(lines) == total else {line.id for line in lines}
        )
    numbers |= {"corpus": sample.corpus, "splits": splits, "n_lines": len(lines), "of_lines": total}
    draw = "all" if total == len(lines) else f"a random sample (seed {sample.seed}) of {total:,}"
    remark = f"{len(lines):,} lines of {', '.join(splits)} of {sample.corpus}, {draw}."
    return numbers, Section("Evaluation", remark, body)


def _predicted(
    network: Writer, sample: LineSample, splits: list[str], ids: set[str] | None
) -> tuple[dict[str, Any], Html]:
    measured = network.evaluate(sample.corpus, splits, data_dir=sample.data_dir, batch_size=BATCH_SIZE, ids=ids)
    numbers = measured.numbers
    rows = [
        (label, f"{numbers[name]:.4g}" if numbers[name] is not None else numbers["lattice"], _error(numbers, name))
        for name, label in LABELS.items()
    ]
    rows += [
        (f"Graves (2013), {row['network']}, nats per line", f"{row['nats_per_line']:.1f}", "")
        for row in numbers["graves_2013"]
    ]
    return numbers, table(("", "", "standard error"), rows)


def _error(numbers: dict[str, Any], name: str) -> str:
    error = numbers[f"{name}_standard_error"]
    return "" if error is None else f"± {number(error)}"


def _read(network: Reader, lines: list[InkLine]) -> tuple[dict[str, Any], Html]:
    readings = network.read(lines)
    numbers = scores(list(map(read_line, readings)))
    return numbers, stacked([rates_table(numbers), *_examples(readings), _explained(readings[0])])


def _classified(network: Classifier, lines: list[InkLine]) -> tuple[dict[str, Any], Html]:
    readings = network.read(lines)
    numbers = class_scores(readings)
    return numbers, stacked([table(("right", "from", "to"), [accuracy(numbers)]), *_examples(readings)])


def _examples(readings: list[LineReading]) -> list[Html]:
    """Return the first lines, and the misread lines of which the network was surest."""
    pairs = [(reading, read_line(reading).plain) for reading in readings]
    surest = sorted(pairs, key=lambda pair: -pair[0].confidence)
    wrong = [(reading, line) for reading, line in surest if line.true != line.read]
    pieces = []
    for title, examples in (("The first lines", pairs), ("Wrong, though sure of it", wrong)):
        if examples:
            pieces.append(Html(f"<p><strong>{title}</strong>, above the truth, below what was read.</p>"))
            pieces.append(line_figures(_example(*pair) for pair in examples[:EXAMPLES]))
    return pieces


def _example(reading: LineReading, line: ReadLine) -> Html:
    return reading_figure(reading.line.points, line, f"{100 * reading.confidence:.0f} % sure")


def _explained(reading: LineReading) -> Html:
    """Return a picture of the ink that each character of a line was read from."""
    from results.figures.explained import save_explained  # matplotlib takes a second to load

    with tempfile.TemporaryDirectory() as folder:
        save_explained(reading, Path(folder) / "line")
        return image_figure((Path(folder) / "line.png").read_bytes(), "Which ink each character was read from.")


def legibility_section(network: Any, reader: Any, sample: LineSample, n: int) -> Measured:
    """Return how well `reader` reads n texts that the network writes, compared with real lines.

    Raises InputError where either network is of another kind, or the corpus is not there.
    """
    heading = "Legibility"
    if network.can("write characters"):
        n = max(n, MIN_PER_CLASS * len(network.characters))
        numbers = digit_legibility(
            network,
            reader,
            n=n,
            seed=sample.seed,
            corpus=sample.corpus,
            splits=sample.splits,
            data_dir=sample.data_dir,
        )
        rows = [("real", numbers["accuracy_real"], numbers["diversity_real"])]
        rows += [(f"bias {row['bias']:g}", row["accuracy"], row["diversity"]) for row in numbers["biases"]]
        cells = [(name, f"{100 * right:.1f} %", f"{diversity:.3f}") for name, right, diversity in rows]
        remark = f"Characters read right by {reader.path}, and the distance between two of a class."
        return numbers, Section(heading, remark, table(("", "read right", "diversity"), cells))
    # matplotlib takes a second to load
    from results.pages.legibility import EXPLAINED, legibility_figure, legibility_table

    numbers = legibility(
        Trial(network, reader),
        n=n,
        seed=sample.seed,
        corpus=sample.corpus,
        splits=sample.splits,
        data_dir=sample.data_dir,
    ).numbers
    remark = f"{numbers['n_lines']:,} texts written, and read by {reader.path}. {EXPLAINED}"
    image = image_figure(figure_png(legibility_figure(numbers)), "Error rate and diversity against bias.")
    return numbers, Section(heading, remark, stacked([table(*legibility_table(numbers)), image]))
