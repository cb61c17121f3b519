"""A trained network measured on a split of a corpus, in units that do not depend on how it was normalised."""

import math
from pathlib import Path
from typing import Any

import torch

from base.base_model import BaseModel
from data_loader.corpus import Corpus
from data_loader.data_loaders import LengthSampler, Lines, collate, splits_to_use
from data_loader.prepare import open_corpus
from model.mixture_density import MIN_SIGMA, end_log_prob, expected_offset, offset_log_prob
from utils.errors import InputError
from utils.progress import progress

FROZEN_UNITS = {"iam-ondb": (41.954, 37.124)}
"""Per-axis std of the offsets in whose units a corpus's densities are given, whatever a model was normalised with:
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
    corpus = open_corpus(corpus_name or facts["corpus"], data_dir)
    splits = splits or splits_to_use(corpus, None, None)[1]
    std = (facts["std"][0], facts["std"][1])
    lines = corpus.lines_of(splits)
    unit = FROZEN_UNITS.get(corpus.card["source"], std)
    sampler = LengthSampler(corpus.lengths[lines], batch_size, None)
    dataset = Lines(with_alphabet(corpus, facts), lines, std)
    device = next(model.parameters()).device
    scale = torch.tensor(std, device=device) / torch.tensor(unit, device=device)
    per_line: list[torch.Tensor] = []
    for positions in progress(sampler, len(sampler), "evaluation", "batch"):
        batch = collate([dataset[position] for position in positions]).to(device)
        output, mask = model(batch), batch.target_mask
        quantities = (
            -offset_log_prob(output, batch.targets[..., :2]) - log_ratio(std, unit),
            -end_log_prob(output, batch.targets[..., 2]),
            ((expected_offset(output) - batch.targets[..., :2]) * scale).square().sum(-1),
            torch.ones_like(batch.targets[..., 2]),
        )
        per_line.append(torch.stack([torch.where(mask, part, 0).double().sum(1) for part in quantities], 1).cpu())
    return _summary(torch.cat(per_line)) | {
        "corpus": corpus.card["name"],
        "splits": splits,
        "unit": list(unit),
        "sigma_floor": [MIN_SIGMA * std[0] / unit[0], MIN_SIGMA * std[1] / unit[1]],
    }


def with_alphabet(corpus: Corpus, facts: dict[str, Any]) -> Corpus:
    """The corpus, its texts read with the model's alphabet.

    Raises InputError where it has characters that the model does not know.
    """
    missing = sorted(set(corpus.alphabet.characters) - set(facts["alphabet"]))
    if missing:
        raise InputError(f"{corpus.folder}: it has characters that this model does not know: {' '.join(missing)}")
    corpus.alphabet = type(corpus.alphabet)(facts["alphabet"])
    return corpus


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
        "nats_per_line_standard_error": float(nats.std() / math.sqrt(len(nats))) if len(nats) > 1 else math.nan,
        "nats_per_point": float(nats.sum()) / total,
        "end_of_stroke_nats": float(end.sum()) / total,
        "sse": float(error.sum()) / total,
    }
