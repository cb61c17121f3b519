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
    weight_decay: applies to these matrices alone; each step takes lr * weight_decay of them away.
    """

    def __init__(
        self, params: list[nn.Parameter], lr: float = 1e-3, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
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
        for weight in group["params"]:
            if weight.grad is not None:
                update = orthogonalized(self._momentum(weight, group["momentum"]))
                rate = group["lr"] * 0.2 * max(weight.shape) ** 0.5
                weight.mul_(1 - group["lr"] * group["weight_decay"]).add_(update, alpha=-rate)

    def _momentum(self, weight: Tensor, momentum: float) -> Tensor:
        """Return Nesterov's average of the gradients so far."""
        assert weight.grad is not None
        state = self.state[weight]
        if "momentum_buffer" not in state:
            state["momentum_buffer"] = torch.zeros_like(weight)
        average = state["momentum_buffer"].lerp_(weight.grad, 1 - momentum)
        return weight.grad.lerp(average, momentum)


def orthogonalized(matrix: Tensor) -> Tensor:
    """Return a matrix (A, B) with all its singular values made about 1, in the autocast's precision."""
    if matrix.shape[0] > matrix.shape[1]:
        return orthogonalized(matrix.T).T
    x = matrix / matrix.norm().clamp(min=1e-7)
    a, b, c = NEWTON_SCHULZ
    for _ in range(ITERATIONS):
        gram = x @ x.T
        x = torch.addmm(x, torch.addmm(gram, gram, gram, beta=b, alpha=c), x, beta=a)
    return x
