"""Whether what a network writes when told a character can be read, and whether it writes it in more than one way."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from data_loader.line_choice import splits_to_use
from data_loader.transform import open_transformed
from ink.strokes import InkLine
from results.measuring.diversity import PLACES, followed
from results.reading.classifier import Classifier
from results.reading.classifying import class_scores
from results.writing.digits import draw_characters, writers_of
from results.writing.lines import SEEDS_A_WRITING, require_sane
from results.writing.writer import Writer
from utils.errors import InputError


def digit_legibility(
    writer: Writer,
    reader: Classifier,
    *,
    n: int = 2000,
    biases: Sequence[float] = (0.0, 0.5, 1.0),
    seed: int = 1,
    data_dir: Path = Path("data"),
) -> dict[str, Any]:
    """How many of n characters that `writer` writes are read right by `reader`, a row for each bias, beside real ones.

    The real ones are the validation lines that the writer was judged by, as it saw them. accuracy is as in
    `class_scores`, diversity as in `class_diversity`; capped is the share that a cap ended, not the network.

    Raises InputError where a network is of another kind, the reader does not know a class, the writer's corpus is not
    there, or there are fewer than two characters a class to be written.
    """
    reader.require("read characters")
    writer.require("write characters")
    classes = writer.characters
    writers_of([writer], classes)
    for bias in biases:
        require_sane(bias, seed)
    unknown = reader.alphabet.missing(classes)
    if unknown:
        raise InputError(f"{reader.path}: it does not know {', '.join(map(repr, unknown))}, which {writer.path} writes")
    if n < 2 * len(classes):
        raise InputError(f"n is {n}; of {len(classes)} classes at least two each must be written: {2 * len(classes)}")
    real = _measured(reader, real_lines(writer, classes, data_dir))
    written = [_written(writer, reader, classes, n, bias, seed) for bias in biases]
    return {f"{name}_real": value for name, value in real.items()} | {"biases": written}


def real_lines(writer: Writer, classes: str, data_dir: Path) -> list[InkLine]:
    """The writer's validation lines of these classes, transformed as it saw them.

    Raises InputError where the corpus is not there, or has none.
    """
    corpus = open_transformed(writer.corpus, data_dir, writer.transform)
    given = writer.config["data_loader"]["args"]
    _, valid = splits_to_use(corpus, given.get("train"), given.get("valid"))
    lines = map(corpus.line, corpus.lines_of(valid).tolist())
    chosen = [line for line in lines if line.text in tuple(classes)]
    if not chosen:
        raise InputError(
            f"{corpus.folder}: no line of {', '.join(valid)} is one of {classes}; there is nothing to compare with"
        )
    return chosen


def _written(writer: Writer, reader: Classifier, classes: str, n: int, bias: float, seed: int) -> dict[str, Any]:
    texts = "".join(classes[job % len(classes)] for job in range(n))
    drawn = draw_characters([writer] * n, texts, [seed * SEEDS_A_WRITING + job for job in range(n)], bias)
    lines = [
        InkLine(f"written-{job}", texts[job], "", "", writer.points(sample.strokes)) for job, sample in enumerate(drawn)
    ]
    capped = sum(not sample.stopped for sample in drawn) / n
    return {"bias": bias, "capped": capped} | _measured(reader, lines)


def _measured(reader: Classifier, lines: list[InkLine]) -> dict[str, Any]:
    """Accuracy and diversity (of all classes, alike) of lines whose text is their class; None without two of one."""
    inks: dict[str, list[np.ndarray]] = {}
    for line in lines:
        inks.setdefault(line.text, []).append(line.points)
    by_class = [class_diversity(some) for some in inks.values() if len(some) > 1]
    return class_scores(reader.read(lines)) | {"diversity": float(np.mean(by_class)) if by_class else None}


def class_diversity(drawings: Sequence[np.ndarray]) -> float:
    """How far two drawings of a class, points (T, 3), lie apart: the mean over all pairs of their paths' mean distance.

    In units of a drawing's size, see `pen_path`; 0 where all are alike but for size and place. Drawings that differ in
    where the pen sets out, or in the order of its strokes, are far apart even where the ink is the same.
    """
    paths = np.stack([pen_path(points) for points in drawings])
    total = sum(float(np.abs(places[:, None] - places[None]).sum()) for places in (paths @ (1, 1j)).T)
    return total / (PLACES * len(paths) * (len(paths) - 1))


def pen_path(points: np.ndarray) -> np.ndarray:
    """(16, 2): places evenly along the way of the pen, lifted or not; about their mean, root mean square 1."""
    path = followed(points[:, :2].astype(np.float64))
    return path / max(float(np.sqrt(np.square(path).sum(axis=1).mean())), 1e-9)


def legibility_table(numbers: dict[str, Any]) -> str:
    """The numbers of `digit_legibility` as a table in Markdown: the real ones, then a row for each bias."""
    rows = [
        ("", "drawings", "read right", "95 % interval", "capped", "diversity"),
        ("---",) * 6,
        _row("real", {name.removesuffix("_real"): value for name, value in numbers.items() if name != "biases"}),
        *(_row(f"bias {one['bias']:g}", one) for one in numbers["biases"]),
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _row(name: str, one: dict[str, Any]) -> tuple[str, ...]:
    interval = f"{one['accuracy_low']:.1%} to {one['accuracy_high']:.1%}"
    capped = f"{one['capped']:.1%}" if "capped" in one else ""
    diversity = "" if one["diversity"] is None else f"{one['diversity']:.3f}"
    return name, f"{one['n_lines']:,}", f"{one['accuracy']:.1%}", interval, capped, diversity
