"""The weights that the kernel of sampler.c reads: whole numbers with a scale for every group of inputs."""

import numpy as np
import pytest
import torch

from model.writing import compiled
from model.writing.compiled import BLOCK, _packed
from model.writing.sampling import sample
from tests.model.small import lines, network
from utils.rounded_weights import GROUP

WIDE = 70
"""Hidden units: with these a layer's inputs are two groups and more, the last of them not full."""


def unpacked(blocks: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    spread = scales.repeat_interleave(GROUP, 1)[:, : blocks.shape[1]]
    return (blocks * spread).transpose(1, 2).flatten(0, 1)


def test_weights_are_rounded_by_half_a_127th_of_their_group_at_most():
    weight = torch.randn(2 * BLOCK - 5, 2 * GROUP + 9, generator=torch.Generator().manual_seed(0))
    weight[:, GROUP : 2 * GROUP] *= 100
    weight[7] = 0
    blocks, scales, bias = _packed(weight, torch.arange(float(len(weight))), torch.int8)
    assert blocks.shape == (2, weight.shape[1], BLOCK) and blocks.dtype == torch.int8
    assert scales.shape == (2, 3, BLOCK) and bias.tolist() == [*range(len(weight)), *[0] * 5]
    rounded = unpacked(blocks, scales)
    assert not rounded[len(weight) :].any() and not rounded[7].any()
    for group in (slice(0, GROUP), slice(GROUP, 2 * GROUP), slice(2 * GROUP, None)):
        error = (rounded[: len(weight), group] - weight[:, group]).abs().amax(1)
        assert (error <= weight[:, group].abs().amax(1) * (0.5001 / 127)).all()


def test_weights_in_float32_stay_as_they_are():
    weight = torch.randn(7, GROUP + 1, generator=torch.Generator().manual_seed(0))
    blocks, scales, _ = _packed(weight, torch.zeros(7), torch.float32)
    assert torch.equal(unpacked(blocks, scales)[:7], weight)


def written(model, count: int, points: int) -> np.ndarray:
    drawn = sample(model, lines([2] * count, [6] * count), seeds=list(range(count)), max_points=[points] * count)
    return np.stack([line.strokes for line in drawn])


def patient():
    """A wide writer, not too lively, that never comes to the end of its text."""
    model = network("conditional", num_layers=2, hidden_size=WIDE)
    for parameter in model.parameters():
        parameter.data *= 0.3
    model.window_layer.window.linear.bias.data[4:] = -8
    return model


def test_groups_add_up_to_the_models_own_step(monkeypatch):
    model = patient()
    rounded = written(model, 3, 12)
    monkeypatch.setattr(compiled, "PRECISION", torch.float32)
    exact = written(model, 3, 12)
    monkeypatch.setattr(compiled, "can_run", lambda trunk, density: False)
    plain = written(model, 3, 12)
    np.testing.assert_allclose(exact, plain, atol=1e-4)
    assert 0 < np.abs(rounded - plain).max() < 0.02


@pytest.mark.parametrize("count", [2, 5, 7, 16, 21])
def test_lines_of_many_groups_are_the_same_to_the_last_bit_in_any_company(count):
    model = patient()
    together = written(model, count, 30)
    for line in {0, count // 2, count - 1}:
        text = lines([2] * count, [6] * count).of([line])
        drawn = sample(model, text, seeds=[line], max_points=[30])
        np.testing.assert_array_equal(drawn[0].strokes, together[line])
