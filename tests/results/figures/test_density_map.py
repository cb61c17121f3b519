"""The map of the predicted points against closed forms."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch.distributions import MultivariateNormal

from model.writing.mixture_density import Mixture, sample_stroke
from results.figures.density_map import BLUR, biased, density_map

STD = (5.0, 4.0)
EXTENT = (-100.0, 300.0, -50.0, 150.0)
PIXEL = 1.0


def mixture(*components: tuple[float, tuple[float, float], tuple[float, float], float]) -> Mixture:
    """The mixture of a step: weight, mean, sigma and rho of each component."""
    parts: list[Any] = [torch.tensor([values]) for values in zip(*components, strict=True)]
    return Mixture(parts[0].log(), parts[1], parts[2].log(), parts[3], torch.zeros(1))


def moments(paper: np.ndarray) -> tuple[float, np.ndarray, np.ndarray]:
    """Sum, mean (x, y) in the paper's units, and covariance of a map."""
    y, x = np.meshgrid(np.arange(EXTENT[2], EXTENT[3]) + 0.5, np.arange(EXTENT[0], EXTENT[1]) + 0.5, indexing="ij")
    places = np.stack([x.ravel(), y.ravel()])
    mean = (places * paper.ravel()).sum(1) / paper.sum()
    centred = places - mean[:, None]
    return paper.sum(), mean, (centred * paper.ravel()) @ centred.T / paper.sum()


@pytest.mark.parametrize("sigma", [(1.5, 2.0), (0.15, 3.0), (0.001, 0.001)])
def test_one_gaussian_sums_to_one_at_the_pen_however_narrow(sigma: tuple[float, float]) -> None:
    pen = np.array([[40.3, 60.8]])
    total, mean, covariance = moments(density_map(mixture((1.0, (2.0, -3.0), sigma, 0.6)), pen, STD, EXTENT, PIXEL))
    assert total == pytest.approx(1, abs=5e-4)
    np.testing.assert_allclose(mean, pen[0] + (2 * 5, -3 * 4), atol=0.01)
    x, y = sigma[0] * 5, sigma[1] * 4
    expected = [[x**2 + BLUR**2, 0.6 * x * y], [0.6 * x * y, y**2 + BLUR**2]]
    np.testing.assert_allclose(covariance, expected, rtol=0.01, atol=0.01)


def test_a_wide_mixture_is_its_density_times_the_pixels_area() -> None:
    density = mixture((0.3, (0.0, 0.0), (4.0, 3.0), 0.5), (0.7, (8.0, 4.0), (3.0, 5.0), -0.8))
    paper = density_map(density, np.array([[10.0, 20.0]]), STD, EXTENT, PIXEL)
    places = torch.tensor([[10.5, 20.5], [50.5, 36.5], [30.5, 30.5]])
    expected = torch.zeros(3)
    for weight, mean, (x, y), rho in ((0.3, (10, 20), (20, 12), 0.5), (0.7, (50, 36), (15, 20), -0.8)):
        covariance = torch.tensor([[x * x, rho * x * y], [rho * x * y, y * y]], dtype=torch.float)
        expected += weight * MultivariateNormal(torch.tensor(mean).float(), covariance).log_prob(places).exp()
    drawn = [paper[math.floor(y) + 50, math.floor(x) + 100] for x, y in places.tolist()]
    np.testing.assert_allclose(drawn, expected, rtol=0.01)


def test_steps_add_up_and_what_is_beyond_the_paper_is_left_out() -> None:
    steps = [mixture((0.5, (0.0, 0.0), (1.0, 1.0), 0.0), (0.5, (1000.0, 0.0), (1.0, 1.0), 0.0))] * 3
    together = Mixture(*(torch.cat(parts) for parts in zip(*steps, strict=True)))
    pens = np.array([[0.0, 0.0], [50.0, 10.0], [-100.0, 20.0]])
    assert density_map(together, pens, STD, EXTENT, PIXEL).sum() == pytest.approx(0.5 + 0.5 + 0.25, abs=1e-3)


@pytest.mark.parametrize("sharpen", [False, True])
def test_a_biased_mixture_is_what_is_drawn_from(*, sharpen: bool) -> None:
    density, bias, n = mixture((0.3, (0.0, 1.0), (1.0, 0.5), 0.5), (0.7, (2.0, -1.0), (0.5, 1.0), -0.8)), 0.7, 200_000
    torch.manual_seed(1)
    noise = torch.cat([torch.rand(n, 2), torch.randn(n, 2)], 1)
    draws = Mixture(*(part.expand(n, *part.shape[1:]) for part in density))
    drawn = sample_stroke(draws, noise, bias, sharpen_weights=sharpen)[:, :2]
    sharp = biased(density, bias, sharpen_weights=sharpen)
    powers = torch.tensor([0.3, 0.7]) ** (1.7 if sharpen else 1)
    torch.testing.assert_close(sharp.log_pi[0].exp(), powers / powers.sum())
    weights, means = sharp.log_pi[0].exp(), sharp.mean[0]
    mean = weights @ means
    variance = weights @ (sharp.log_sigma[0].exp() ** 2 + means**2) - mean**2
    error = (variance / n).sqrt()
    assert ((drawn.mean(0) - mean).abs() < 4 * error).all()
    torch.testing.assert_close(drawn.var(0), variance, rtol=0.02, atol=0)
