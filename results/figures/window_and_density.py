"""Figures of a writer's attention window and densities along a line, each with the numbers that it shows."""

from itertools import groupby
from typing import Any

import numpy as np
import torch
from matplotlib.figure import Figure

from render.figures.density import density_figure
from render.figures.figure import attended, window_figure
from results.figures.density_map import Extent, biased, density_map
from results.figures.trace import Trace
from utils.errors import InputError

Shown = tuple[Figure, dict[str, Any]]
MAX_PIXELS = 1800
"""Pixels of a density map along its longer side: 300 to the inch."""


def window(trace: Trace) -> Shown:
    """Return the window's heat map below the line, and numbers on its path. Graves (2013), fig. 13.

    points_per_character   of every character in order, and of the text's end: points at which it had the largest weight
    backward_steps         times that the window went back from one point to the next
    longest_stand          the character at which it stayed longest without a break

    Raises InputError where the network reads no text.
    """
    if trace.weights is None:
        raise InputError("this network reads no text, so it has no window; try: density")
    at = attended(trace.weights)
    counts = np.bincount(at, minlength=trace.weights.shape[1])
    longest, position = max((len(list(run)), int(u)) for u, run in groupby(at.tolist()))
    names = [*trace.text, "end"]
    numbers = {
        "text": trace.text,
        "n_points": len(trace.points),
        "stopped_by_itself": trace.stopped,
        "mean_points_per_character": float(counts[:-1].mean()),
        "backward_steps": int((np.diff(at) < 0).sum()),
        "longest_stand": {"position": position, "character": names[position], "points": longest},
        "never_weighed_most": [u for u in range(len(trace.text)) if counts[u] == 0],
        "points_per_character": [[name, int(count)] for name, count in zip(names, counts, strict=True)],
    }
    return window_figure(trace.points, trace.weights, trace.text), numbers


def density(trace: Trace, *, bias: float = 0.0) -> Shown:
    """Return maps of the points, pen lifts and components that a network expected. Graves (2013), fig. 10 and 11.

    bias                the bias that the line was written with, so that its points were drawn from the mapped density
    share_on_paper      the share of the expected points that is within the picture
    mean_components     the number of components that share the weight of a point: exp of the weights' entropy
    expected_pen_lifts  the sum of the probabilities, to compare with pen_lifts
    """
    mixture = biased(trace.mixture, bias, sharpen_weights=trace.sharpens)
    extent = paper_extent(trace.points)
    pixel = max(extent[1] - extent[0], extent[3] - extent[2]) / MAX_PIXELS
    pixels = density_map(mixture, trace.points[:-1, :2], trace.std, extent, pixel)
    weights, ends = mixture.log_pi.exp(), torch.sigmoid(mixture.end_logit)
    lifted = torch.from_numpy(trace.points[1:, 2] > 0.5)
    numbers = {
        "text": trace.text,
        "n_points": len(trace.points),
        "share_on_paper": float(pixels.sum()) / len(ends),
        "mean_components": float((-(weights * mixture.log_pi).sum(-1)).exp().mean()),
        "pen_lifts": int(lifted.sum()),
        "expected_pen_lifts": float(ends.sum()),
        "mean_lift_probability_at_lifts": float(ends[lifted].mean()) if lifted.any() else None,
        "mean_lift_probability_elsewhere": float(ends[~lifted].mean()) if (~lifted).any() else None,
    }
    return density_figure(trace.points, pixels / pixel**2, extent, ends.numpy(), weights.numpy()), numbers


def paper_extent(points: np.ndarray) -> Extent:
    """Return the extent of points (T, 3) and a margin of a twentieth of its width and a fifth of its height."""
    low, high = points[:, :2].min(0).astype(float), points[:, :2].max(0).astype(float)
    margin = np.maximum((high - low) * (0.05, 0.2), max(float((high - low).max()), 1e-6) * 0.02)
    (left, top), (right, bottom) = low - margin, high + margin
    return float(left), float(right), float(top), float(bottom)
