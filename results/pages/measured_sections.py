"""How good a network is on some lines of a corpus, as sections of its report."""

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.corpus import Corpus
from data_loader.line_choice import splits_to_use
from data_loader.prepare import open_corpus
from ink.strokes import InkLine
from render.web.html import Html, Section, image_figure, number, stacked, table
from render.web.ink import line_figure, line_figures
from results.measuring.digit_legibility import digit_legibility
from results.measuring.legibility import legibility
from results.measuring.likelihood_scores import LABELS
from results.pages.reading import RATES, marked_differences
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
SHOWN = 5
LEAST_OF_A_CLASS = 2
Measured = tuple[dict[str, Any], Section]
"""Numbers, and the section that shows them."""


@dataclass(frozen=True)
class Lines:
    """Which lines a network is measured on: n drawn by lot from the splits of a corpus, or all where n is None."""

    corpus: str
    splits: list[str] | None
    data_dir: Path
    n: int | None
    seed: int

    def drawn(self, network: TrainedModel[Any]) -> tuple[Corpus, list[str], list[int], int]:
        """The corpus, its splits, the lines in order, and of how many they were drawn.

        Raises InputError where the corpus is not there, or has no line that the network was made for.
        """
        corpus = open_corpus(self.corpus, self.data_dir)
        splits = self.splits or splits_to_use(corpus, None, None)[1]
        lines = corpus.lines_of(splits).tolist()
        if network.can("write characters"):
            lines = [line for line in lines if corpus.text(line) in tuple(network.characters)]
        if not lines:
            raise InputError(f"{corpus.folder}: no line of {', '.join(splits)} is of a kind that this network writes")
        some = lines
        if self.n is not None and self.n < len(lines):
            some = sorted(np.random.default_rng(self.seed).choice(lines, self.n, replace=False).tolist())
        return corpus, splits, some, len(lines)


def evaluation_section(network: Any, lines: Lines) -> Measured:
    """Nats of a network that writes, error rates of one that reads, and how many lines they are of.

    Raises InputError where the corpus is not there or does not fit the network.
    """
    corpus, splits, chosen, among = lines.drawn(network)
    where = {"corpus": lines.corpus, "splits": splits, "n_lines": len(chosen), "of_lines": among}
    ink = [corpus.line(line) for line in chosen]
    if network.can("read lines"):
        numbers, body = _read(network, ink)
    elif network.can("read characters"):
        numbers, body = _classified(network, ink)
    else:
        numbers, body = _predicted(network, splits, ink, among, lines)
    lot = "all" if among == len(chosen) else f"drawn by lot (seed {lines.seed}) from {among:,}"
    remark = f"{len(chosen):,} lines of {', '.join(splits)} of {lines.corpus}, {lot}."
    return numbers | where, Section("Evaluation", remark, body)


def _predicted(
    network: Writer, splits: list[str], ink: list[InkLine], among: int, lines: Lines
) -> tuple[dict[str, Any], Html]:
    """The evaluation of these of so many lines."""
    ids = None if len(ink) == among else {line.id for line in ink}
    measured = network.evaluate(lines.corpus, splits, data_dir=lines.data_dir, batch_size=BATCH_SIZE, ids=ids)
    numbers = measured.numbers
    rows = [
        (told, f"{numbers[name]:.4g}" if numbers[name] is not None else numbers["lattice"], _error(numbers, name))
        for name, told in LABELS.items()
    ]
    rows += [
        (f"Graves (2013), {row['network']}, nats per line", f"{row['nats_per_line']:.1f}", "")
        for row in numbers["graves_2013"]
    ]
    return numbers, table(("", "", "standard error"), rows)


def _error(numbers: dict[str, Any], name: str) -> str:
    error = numbers[f"{name}_standard_error"]
    return "" if error is None else f"± {number(error)}"


def _read(network: Reader, ink: list[InkLine]) -> tuple[dict[str, Any], Html]:
    readings = network.read(ink)
    judged = list(map(read_line, readings))
    numbers = scores(judged)
    rates = [
        (told, *(f"{100 * numbers[name + end]:.2f} %" for end in ("", "_low", "_high"))) for name, told in RATES.items()
    ]
    found = table(("wrong, of", "rate", "from", "to"), rates)
    return numbers, stacked([found, *_lines_read(readings, judged), _explained(readings[0])])


def _classified(network: Classifier, ink: list[InkLine]) -> tuple[dict[str, Any], Html]:
    readings = network.read(ink)
    numbers = class_scores(readings)
    rate, low, high = (f"{100 * numbers[name]:.2f} %" for name in ("accuracy", "accuracy_low", "accuracy_high"))
    judged = list(map(read_line, readings))
    return numbers, stacked([table(("right", "from", "to"), [(rate, low, high)]), *_lines_read(readings, judged)])


def _lines_read(readings: list[LineReading], judged: list[ReadLine]) -> list[Html]:
    """The first lines, and those that were read wrong though the network was surest, the truth over the reading."""
    surest = sorted(range(len(judged)), key=lambda i: -readings[i].confidence)
    wrong = [i for i in surest if judged[i].plain.true != judged[i].plain.read][:SHOWN]

    def drawn(i: int) -> Html:
        text = marked_differences(judged[i].plain)
        return line_figure(readings[i].line.points, judged[i].id, text, f"{100 * readings[i].confidence:.0f} % sure")

    above = "above the truth, below what was read"
    groups = {"The first lines": range(min(SHOWN, len(judged))), "Wrong, though sure of it": wrong}
    return [
        stacked([Html(f"<p><strong>{told}</strong>, {above}.</p>"), line_figures(map(drawn, some))])
        for told, some in groups.items()
        if some
    ]


def _explained(reading: LineReading) -> Html:
    """Which ink each character of a line was read from."""
    from results.figures.explained import save_explained  # matplotlib takes a second to load

    with tempfile.TemporaryDirectory() as folder:
        save_explained(reading, Path(folder) / "line")
        return image_figure((Path(folder) / "line.png").read_bytes(), "Which ink each character was read from.")


def legibility_section(network: Any, reader: Any, lines: Lines, n: int) -> Measured:
    """How well a reader reads what the network writes, beside real lines.

    Raises InputError where either network is of another kind, or the corpus is not there.
    """
    heading = "Legibility"
    if network.can("write characters"):
        numbers = digit_legibility(
            network, reader, n=max(n, LEAST_OF_A_CLASS * len(network.characters)), data_dir=lines.data_dir
        )
        rows = [("real", numbers["accuracy_real"], numbers["diversity_real"])]
        rows += [(f"bias {row['bias']:g}", row["accuracy"], row["diversity"]) for row in numbers["biases"]]
        shown = [(name, f"{100 * accuracy:.1f} %", f"{diversity:.3f}") for name, accuracy, diversity in rows]
        remark = f"Characters read right by {reader.path}, and how far two of a class lie apart."
        return numbers, Section(heading, remark, table(("", "read right", "diversity"), shown))
    found = legibility(
        network, reader, n=n, seed=lines.seed, corpus=lines.corpus, splits=lines.splits, data_dir=lines.data_dir
    )
    from results.pages.legibility import (  # matplotlib takes a second
        EXPLAINED,
        legibility_figure,
        legibility_table,
    )

    remark = f"{found.numbers['n_lines']:,} texts written, and read by {reader.path}. {EXPLAINED}"
    image = image_figure(figure_png(legibility_figure(found.numbers)), "Error rate and diversity against bias.")
    return found.numbers, Section(heading, remark, stacked([table(*legibility_table(found.numbers)), image]))
