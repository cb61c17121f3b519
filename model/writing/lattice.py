"""Probability of offsets on a lattice: a mixture density integrated over the cell around each of them.

A density can be raised without end by spikes on the lattice that the data is on; the mass of a cell is never over 1.
"""

import math
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

from model.writing.mixture_density import Mixture

NODES = 20
"""Nodes of the Gauss-Legendre rule on every smooth piece."""
REACH = 20.0
"""Nats below its highest point from which on a Gaussian is left out of the integral: 2e-9 of it."""
EDGE = 6.0
"""Sigmas from an edge from which on a normal distribution function is flat, to 1e-9."""
NEGLIGIBLE = 17.0
"""Components that cannot hold e**-17 of a mixture's mass in the cell are left out: together 1e-6 bits at most."""
POINTS_AT_ONCE = 8192


def cell_log_prob(mixture: Mixture, offsets: Tensor, cell: tuple[float, float]) -> Tensor:
    """Log-mass of mixtures (..., M) over cells of this width and height around offsets (..., 2): (...) float64, nats.

    The pen lift is not in it. Exact to 1e-6 bits; finite however far out.
    """
    parts = [part.double().flatten(0, offsets.dim() - 2).split(POINTS_AT_ONCE) for part in (*mixture[:4], offsets)]
    masses = [_mixture_log_mass(cell, *some) for some in zip(*parts, strict=True)]
    return torch.cat(masses).reshape(offsets.shape[:-1])


def _mixture_log_mass(
    cell: tuple[float, float], log_pi: Tensor, mean: Tensor, log_sigma: Tensor, rho: Tensor, offsets: Tensor
) -> Tensor:
    """Return the log-mass (N,) at N points: the heaviest component first, then those that can matter next to it."""
    half = offsets.new_tensor(cell) / 2
    from_mean = offsets.unsqueeze(-2) - mean
    low, high = (from_mean - half) * torch.exp(-log_sigma), (from_mean + half) * torch.exp(-log_sigma)
    bound = log_pi + _upper_bound(low, high, rho)
    mass = torch.full_like(bound, -math.inf)
    heaviest = bound >= bound.amax(-1, keepdim=True)
    mass[heaviest] = log_pi[heaviest] + rectangle_log_mass(low[heaviest], high[heaviest], rho[heaviest])
    rest = ~heaviest & (bound > mass.amax(-1, keepdim=True) - NEGLIGIBLE)
    mass[rest] = log_pi[rest] + rectangle_log_mass(low[rest], high[rest], rho[rest])
    return mass.logsumexp(-1)


def rectangle_log_mass(low: Tensor, high: Tensor, rho: Tensor) -> Tensor:
    """Log-mass (N,) of bivariate normals with correlation rho (N,) over rectangles from low to high (N, 2), float64.

    Gauss-Legendre over x of the normal density times the mass that y has given x. The range of x is cut to where that
    product is within `REACH` nats of its highest, and into the pieces on which it is smooth: y's mass given x changes
    about two places, where the regression line enters and leaves the rectangle.
    """
    bound = _upper_bound(low, high, rho)
    level = 2 * REACH + _least_distance2(low, high, rho)
    (left, bottom), (right, top) = low.unbind(-1), high.unbind(-1)
    bottom, top = torch.where(rho < 0, -top, bottom), torch.where(rho < 0, -bottom, top)
    rho = rho.abs()
    spread = torch.sqrt((1 - rho) * (1 + rho))

    radius = level.sqrt()  # the range of x in the ellipse of this level, as far as y is in the rectangle there
    above = rho * top + spread * torch.sqrt((level - top.square()).clamp_min(0))
    below = rho * bottom - spread * torch.sqrt((level - bottom.square()).clamp_min(0))
    left = torch.maximum(left, torch.where(-rho * radius < bottom, below, -radius))
    right = torch.minimum(right, torch.where(rho * radius > top, above, radius))

    steep = rho.clamp_min(1e-9)
    places = [(edge + side * EDGE * spread) / steep for edge in (bottom, top) for side in (-1, 1)]
    marks = torch.stack([left, *(torch.clamp(place, left, torch.maximum(left, right)) for place in places), right])
    mass = torch.full_like(left, -math.inf)
    for start, stop in pairwise(marks.sort(0).values):
        wide = torch.nonzero((stop > start) & (right > left)).squeeze(1)
        arguments = (part[wide] for part in (start, stop, bottom, top, rho, spread))
        mass[wide] = torch.logaddexp(mass[wide], _piece_log_mass(*arguments))
    return torch.where(mass.isfinite(), mass, bound)  # float64 cannot tell the ends apart: the cell is a point


def _piece_log_mass(start: Tensor, stop: Tensor, bottom: Tensor, top: Tensor, rho: Tensor, spread: Tensor) -> Tensor:
    """Log-integral (N,) over x from start to stop of the normal density times the mass of y given x."""
    nodes, weights = (start.new_tensor(part) for part in np.polynomial.legendre.leggauss(NODES))
    half = (stop - start) / 2
    x = (start + half).unsqueeze(1) + half.unsqueeze(1) * nodes
    low, high = (((edge.unsqueeze(1) - rho.unsqueeze(1) * x) / spread.unsqueeze(1)) for edge in (bottom, top))
    terms = weights.log() - x.square() / 2 + _interval_log_mass(low, high)
    return terms.logsumexp(1) + half.log() - math.log(2 * math.pi) / 2


def _interval_log_mass(low: Tensor, high: Tensor) -> Tensor:
    """Log-mass of the standard normal between low and high, taken in the lower tail, where nothing cancels."""
    upper = low + high > 0
    low, high = torch.where(upper, -high, low), torch.where(upper, -low, high)
    below_high = torch.special.log_ndtr(high)
    return below_high + torch.log(-torch.expm1(torch.special.log_ndtr(low) - below_high))


def _upper_bound(low: Tensor, high: Tensor, rho: Tensor) -> Tensor:
    """Return an upper bound of the log-mass over rectangles (..., 2): the largest density times the area, and no more
    than the half-plane beyond the nearest point holds."""
    area = (high - low).log().sum(-1) - 0.5 * torch.log((1 - rho) * (1 + rho)) - math.log(2 * math.pi)
    return area.clamp_max(0) - _least_distance2(low, high, rho) / 2


def _least_distance2(low: Tensor, high: Tensor, rho: Tensor) -> Tensor:
    """Least squared Mahalanobis distance from the mean to rectangles (..., 2): (...); 0 where the mean is inside."""
    smallest = torch.full_like(rho, math.inf)
    for axis in (0, 1):
        for side in (low, high):
            along = rho * side[..., axis]
            other = torch.clamp(along, low[..., 1 - axis], high[..., 1 - axis])
            distance2 = side[..., axis].square() + (other - along).square() / ((1 - rho) * (1 + rho))
            smallest = torch.minimum(smallest, distance2)
    return torch.where(((low <= 0) & (high >= 0)).all(-1), 0, smallest)
