"""Weights in 8 bits, for files that are shipped: a quarter of the size."""

from collections.abc import Mapping

import torch
from torch import Tensor

GROUP = 64
"""Weights side by side of one output that share a scale: the largest of them is 127 times it."""


def rounded(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Matrices (O, I) as int8, their scales (O, I / GROUP); vectors and the last matrix, the output, as float16."""
    *matrices, _ = [name for name, weight in weights.items() if weight.ndim == 2]
    small, scales = {name: weight.half() for name, weight in weights.items()}, {}
    for name in matrices:
        largest = torch.stack([group.abs().amax(1) for group in weights[name].split(GROUP, 1)], 1)
        scales[name] = (largest / 127).clamp_min(1e-30)
        small[name] = (weights[name] / _spread(scales[name], weights[name])).round().to(torch.int8)
    return small, scales


def widened(weights: Mapping[str, Tensor], scales: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The weights that `rounded` made small, those with scales in float32.

    Raises ValueError naming what does not fit.
    """
    wide = dict(weights)
    for name, scale in scales.items():
        weight = weights.get(name, torch.empty(0))
        fits = weight.dtype == torch.int8 and weight.ndim == 2
        if not fits or scale.shape != (len(weight), -(-weight.shape[1] // GROUP)):
            raise ValueError(f"the scales of {name} are of other weights")
        wide[name] = weight * _spread(scale, weight)
    return wide


def _spread(scale: Tensor, weight: Tensor) -> Tensor:
    """Every weight's own scale."""
    return scale.float().repeat_interleave(GROUP, 1)[:, : weight.shape[1]]
