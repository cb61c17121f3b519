"""Adaptive weight noise against torch.distributions, autograd and Monte Carlo."""

import copy
import math
from collections.abc import Callable

import pytest
import torch
from torch import nn
from torch.distributions import Normal, kl_divergence

from parse_config import ConfigParser
from trainer.run import train
from trainer.weight_noise import WeightNoise
from utils.checkpoint import load_checkpoint

TARGETS = 50


@pytest.fixture
def noise() -> WeightNoise:
    """The noise of a small network, its deviations unlike each other."""
    torch.manual_seed(3)
    model = nn.Sequential(nn.Linear(3, 4), nn.Tanh(), nn.Linear(4, 2)).double()
    noise = WeightNoise(model, 0.1, seed=1)
    for sigma in noise.log_sigmas:
        sigma.add_(torch.randn_like(sigma) * 0.5)
    return noise


def kl(means: list[torch.Tensor], log_sigmas: list[torch.Tensor], mean: float, variance: float) -> torch.Tensor:
    prior = Normal(torch.as_tensor(mean).double(), math.sqrt(variance))
    each = [kl_divergence(Normal(mu, sigma.exp()), prior).sum() for mu, sigma in zip(means, log_sigmas, strict=True)]
    return torch.stack(each).sum()


def test_nats_are_the_divergence_from_the_best_prior(noise: WeightNoise) -> None:
    means = [weight.detach() for weight in noise.weights]
    mean, variance = noise.prior()
    best = float(kl(means, noise.log_sigmas, mean, variance))
    assert noise.nats() == pytest.approx(best, rel=1e-9)
    for other in ((mean + 0.01, variance), (mean, variance * 1.05), (mean, variance / 1.05)):
        assert float(kl(means, noise.log_sigmas, *other)) > best


def test_gradients_are_those_of_the_description_length(noise: WeightNoise) -> None:
    """Against autograd through the draw w = mu + s e and the divergence, the prior held at its best."""
    scale = [torch.randn_like(weight) for weight in noise.weights]
    with noise.drawn(step=5):
        loss = sum((weight.square() * part).sum() for weight, part in zip(noise.weights, scale, strict=True))
        assert isinstance(loss, torch.Tensor)
        loss.backward()
    mean, variance = noise.prior()
    noise.add_gradients(TARGETS)

    means = [weight.detach().clone().requires_grad_() for weight in noise.weights]
    sigmas = [sigma.detach().clone().requires_grad_() for sigma in noise.log_sigmas]
    units = [moved / sigma.exp() for moved, sigma in zip(noise.moved, noise.log_sigmas, strict=True)]
    drawn = [mu + sigma.exp() * e for mu, sigma, e in zip(means, sigmas, units, strict=True)]
    total = sum((w.square() * part).sum() for w, part in zip(drawn, scale, strict=True))
    (total + kl(means, sigmas, mean, variance) / TARGETS).backward()
    for weight, mu, log_sigma, sigma in zip(noise.weights, means, noise.log_sigmas, sigmas, strict=True):
        torch.testing.assert_close(weight.grad, mu.grad)
        torch.testing.assert_close(log_sigma.grad, sigma.grad)


def test_a_draw_has_the_deviations_and_leaves_the_means(noise: WeightNoise) -> None:
    before = [weight.detach().clone() for weight in noise.weights]
    squares = torch.zeros_like(before[0])
    for step in range(4000):
        with noise.drawn(step):
            squares += (noise.weights[0] - before[0]).detach().square()
    for weight, old in zip(noise.weights, before, strict=True):
        assert torch.equal(weight, old)
    ratio = squares / 4000 / (2 * noise.log_sigmas[0]).exp()
    assert (ratio - 1).abs().max() < 5 * math.sqrt(2 / 4000)


def test_a_draw_hangs_on_seed_and_step_alone(noise: WeightNoise) -> None:
    draws = []
    for step in (7, 8, 7):
        torch.rand(step)
        with noise.drawn(step):
            draws.append(noise.weights[0].detach().clone())
    assert torch.equal(draws[0], draws[2]) and not torch.equal(draws[0], draws[1])


def test_the_means_come_back_after_an_error(noise: WeightNoise) -> None:
    before = noise.weights[0].detach().clone()
    with pytest.raises(ZeroDivisionError), noise.drawn(1):
        raise ZeroDivisionError
    assert torch.equal(noise.weights[0], before)


def test_weights_that_the_data_do_not_hold_fall_back_to_the_prior() -> None:
    """The loss reads two weights of many: their deviations shrink, those of the others go to the prior's."""
    torch.manual_seed(1)
    layer = nn.Linear(20, 1, bias=False)
    noise = WeightNoise(layer, 0.1, seed=1)
    optimizer = torch.optim.Adam(layer.parameters(), lr=0.01)
    for step in range(1500):
        optimizer.zero_grad()
        with noise.drawn(step):
            (layer.weight[0, :2] - torch.tensor([1.0, -1.0])).square().mul(20).sum().backward()
        noise.add_gradients(100)
        optimizer.step()
        noise.step(0.01)
    means, sigmas = layer.weight.detach()[0], noise.log_sigmas[0][0].exp()
    mean, variance = noise.prior()
    assert (means[:2] - torch.tensor([1.0, -1.0])).abs().max() < 0.2
    assert sigmas[:2].max() < 0.3 * sigmas[2:].min()
    torch.testing.assert_close(sigmas[2:], torch.full((18,), math.sqrt(variance)), rtol=0.1, atol=0)
    assert (means[2:] - mean).abs().max() < 0.1


def test_its_state_is_all_that_it_goes_on_from(noise: WeightNoise) -> None:
    with noise.drawn(1):
        torch.stack([weight.square().sum() for weight in noise.weights]).sum().backward()
    noise.add_gradients(TARGETS)
    noise.step(0.1)
    other = WeightNoise(nn.ParameterList(noise.weights), 0.5, seed=1)
    other.load_state(copy.deepcopy(noise.state()))
    for item in (noise, other):
        for weight in noise.weights:
            weight.grad = torch.ones_like(weight)
        with item.drawn(2):
            pass
        item.add_gradients(TARGETS)
        item.step(0.1)
    for mine, its in zip(noise.log_sigmas, other.log_sigmas, strict=True):
        assert torch.equal(mine, its)


def test_a_training_with_noise_is_another_one_and_learns_its_deviations(tiny: Callable[..., ConfigParser]) -> None:
    with_noise, without = (
        load_checkpoint(train(tiny("ConditionalHandwriting", trainer__weight_noise=sigma)).folder / "last.pt")
        for sigma in (0.05, None)
    )
    assert all(not torch.equal(weight, without["model"][name]) for name, weight in with_noise["model"].items())
    assert without["training"]["weight_noise"] is None
    learned = with_noise["training"]["weight_noise"]["log_sigmas"]
    assert all((sigma != math.log(0.05)).any() for sigma in learned)
