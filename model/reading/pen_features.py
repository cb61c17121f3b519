"""Per-point input features of the networks that read."""

from typing import Literal

import torch
from torch import Tensor

Features = Literal["offsets", "geometry"]
FEATURES: dict[Features, int] = {"offsets": 3, "geometry": 9}
"""Features per pen point of each kind."""
LARGEST = 10.0
"""Offsets and heights beyond this many stds are cut: a jump across the page says no more than a long move."""


def pen_features(strokes: Tensor, stroke_mask: Tensor, kind: Features) -> Tensor:
    """Return features (B, T, 3 or 9) of strokes (B, T, 3); a point's depend on its own line alone.

    offsets   dx, dy, end_of_stroke
    geometry  these, then direction (cos, sin), curvature (cos, sin of the turn from the move before), whether the
              pen was up on the way here, and the height above the line's mean
    """
    offsets, end = strokes[..., :2].clamp(-LARGEST, LARGEST), strokes[..., 2:]
    if kind == "offsets":
        return torch.cat([offsets, end], -1)
    length = torch.linalg.vector_norm(strokes[..., :2], dim=-1, keepdim=True)
    direction = strokes[..., :2] / length.clamp_min(1e-6)
    x, y = direction.unbind(-1)
    before_x, before_y = _one_later(direction).unbind(-1)
    turn = torch.stack([before_x * x + before_y * y, before_x * y - before_y * x], -1)
    heights = strokes[..., 1].cumsum(1)
    mean = (heights * stroke_mask).sum(1) / stroke_mask.sum(1)
    height = (mean.unsqueeze(1) - heights).clamp(-LARGEST, LARGEST).unsqueeze(-1)
    return torch.cat([offsets, end, direction, turn, _one_later(end), height], -1)


def _one_later(values: Tensor) -> Tensor:
    """Values (B, T, F) of the point before, zero at the first."""
    return torch.cat([torch.zeros_like(values[:, :1]), values[:, :-1]], 1)
