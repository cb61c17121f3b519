"""The mass of a cell is that of brute force, of draws and of closed forms, spikes and far tails included."""

import math
from itertools import product

import numpy as np
import pytest
import torch
from torch import Tensor

from model.writing.lattice import cell_log_prob, rectangle_log_mass
from model.writing.mixture_density import MAX_RHO, MIN_SIGMA, Mixture, offset_log_prob, sample_stroke
from tests.model.small import assert_close, random_mixture

BITS = 1e-4 * math.log(2)
"""Largest error of a log-mass, in nats."""
IAM_STD = (41.954, 37.124)
SIGMAS = (MIN_SIGMA * IAM_STD[0], 0.3, 3.0, 100.0)
"""In cells: from the floor to wider than a word."""


def gaussian(sigma: tuple[float, float], rho: float, mean: tuple[float, float] = (0, 0)) -> Mixture:
    """One component, one point: (1, 1)."""
    pair = torch.tensor([[sigma]], dtype=torch.float64)
    centre = torch.tensor([[mean]], dtype=torch.float64)
    return Mixture(torch.zeros(1, 1), centre, pair.log(), torch.tensor([[rho]]).double(), torch.zeros(1))


def normal_interval(low: Tensor, high: Tensor) -> Tensor:
    """Mass of the standard normal between, as a difference of complementary error functions of one sign."""
    flip = low + high < 0
    low, high = torch.where(flip, -high, low), torch.where(flip, -low, high)
    return (torch.erfc(low / math.sqrt(2)) - torch.erfc(high / math.sqrt(2))) / 2


def brute_force(low: Tensor, high: Tensor, rho: Tensor, steps: int = 200_000) -> Tensor:
    """Mass (N,) over rectangles (N, 2): the midpoint rule along x, as fine everywhere."""
    masses = []
    for (left, bottom), (right, top), slope in zip(low, high, rho, strict=True):
        left, right = left.clamp(-9, 9), right.clamp(-9, 9)
        width = (right - left) / steps
        x = left + width * (torch.arange(steps, dtype=torch.float64) + 0.5)
        spread = torch.sqrt(1 - slope**2)
        given_x = normal_interval((bottom - slope * x) / spread, (top - slope * x) / spread)
        masses.append(width * (torch.exp(-x.square() / 2) * given_x).sum() / math.sqrt(2 * math.pi))
    return torch.stack(masses)


def rectangles() -> tuple[Tensor, Tensor, Tensor]:
    """Unit cells on, beside and away from Gaussians narrow and wide, in each one's own units."""
    rhos, places = (0.0, 1e-6, 0.5, -0.95, MAX_RHO, -MAX_RHO), ((0.0, 0.0), (0.4, -0.5), (2.0, 2.2))
    rows = [
        [(place[0] * max(x, 1), place[1] * max(y, 1)), (x, y), (rho, 0)]
        for x, y, rho, place in product(SIGMAS, SIGMAS, rhos, places)
    ]
    centre, sigma, rho = torch.tensor(rows, dtype=torch.float64).unbind(1)
    return (centre - 0.5) / sigma, (centre + 0.5) / sigma, rho[:, 0]


@pytest.mark.slow
def test_rectangles_hold_what_brute_force_finds():
    low, high, rho = rectangles()
    expected = brute_force(low, high, rho)
    matters = expected > 1e-30
    assert matters.sum() > 150
    assert_close(rectangle_log_mass(low, high, rho)[matters], expected.log()[matters], BITS / 2)


def test_some_rectangles_hold_what_brute_force_finds():
    low, high, rho = (part[16::24] for part in rectangles())
    expected = brute_force(low, high, rho, 50_000)
    matters = expected > 1e-30
    assert matters.sum() > 6
    torch.testing.assert_close(rectangle_log_mass(low, high, rho)[matters], expected.log()[matters], atol=BITS, rtol=0)


@pytest.mark.parametrize("sigma", SIGMAS)
def test_without_correlation_it_is_a_product(sigma):
    places = torch.tensor([[0.0, 0.0], [0.5, 0.5], [3.0, -20.0], [-36.0, 25.0]], dtype=torch.float64)
    low, high = places - 0.5 / sigma, places + 0.5 / sigma
    expected = normal_interval(low, high).log().sum(-1)
    mass = rectangle_log_mass(low, high, torch.zeros(4, dtype=torch.float64))
    real = expected.isfinite()
    assert real.sum() > 1 and mass.isfinite().all()
    assert_close(mass[real], expected[real], 1e-7)


@pytest.mark.parametrize("rho", [0.0, 0.7, -0.99])
@pytest.mark.parametrize("distance", [0.0, 50.0, 3000.0])
def test_a_small_cell_holds_a_tilted_density_however_far_out(rho, distance):
    """On a cell small against sigma the log-density is a plane: its integral is that of two exponentials."""
    sigma, width = 1.0, 1e-4
    mixture, offset = gaussian((sigma, sigma), rho), torch.tensor([[distance, 0.8 * distance]], dtype=torch.float64)
    offset.requires_grad_()
    density = offset_log_prob(mixture, offset)
    (slope,) = torch.autograd.grad(density.sum(), offset)
    tilt = slope[0] * width / 2
    expected = density.detach() + 2 * math.log(width) + torch.where(tilt == 0, 1, tilt.sinh() / tilt).log().sum()
    mass = cell_log_prob(mixture, offset.detach(), (width, width))
    torch.testing.assert_close(mass, expected, atol=1e-5, rtol=0)


def test_mass_is_the_density_integrated_over_the_cell():
    mixture, cell = random_mixture(6, 5), (0.7, 1.1)
    offsets = 2 * torch.randn(6, 5, 2, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    nodes, weights = (torch.from_numpy(part) / 2 for part in np.polynomial.legendre.leggauss(48))
    inside = torch.cartesian_prod(nodes * cell[0], nodes * cell[1]).reshape(-1, 1, 1, 2)
    shares = torch.cartesian_prod(weights * cell[0], weights * cell[1]).prod(-1)
    expected = sum(w * offset_log_prob(mixture, offsets + step).exp() for w, step in zip(shares, inside, strict=True))
    torch.testing.assert_close(cell_log_prob(mixture, offsets, cell), expected.log(), atol=1e-6, rtol=0)


def lattice(reach: int) -> Tensor:
    axis = torch.arange(-reach, reach + 1, dtype=torch.float64)
    return torch.cartesian_prod(axis, axis)


def with_spikes() -> Mixture:
    """Three components of a few cells' width, and three of less than one, in cells, one of them a slanted needle."""
    sigma = torch.tensor([[3.0, 5.0], [2.0, 2.0], [4.0, 0.6], [0.04, 6.0], [0.04, 0.04], [2.0, 3.0]])
    mean = torch.tensor([[0.0, 1.0], [5.3, -4.0], [-3.0, 0.0], [2.0, 2.0], [1.5, -2.01], [0.3, 0.2]])
    rho = torch.tensor([0.4, -0.9, 0.0, 0.3, 0.0, MAX_RHO])
    log_pi = torch.tensor([0.3, 0.2, 0.2, 0.1, 0.1, 0.1]).log()
    parts = (log_pi, mean, sigma.log(), rho, torch.zeros(()))
    return Mixture(*(part.double().unsqueeze(0) for part in parts))


def expanded(mixture: Mixture, count: int) -> Mixture:
    return Mixture(*(part.expand(count, *part.shape[1:]) for part in mixture))


def test_all_cells_together_hold_one():
    cells = lattice(40)
    masses = cell_log_prob(expanded(with_spikes(), len(cells)), cells, (1.0, 1.0)).exp()
    assert masses.sum().item() == pytest.approx(1, abs=1e-7)


def test_draws_fall_into_cells_as_often_as_their_mass_says():
    draws, mixture = 1_000_000, with_spikes()
    generator = torch.Generator().manual_seed(0)
    noise = torch.cat([torch.rand(draws, 2, generator=generator), torch.randn(draws, 2, generator=generator)], 1)
    drawn = sample_stroke(expanded(mixture, draws), noise.double())[:, :2].round() + 100
    counts = torch.bincount((200 * drawn[:, 0] + drawn[:, 1]).long())
    heaviest = counts.argsort(descending=True)[:60]
    cells = torch.stack([heaviest // 200 - 100, heaviest % 200 - 100], 1).double()
    rates = counts[heaviest] / draws
    masses = cell_log_prob(expanded(mixture, len(cells)), cells, (1.0, 1.0)).exp()
    errors = (masses * (1 - masses) / draws).sqrt()
    assert ((rates - masses).abs() < 4 * errors).all()


def test_components_that_are_left_out_do_not_matter():
    mixture = random_mixture(300, num_mixtures=20, seed=2)
    mixture = mixture._replace(log_pi=(5 * mixture.log_pi).log_softmax(-1), log_sigma=3 * mixture.log_sigma - 2)
    offsets = 2 * torch.randn(300, 2, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    from_mean, sigma = offsets.unsqueeze(1) - mixture.mean, mixture.log_sigma.exp()
    low, high = ((from_mean + side * 0.05) / sigma for side in (-1, 1))
    every = rectangle_log_mass(low.flatten(0, 1), high.flatten(0, 1), mixture.rho.flatten()).reshape(300, 20)
    expected = torch.logsumexp(mixture.log_pi + every, -1)
    torch.testing.assert_close(cell_log_prob(mixture, offsets, (0.1, 0.1)), expected, atol=1e-6, rtol=0)


def test_a_spike_on_the_lattice_raises_the_density_and_not_the_mass():
    cell, offset = (1 / IAM_STD[0], 1 / IAM_STD[1]), torch.zeros(1, 2, dtype=torch.float64)
    wide, spike = gaussian((0.002, 0.002), 0.0), gaussian((MIN_SIGMA, MIN_SIGMA), MAX_RHO)
    assert offset_log_prob(spike, offset).item() > offset_log_prob(wide, offset).item() + 4
    assert cell_log_prob(spike, offset, cell).item() == pytest.approx(0, abs=1e-7)
    assert cell_log_prob(wide, offset, cell).item() == pytest.approx(0, abs=1e-7)


@pytest.mark.parametrize("sigma", [MIN_SIGMA, 1.0, 1e9])
@pytest.mark.parametrize("rho", [0.0, MAX_RHO, -MAX_RHO])
@pytest.mark.parametrize("offset", [(0.0, 0.0), (1e4, 1e4), (-24_000.0, 3.0), (1e7, -1e7)])
def test_extremes_are_finite_and_as_dense_as_their_nearest_point(sigma, rho, offset):
    mixture = Mixture(*(part.float() for part in gaussian((sigma, sigma), rho)))
    cell = (1 / IAM_STD[0], 1 / IAM_STD[1])
    (mass,) = cell_log_prob(mixture, torch.tensor([offset]), cell)
    density = offset_log_prob(Mixture(*(part.double() for part in mixture)), torch.tensor([offset]).double())
    assert mass.dtype == torch.float64 and mass.isfinite() and mass <= 1e-12
    assert mass.item() == pytest.approx(density.item() - math.log(IAM_STD[0] * IAM_STD[1]), rel=0.05, abs=20)
