"""Muon, an optimizer for the matrices of hidden layers, and Adam for all other weights. Jordan et al. (2024)."""

from typing import Any

import torch
from torch import nn


class Muon(torch.optim.Optimizer):
    """torch.optim.Muon for every matrix but the last, which is a network's output layer; Adam for that and all vectors.

    The matrices' steps are scaled to the size of Adam's (Liu et al. 2025, arXiv 2502.16982), so that both share `lr`.
    weight_decay: applies to these matrices alone; each step takes lr * weight_decay of them away.
    """

    def __init__(
        self, params: list[nn.Parameter], lr: float = 1e-3, momentum: float = 0.95, weight_decay: float = 0.0
    ) -> None:
        *matrices, output = [weight for weight in params if weight.ndim == 2]
        others = [weight for weight in params if weight.ndim != 2] + [output]
        self.parts: tuple[torch.optim.Optimizer, torch.optim.Optimizer] = (
            torch.optim.Muon(matrices, lr, weight_decay, momentum, adjust_lr_fn="match_rms_adamw"),
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
