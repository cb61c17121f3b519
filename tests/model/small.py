"""Small batches and small models with lively weights, for the tests of the networks."""

import math

import numpy as np
import torch
from torch import Tensor

from base.batch import Batch
from model.writing.conditional import ConditionalHandwriting
from model.writing.mixture_density import Mixture
from model.writing.sampling import HandwritingModel, sample
from model.writing.unconditional import UnconditionalHandwriting

ALPHABET_SIZE = 5
STEP = 0.4
"""Characters that the window of `marching` goes on a point."""
NETWORKS = [
    (name, cell, num_layers)
    for name in ("unconditional", "conditional")
    for cell in ("lstm", "gru")
    for num_layers in (1, 3)
]


def network(name: str, cell: str = "lstm", num_layers: int = 1, hidden_size: int = 6, **arguments) -> HandwritingModel:
    """A model with 2 mixtures (and 2 window components), that reads the pen's motion, whose every weight is at work.

    With three layers the second attends to its own past.
    """
    torch.manual_seed(4)
    sizes = {"num_layers": num_layers, "hidden_size": hidden_size, "num_mixtures": 2}
    arguments = {"cell": cell, "features": "motion", "attention_heads": 2 * (num_layers == 3), **sizes, **arguments}
    if name == "unconditional":
        model = stir(UnconditionalHandwriting(**arguments))
    else:
        model = stir(ConditionalHandwriting(alphabet_size=ALPHABET_SIZE, num_window_components=2, **arguments))
    model.density.linear.weight.data[:, hidden_size * num_layers :] *= 0.2  # or what it writes runs away
    if model.stack.attention:
        for part in (model.stack.attention.qkv, model.stack.attention.out):
            part.weight.data *= 0.1
    return model


def stir(module, scale: float = 0.4):
    """The module with weights far from where they start: no bias is zero, no gate is open."""
    generator = torch.Generator().manual_seed(11)
    for parameter in module.parameters():
        parameter.data.copy_(scale * torch.randn(parameter.shape, generator=generator, dtype=parameter.dtype))
    return module


def lines(lengths: list[int], text_lengths: list[int], dtype: torch.dtype = torch.float32, seed: int = 0) -> Batch:
    """Random lines of so many points and characters, padded with zeros."""
    generator = torch.Generator().manual_seed(seed)
    strokes = torch.randn(len(lengths), max(lengths), 3, generator=generator, dtype=dtype)
    strokes[..., 2] = (strokes[..., 2] > 0.5).to(dtype)
    strokes[:, 0] = 0
    stroke_mask, char_mask = real(lengths), real(text_lengths)
    text = torch.randint(ALPHABET_SIZE, char_mask.shape, generator=generator)
    ids = tuple(f"line-{index}" for index in range(len(lengths)))
    return Batch(strokes * stroke_mask.unsqueeze(-1), stroke_mask, text * char_mask, char_mask, ids)


def real(lengths: list[int]) -> Tensor:
    """The mask of sequences of these lengths."""
    return torch.arange(max(lengths)) < torch.tensor(lengths).unsqueeze(1)


def texts(*lengths: int) -> Batch:
    return lines([2] * len(lengths), list(lengths))


def marching(cell: str = "lstm", step: float = STEP, lift: float = 100, **arguments):
    """A writer whose window goes on by `step` characters a point, whatever it reads; `lift`: added to its lifts."""
    model = network("conditional", cell, **arguments)
    model.density.linear.bias.data[-1] += lift
    linear = model.window_layer.window.linear
    torch.nn.init.zeros_(linear.weight)
    linear.bias.data.zero_()
    linear.bias.data[4:] = math.log(step)
    return model


def patient(name: str, cell: str = "lstm", num_layers: int = 1):
    """A writer that never comes to the end of its text."""
    model = network(name, cell, num_layers)
    if name == "conditional":
        model.window_layer.window.linear.bias.data[4:] = -8
    return model


def alone(batch: Batch, line: int) -> Batch:
    """One line of the batch without any padding."""
    points, characters = batch.stroke_mask[line], batch.char_mask[line]
    return Batch(
        batch.strokes[line : line + 1, points],
        batch.stroke_mask[line : line + 1, points],
        batch.text[line : line + 1, characters],
        batch.char_mask[line : line + 1, characters],
        batch.ids[line : line + 1],
    )


def random_mixture(*shape: int, num_mixtures: int = 3, dtype: torch.dtype = torch.float64, seed: int = 0) -> Mixture:
    """Mixtures of strong and weak, wide and narrow, upright and slanted components."""
    generator = torch.Generator().manual_seed(seed)

    def normal(*sizes: int) -> Tensor:
        return torch.randn(*shape, *sizes, generator=generator, dtype=torch.float64).to(dtype)

    return Mixture(
        log_pi=torch.log_softmax(normal(num_mixtures), dim=-1),
        mean=2 * normal(num_mixtures, 2),
        log_sigma=0.5 * normal(num_mixtures, 2),
        rho=torch.tanh(normal(num_mixtures)),
        end_logit=normal(),
    )


def covariance(mixture: Mixture) -> Tensor:
    """Every component's covariance matrix (..., M, 2, 2)."""
    sigma = mixture.log_sigma.exp()
    unit = torch.ones_like(mixture.rho)
    correlation = torch.stack([unit, mixture.rho, mixture.rho, unit], -1).unflatten(-1, (2, 2))
    return sigma.unsqueeze(-1) * sigma.unsqueeze(-2) * correlation


def assert_close(actual, expected, tolerance: float = 1e-10) -> None:
    """Equal up to rounding: the tolerance is absolute and relative."""
    torch.testing.assert_close(actual, expected, atol=tolerance, rtol=tolerance)


def written(model, batch: Batch, seeds: list[int], cap: int = 40, **options) -> list[np.ndarray]:
    """The strokes of lines of this batch as the model writes them, of `cap` points at most."""
    return [drawn.strokes for drawn in sample(model, batch, seeds=seeds, max_points=[cap] * len(seeds), **options)]
