"""Adaptive weight noise: a Gaussian over every weight, learned with it.

Graves (2011), "Practical Variational Inference for Neural Networks"; Graves (2013) trained both of his best networks
with it. The description length of data and weights is minimised, in nats per target, of N targets in all:

    E_{w ~ N(mu, s^2)} [loss(w)]  +  1/N sum_i KL(N(mu_i, s_i^2) || N(m, v))

m and v of the prior are the best ones for all weights together, m = mean mu_i, v = mean (s_i^2 + (mu_i - m)^2), so that
they add nothing to the gradients:

    mu_i' = w_i' + (mu_i - m) / (N v)        (log s_i)' = w_i' (w_i - mu_i) + (s_i^2 / v - 1) / N

The first term of the last is the gradient through the draw w = mu + s e itself; the paper's w'^2 s^2 is its expectation
for a loss that is curved as the square of its gradient.
"""

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn


class WeightNoise:
    """The deviations s of a model's weights, and the draws from them; the means are the weights themselves.

    sigma  s of every weight before training; Graves (2013) began at 0.075
    seed   of all draws; that of a step depends on seed and step alone, and is the same on every process
    """

    def __init__(self, model: nn.Module, sigma: float, seed: int) -> None:
        self.weights: list[Tensor] = [weight for weight in model.parameters() if weight.requires_grad]
        self.log_sigmas = [torch.full_like(weight, math.log(sigma)) for weight in self.weights]
        self.optimizer = torch.optim.Adam(self.log_sigmas)
        self.seed = seed
        self.moved: list[Tensor] = []

    @contextmanager
    def drawn(self, step: int) -> Iterator[None]:
        """Have the weights be a draw within the block, forward and backward, and their means again after it."""
        means = [weight.detach().clone() for weight in self.weights]
        generator = torch.Generator(self.weights[0].device).manual_seed(self.seed * 1_000_003 + step)
        self.moved = [
            torch.empty_like(sigma).normal_(generator=generator).mul_(sigma.exp()) for sigma in self.log_sigmas
        ]
        _in_place(torch._foreach_add_, self.weights, self.moved)
        try:
            yield
        finally:
            _in_place(torch._foreach_copy_, self.weights, means)

    @torch.no_grad()
    def add_gradients(self, targets: Tensor | float) -> None:
        """Turn the gradients of the mean loss at the draw into those of the means; keep those of the deviations.

        targets: N of all the data: a step's count times the steps per epoch.
        """
        mean, variance = self.prior()
        for weight, log_sigma, moved in zip(self.weights, self.log_sigmas, self.moved, strict=True):
            at_draw = torch.zeros_like(weight) if weight.grad is None else weight.grad
            log_sigma.grad = at_draw * moved + ((2 * log_sigma).exp() / variance - 1) / targets
            weight.grad = at_draw + (weight - mean) / (variance * targets)

    def step(self, lr: float) -> None:
        """Move the deviations against their gradients."""
        self.optimizer.param_groups[0]["lr"] = lr
        self.optimizer.step()

    @torch.no_grad()
    def prior(self) -> tuple[Tensor, Tensor]:
        """Return m and v, float64 scalars: the best mean and variance of a Gaussian prior for all weights together."""
        count = sum(weight.numel() for weight in self.weights)
        mean = _total(self.weights) / count
        spread = _total((weight - mean).square() for weight in self.weights)
        return mean, (spread + _total((2 * sigma).exp() for sigma in self.log_sigmas)) / count

    @torch.no_grad()
    def nats(self) -> float:
        """Return the cost of the weights in nats: the sum of KL(N(mu_i, s_i^2) || N(m, v))."""
        _, variance = self.prior()
        return float(_total(0.5 * variance.log() - sigma for sigma in self.log_sigmas))

    def state(self) -> dict[str, Any]:
        """Return the deviations and their optimizer's state."""
        return {"log_sigmas": self.log_sigmas, "optimizer": self.optimizer.state_dict()}

    @torch.no_grad()
    def load_state(self, state: dict[str, Any]) -> None:
        """Go on from `state`."""
        torch._foreach_copy_(self.log_sigmas, state["log_sigmas"])
        self.optimizer.load_state_dict(state["optimizer"])


@torch.no_grad()
def _in_place(change: Any, weights: list[Tensor], others: list[Tensor]) -> None:
    change(weights, others)


def _total(parts: Iterable[Tensor]) -> Tensor:
    """Return the sum of all elements, float64, without waiting for a GPU."""
    return torch.stack([part.sum(dtype=torch.float64) for part in parts]).sum()
