"""A trained network measured on a split of a corpus, in units that do not depend on how it was normalised."""

import math
from pathlib import Path
from typing import Any

import torch

from base.base_model import BaseModel
from base.batch import Batch
from data_loader.data_loaders import LengthSampler, Lines, collate, splits_to_use
from data_loader.transform import Transform, open_transformed
from model.mixture_density import MIN_SIGMA, Mixture, end_log_prob, expected_offset, offset_log_prob
from utils.errors import InputError
from utils.progress import progress

FROZEN_UNITS = {"iam-ondb": (41.954, 37.124)}
"""Per-axis std of the offsets in whose units a corpus's densities are given, whatever a model was normalised with
(of transformed ink they would mean nothing: there it is the model's own std):
that of IAM-OnDB is over trainset, testset_f and testset_t, as Graves (2013) used them."""


@torch.inference_mode()
def evaluate(
    model: BaseModel,
    facts: dict[str, Any],
    corpus_name: str | None,
    splits: list[str] | None,
    data_dir: Path,
    batch_size: int,
) -> dict[str, Any]:
    """Nats per line and per point, squared error per point, on every line of the splits; none left out or clipped.

    nats_per_line has its standard error beside it. A line of T points counts T - 1 predictions.

    Raises InputError where the corpus is not there, or has characters that the model does not know.
    """
    if batch_size < 1:
        raise InputError(f"batch size is {batch_size}; it must be 1 or more")
    corpus = open_transformed(corpus_name or facts["corpus"], data_dir, Transform(**facts.get("transform", {})))
    corpus.read_with(facts["alphabet"])
    splits = splits or splits_to_use(corpus, None, None)[1]
    std = (facts["std"][0], facts["std"][1])
    lines = corpus.lines_of(splits)
    unit = std if facts.get("transform") else FROZEN_UNITS.get(corpus.card["source"], std)
    sampler = LengthSampler(corpus.lengths[lines], batch_size, None)
    dataset = Lines(corpus, lines, std)
    device = next(model.parameters()).device
    per_line = []
    for positions in progress(sampler, len(sampler), "evaluation", "batch"):
        batch = collate([dataset[position] for position in positions]).to(device)
        per_line.append(line_sums(model(batch), batch, std, unit).cpu())
    return _summary(torch.cat(per_line)) | {
        "corpus": corpus_name or facts["corpus"],
        "transform": facts.get("transform", {}),
        "splits": splits,
        "unit": list(unit),
        "sigma_floor": [MIN_SIGMA * std[0] / unit[0], MIN_SIGMA * std[1] / unit[1]],
    }


def line_sums(output: Mixture, batch: Batch, std: tuple[float, float], unit: tuple[float, float]) -> torch.Tensor:
    """Of every line (B, 4): nats of its offsets, nats of its pen lifts, squared error, predicted points."""
    scale = batch.targets.new_tensor(std) / batch.targets.new_tensor(unit)
    quantities = (
        -offset_log_prob(output, batch.targets[..., :2]) - log_ratio(std, unit),
        -end_log_prob(output, batch.targets[..., 2]),
        ((expected_offset(output) - batch.targets[..., :2]) * scale).square().sum(-1),
        torch.ones_like(batch.targets[..., 2]),
    )
    return torch.stack([torch.where(batch.target_mask, part, 0).double().sum(1) for part in quantities], 1)


def log_ratio(std: tuple[float, float], unit: tuple[float, float]) -> float:
    """What is added to the log-density of an offset in units of `std` to have it in units of `unit`."""
    return math.log(unit[0] / std[0]) + math.log(unit[1] / std[1])


def _summary(per_line: torch.Tensor) -> dict[str, Any]:
    """Of (L, 4) sums of offset nats, end-of-stroke nats, squared error and points of every line."""
    offset, end, error, points = per_line.unbind(1)
    nats, total = offset + end, float(points.sum())
    return {
        "n_lines": len(per_line),
        "n_points": int(total),
        "nats_per_line": float(nats.mean()),
        "nats_per_line_standard_error": float(nats.std() / math.sqrt(len(nats))) if len(nats) > 1 else None,
        "nats_per_point": float(nats.sum()) / total,
        "end_of_stroke_nats": float(end.sum()) / total,
        "sse": float(error.sum()) / total,
    }
