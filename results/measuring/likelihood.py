"""Log-likelihood of a corpus under a trained network, in units that do not depend on how it was normalised."""

import math
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from base.batch import Batch
from data_loader.batching import LengthSampler, collate
from data_loader.corpus import Corpus
from data_loader.line_choice import lines_of_digits, splits_to_use
from data_loader.sources import CorpusLines, Lines
from data_loader.transform import open_transformed
from model.writing.lattice import cell_log_prob
from model.writing.mixture_density import MIN_SIGMA, Mixture, end_log_prob, expected_offset, offset_log_prob
from results.measuring.likelihood_scores import GRAVES, LineSums, scores
from results.trained import TrainedModel
from utils.errors import InputError
from utils.progress import progress

FROZEN_UNITS = {"iam-ondb": (41.954, 37.124)}
"""Per-axis std of the offsets in whose units a corpus's densities are given, whatever a model was normalised with
(of transformed ink they would mean nothing: there it is the model's own std):
that of IAM-OnDB is over trainset, testset_f and testset_t, as Graves (2013) used them."""
Pair = tuple[float, float]


@dataclass(frozen=True)
class CorpusPredicted:
    """The numbers of a network that predicted every point of lines of a corpus, see `predict_corpus`."""

    numbers: dict[str, Any]


@torch.inference_mode()
def predict_corpus(
    network: TrainedModel[Any],
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    batch_size: int,
    ids: Collection[str] | None = None,
) -> CorpusPredicted:
    """Measure how well every line of the splits is predicted, see `scores`; none is left out or clipped.

    For a network that was trained on some digits, those lines alone; with `ids`, the lines of these ids alone. A line
    of T points counts T - 1 predictions. Bits on the lattice are None where `lattice` says why. Graves's results are
    given with those of testset_v.

    Raises InputError where the corpus is not there, or has characters that the network does not know.
    """
    if batch_size < 1:
        raise InputError(f"batch size is {batch_size}; it must be 1 or more")
    name, std, transform = corpus_name or network.corpus, network.std, network.transform.settings
    corpus = open_transformed(name, data_dir, network.transform)
    corpus.read_with(network.alphabet.characters)
    splits, source = splits or splits_to_use(corpus, None, None)[1], corpus.card["source"]
    lines = lines_of_digits(corpus, splits, network.digits)
    lines = lines if ids is None else np.array([line for line in lines if corpus.id(int(line)) in ids])
    unit = std if transform else FROZEN_UNITS.get(source, std)
    off = off_lattice(corpus, lines, bool(transform))
    sums_of = partial(line_sums, std=std, unit=unit, lattice=off is None)
    sums = _sums_of_lines(network, Lines([CorpusLines(corpus, lines)], std), sums_of, batch_size)
    writers = [corpus.card["writers"][writer] for writer in corpus.index["writer"][lines]]
    as_graves = (source, splits, bool(transform), ids) == ("iam-ondb", ["testset_v"], False, None)
    numbers = {
        "corpus": name,
        "transform": network.facts.get("transform", {}),
        "splits": splits,
        "unit": list(unit),
        "sigma_floor": [MIN_SIGMA * own / given for own, given in zip(std, unit, strict=True)],
        "lattice": off or "whole numbers of the data set's unit",
        "graves_2013": GRAVES if as_graves else [],
    }
    return CorpusPredicted(numbers | scores(sums, writers))


def off_lattice(corpus: Corpus, lines: np.ndarray, transformed: bool) -> str | None:
    """Why the points of these lines are on no lattice; None where they all have whole numbers for coordinates."""
    if transformed:
        return "none: the lines are transformed"
    for line in progress(lines.tolist(), len(lines), "checking coordinates"):
        ink = corpus.points(line)[:, :2]
        if not np.array_equal(ink, np.rint(ink)):
            return f"none: coordinates of {corpus.id(line)} are no whole numbers"
    return None


def _sums_of_lines(
    network: TrainedModel[Any], lines: Lines, sums_of: Callable[[Mixture, Batch], Tensor], batch_size: int
) -> LineSums:
    """The sums of every line, in the order of `lines`."""
    sampler = LengthSampler(lines.sources[0].lengths, batch_size, None)
    sums = torch.empty(len(lines), len(LineSums._fields), dtype=torch.float64)
    for positions in progress(sampler.batches(1), len(sampler), "evaluation", "batch"):
        batch = collate([lines[1, position] for position in positions]).to(network.device)
        sums[positions] = sums_of(network.model(batch), batch).cpu()
    return LineSums(*sums.numpy().T)


def line_sums(output: Mixture, batch: Batch, std: Pair, unit: Pair, lattice: bool) -> Tensor:
    """The `LineSums` of a batch in units of `std`, in columns: (B, 5) float64; nats in units of `unit`.

    Without `lattice` nats on it are NaN. A network that also predicts which lift is the last is not scored on that.
    """
    real = batch.target_mask
    mixture, targets = Mixture(*(part[real] for part in output[:5])), batch.targets[real]
    scales = targets.new_tensor(std, dtype=torch.float64)
    ratio = (scales / scales.new_tensor(unit)).to(targets.dtype)
    end = -end_log_prob(mixture, targets[:, 2])
    whole = (targets[:, :2].double() * scales).round() / scales
    cell = (1 / std[0], 1 / std[1])
    columns = LineSums(
        nats=end - offset_log_prob(mixture, targets[:, :2]) - log_ratio(std, unit),
        end=end,
        error=((expected_offset(mixture) - targets[:, :2]) * ratio).square().sum(-1),
        lattice=end - cell_log_prob(mixture, whole, cell) if lattice else torch.full_like(end, math.nan),
        points=torch.ones_like(end),
    )
    owner = torch.nonzero(real)[:, 0]
    sums = scales.new_zeros(len(real), len(columns))
    return sums.index_add_(0, owner, torch.stack([column.double() for column in columns], 1))


def log_ratio(std: Pair, unit: Pair) -> float:
    """The summand that turns the log-density of an offset in units of `std` into that in units of `unit`."""
    return math.log(unit[0] / std[0]) + math.log(unit[1] / std[1])
