"""Weights in 8 bits: a quarter of the size, in exported files and in the compiled sampler."""

from collections.abc import Mapping

import torch
from torch import Tensor

GROUP = 64
"""Number of adjacent weights of an output that share a scale; the largest of them is 127 times it."""


def round_groups(weight: Tensor) -> tuple[Tensor, Tensor]:
    """Return a matrix (O, I) as int8, and its scales (O, I / GROUP)."""
    largest = torch.stack([group.abs().amax(1) for group in weight.split(GROUP, 1)], 1)
    scale = (largest / 127).clamp_min(torch.finfo(largest.dtype).tiny)
    return (weight / spread(scale, weight)).round().to(torch.int8), scale


def rounded(weights: Mapping[str, Tensor]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """Return matrices (O, I) as int8, vectors and the output layer as float16; and the scales (O, I / GROUP)."""
    *matrices, _ = [name for name, weight in weights.items() if weight.ndim == 2]
    small, scales = {name: weight.half() for name, weight in weights.items()}, {}
    for name in matrices:
        small[name], scales[name] = round_groups(weights[name])
    return small, scales


def widened(weights: Mapping[str, Tensor], scales: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Undo `rounded`, but for the rounding; matrices with scales become float32.

    Raises ValueError naming the scales that do not fit.
    """
    wide = dict(weights)
    for name, scale in scales.items():
        weight = weights.get(name, torch.empty(0))
        fits = weight.dtype == torch.int8 and weight.ndim == 2
        if not fits or scale.shape != (len(weight), -(-weight.shape[1] // GROUP)):
            raise ValueError(f"the scales of {name} do not fit its weights")
        wide[name] = weight * spread(scale, weight)
    return wide


def spread(scale: Tensor, weight: Tensor) -> Tensor:
    """Return the scale of every weight (O, I)."""
    return scale.float().repeat_interleave(GROUP, 1)[:, : weight.shape[1]]
