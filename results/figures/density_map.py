"""Maps of the paper with the density of the points that a network expects. Graves (2013), fig. 10."""

import math

import numpy as np

from model.writing.mixture_density import Mixture, sharpened
from utils.progress import progress

BLUR = 0.7
"""Standard deviation of the pen's tip in pixels. A component may be far narrower than a pixel, and would fall between
the pixels' centres without it; with it a Gaussian's pixels sum to its weight within 0.02 %."""
REACH = 4.5
"""Standard deviations to which a component is drawn."""
MIN_WEIGHT = 1e-4
"""Weight of a component from which on it is drawn."""

Extent = tuple[float, float, float, float]
"""Lowest x, highest x, lowest y, highest y of a map's edges."""


def biased(mixture: Mixture, bias: float, *, sharpen_weights: bool = False) -> Mixture:
    """Return the mixture that a line written with this bias is drawn from, see `sample_stroke`."""
    log_pi = sharpened(mixture.log_pi, bias) if sharpen_weights else mixture.log_pi
    return mixture._replace(log_pi=log_pi, log_sigma=mixture.log_sigma - bias)


def density_map(
    mixture: Mixture, pens: np.ndarray, std: tuple[float, float], extent: Extent, pixel: float
) -> np.ndarray:
    """Return the points expected in each pixel (H, W) of the paper, row 0 the lowest y: a sum over all steps of a line.

    mixture  each field (T, ...), in units of std
    pens     (T, 2) positions of the pen before each step
    extent   of the paper, in the units of `pens`, as is the side of a pixel
    """
    width, height = ((extent[side + 1] - extent[side]) / pixel for side in (0, 2))
    paper = np.zeros((max(round(height), 1), max(round(width), 1)))
    scale = np.asarray(std) / pixel
    weights = mixture.log_pi.exp().double().numpy()
    means = mixture.mean.double().numpy() * scale + ((pens - (extent[0], extent[2])) / pixel)[:, None]
    sigmas = mixture.log_sigma.exp().double().numpy() * scale
    covariances = mixture.rho.double().numpy() * sigmas[..., 0] * sigmas[..., 1]
    variances = sigmas**2 + BLUR**2
    for step in progress(range(len(weights)), len(weights), "adding densities", "point"):
        for m in np.flatnonzero(weights[step] > MIN_WEIGHT):
            _add(paper, weights[step, m], means[step, m], variances[step, m], covariances[step, m])
    return paper


def _add(paper: np.ndarray, weight: float, mean: np.ndarray, variance: np.ndarray, covariance: float) -> None:
    """Add a Gaussian, in pixels, to the part of the paper that it reaches."""
    reach = REACH * np.sqrt(variance)
    first = np.clip(np.floor(mean - reach), 0, paper.shape[::-1]).astype(int)
    last = np.clip(np.ceil(mean + reach), 0, paper.shape[::-1]).astype(int)
    x, y = (np.arange(a, b) + 0.5 - middle for a, b, middle in zip(first, last, mean, strict=True))
    determinant = variance[0] * variance[1] - covariance**2
    shape = variance[1] * x**2 + variance[0] * y[:, None] ** 2 - 2 * covariance * x * y[:, None]
    height = weight / (2 * math.pi * math.sqrt(determinant))
    paper[first[1] : last[1], first[0] : last[0]] += height * np.exp(-shape / (2 * determinant))
