"""Legibility and variety of single characters that a network writes."""

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
from results.writing.lines import SEEDS_PER_WRITING, require_sane
from results.writing.writer import Writer
from utils.errors import InputError


def digit_legibility(
    writer: Writer,
    reader: Classifier,
    *,
    n: int = 2000,
    biases: Sequence[float] = (0.0, 0.5, 1.0),
    seed: int = 1,
    corpus: str | None = None,
    splits: list[str] | None = None,
    data_dir: Path = Path("data"),
) -> dict[str, Any]:
    """Measure the share of n characters written by `writer` that `reader` reads right, at each bias, and of real ones.

    The real ones are lines of `corpus` (None: the writer's own) and `splits` (None: what the writer was judged by), as
    the writer saw its own. accuracy is as in
    `class_scores`, diversity as in `class_diversity`; capped is the share that hit the limit of points.

    Raises InputError where a network has another role, the reader does not know a class, the writer's corpus is not
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
    real = _measured(reader, real_lines(writer, classes, corpus, splits, data_dir))
    written = [_written(writer, reader, classes, n, bias, seed) for bias in biases]
    return {f"{name}_real": value for name, value in real.items()} | {"biases": written}


def real_lines(
    writer: Writer, classes: str, corpus_name: str | None, splits: list[str] | None, data_dir: Path
) -> list[InkLine]:
    """Lines of these classes, see `digit_legibility`, transformed as the writer saw its own.

    Raises InputError where the corpus is not there, or has none.
    """
    corpus = open_transformed(corpus_name or writer.corpus, data_dir, writer.transform)
    valid = splits or writer.validated_on(corpus_name) or splits_to_use(corpus, None, None)[1]
    lines = map(corpus.line, corpus.lines_of(valid).tolist())
    chosen = [line for line in lines if line.text in tuple(classes)]
    if not chosen:
        raise InputError(
            f"{corpus.folder}: no line of {', '.join(valid)} is one of {classes}; there is nothing to compare with"
        )
    return chosen


def _written(writer: Writer, reader: Classifier, classes: str, n: int, bias: float, seed: int) -> dict[str, Any]:
    texts = "".join(classes[job % len(classes)] for job in range(n))
    drawn = draw_characters([writer] * n, texts, [seed * SEEDS_PER_WRITING + job for job in range(n)], bias)
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
    """Mean distance of the paths of two drawings of a class, points (T, 3), over all pairs.

    In units of a drawing's size, see `pen_path`; 0 where all are alike but for size and place. Drawings whose pen
    starts elsewhere, or takes the strokes in another order, are far apart even where the ink is the same.
    """
    paths = np.stack([pen_path(points) for points in drawings])
    # A complex number per point makes the distance of all pairs a broadcast subtraction of (P, P) per position.
    total = sum(float(np.abs(places[:, None] - places[None]).sum()) for places in (paths @ (1, 1j)).T)
    return total / (PLACES * len(paths) * (len(paths) - 1))


def pen_path(points: np.ndarray) -> np.ndarray:
    """Points (16, 2) evenly spaced along the pen's path, lifts included; about their mean, root mean square 1."""
    path = followed(points[:, :2].astype(np.float64))
    return path / max(float(np.sqrt(np.square(path).sum(axis=1).mean())), 1e-9)


def legibility_table(numbers: dict[str, Any]) -> tuple[list[str], list[list[str]]]:
    """Header and rows for people of the numbers of `digit_legibility`: the real ones, then each bias."""
    header = ["", "drawings", "read right", "95 % interval", "capped", "diversity"]
    real = {name.removesuffix("_real"): value for name, value in numbers.items() if name != "biases"}
    rows = [("real", real), *((f"bias {row['bias']:g}", row) for row in numbers["biases"])]
    return header, [_cells(name, row) for name, row in rows]


def _cells(name: str, row: dict[str, Any]) -> list[str]:
    interval = f"{row['accuracy_low']:.1%} to {row['accuracy_high']:.1%}"
    capped = f"{row['capped']:.1%}" if "capped" in row else ""
    diversity = "" if row["diversity"] is None else f"{row['diversity']:.3f}"
    return [name, f"{row['n_lines']:,}", f"{row['accuracy']:.1%}", interval, capped, diversity]
