"""Muon, an optimizer for the matrices of hidden layers, and Adam for all other weights. Jordan et al. (2024)."""

from typing import Any

import torch
from torch import Tensor, nn

NEWTON_SCHULZ = (3.4445, -4.7750, 2.0315)
"""Coefficients of the iteration X <- a X + b X X^T X + c (X X^T)^2 X, Jordan et al. (2024)."""
ITERATIONS = 5


class Muon(torch.optim.Optimizer):
    """Muon for every matrix but the last, which is a network's output layer; Adam for that and all vectors.

    The matrices' steps are scaled to the size of Adam's (Liu et al. 2025, arXiv 2502.16982), so that both share `lr`.
    lr: learning rate.
    momentum: decay of the mean of the gradients, with Nesterov's step.
    weight_decay: applies to these matrices alone; each step takes lr * weight_decay of them away.
    """

    def __init__(
        self, params: list[nn.Parameter], lr: float = 1e-3, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        if not 0 <= momentum < 1:
            raise ValueError(f"momentum is {momentum}; it must be at least 0 and below 1")
        if sum(weight.ndim == 2 for weight in params) < 2:
            raise ValueError("Muon is for networks of two matrices at least; take Adam")
        *matrices, output = [weight for weight in params if weight.ndim == 2]
        others = [weight for weight in params if weight.ndim != 2] + [output]
        self.parts: tuple[torch.optim.Optimizer, torch.optim.Optimizer] = (
            MatrixMuon(matrices, lr, weight_decay, momentum, adjust_lr_fn="match_rms_adamw"),
            torch.optim.Adam(others, lr),
        )
        super().__init__([group for part in self.parts for group in part.param_groups], {})
        self._share()

    def _share(self) -> None:
        """Let the parts share this optimizer's groups, whose lr a schedule sets, and its state."""
        for part, group in zip(self.parts, self.param_groups, strict=True):
            part.param_groups, part.state = [group], self.state

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self._share()

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        """Move all weights once, by their gradients."""
        for part in self.parts:
            part.step()


class MatrixMuon(torch.optim.Muon):
    """torch.optim.Muon, with its matrix products in the autocast's precision.

    torch's own are in bfloat16 everywhere. On a processor without bfloat16 instructions a step of the recognizer took
    three times as long with them.
    """

    @torch.no_grad()
    def step(self, closure: None = None) -> None:  # type: ignore[override]
        (group,) = self.param_groups
        weights = [weight for weight in group["params"] if weight.grad is not None]
        if not weights:
            return
        grads = [weight.grad for weight in weights]
        averages = [self._momentum(weight) for weight in weights]
        torch._foreach_lerp_(averages, grads, 1 - group["momentum"])
        directions = torch._foreach_lerp(grads, averages, group["momentum"])  # Nesterov's
        torch._foreach_mul_(weights, 1 - group["lr"] * group["weight_decay"])
        for places in multiplied_together(weights):
            updates = orthogonalized_all([directions[place] for place in places])
            rate = group["lr"] * 0.2 * max(updates[0].shape) ** 0.5
            torch._foreach_add_([weights[place] for place in places], updates, alpha=-rate)

    def _momentum(self, weight: Tensor) -> Tensor:
        """Return the average of a weight's gradients so far."""
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        return state["momentum_buffer"]


def multiplied_together(weights: list[Tensor]) -> list[list[int]]:
    """Return the places of weights whose products are made at once: on a GPU, to launch less, those of one shape."""
    alike: dict[Any, list[int]] = {}
    for place, weight in enumerate(weights):
        alike.setdefault(weight.shape if weight.is_cuda else place, []).append(place)
    return list(alike.values())


def orthogonalized_all(matrices: list[Tensor]) -> list[Tensor]:
    """Return matrices (A, B), each made orthogonal."""
    if len(matrices) == 1:
        return [orthogonalized(matrices[0])]
    return list(orthogonalized(torch.stack(matrices)).unbind())


def orthogonalized(matrix: Tensor) -> Tensor:
    """Return a matrix (A, B), or several (N, A, B), with all singular values made about 1, in autocast's precision."""
    if matrix.shape[-2] > matrix.shape[-1]:
        return orthogonalized(matrix.mT).mT
    x = matrix / torch.linalg.vector_norm(matrix, dim=(-2, -1), keepdim=True).clamp(min=1e-7)
    a, b, c = NEWTON_SCHULZ
    add_product = torch.addmm if x.ndim == 2 else torch.baddbmm
    for _ in range(ITERATIONS):
        gram = x @ x.mT
        x = add_product(x, add_product(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x
