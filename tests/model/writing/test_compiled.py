"""The weights that the kernel of sampler.c reads: whole numbers with a scale for every group of inputs."""

import numpy as np
import pytest
import torch

from model.writing import compiled, sampling
from model.writing.compiled import BLOCK, QUAD, _packed
from model.writing.sampling import sample
from tests.model.small import lines, network
from utils.rounded_weights import GROUP

WIDE = 70
"""Hidden units: with these a layer's inputs are two groups and more, the last of them not full."""


def unpacked(blocks: torch.Tensor, scales: torch.Tensor) -> torch.Tensor:
    """The terms (terms, O, I) of packed weights, padding included."""
    whole = blocks.to(torch.int16) - 128 if blocks.dtype == torch.uint8 else blocks
    weights = whole.transpose(2, 3).flatten(3)  # (O / BLOCK, terms, I / QUAD, BLOCK, QUAD) -> (.., BLOCK, I)
    spread = scales.transpose(2, 3).repeat_interleave(GROUP, 3)[..., : weights.shape[3]]
    return (weights * spread).transpose(0, 1).flatten(1, 2)


@pytest.mark.parametrize(("terms", "error"), [(1, 0.5001 / 127), (2, 0.5001 / 127 / 254)])
def test_weights_are_rounded_by_half_a_127th_of_their_group_at_most(terms, error):
    weight = torch.randn(2 * BLOCK - 5, 2 * GROUP + 9, generator=torch.Generator().manual_seed(0)).double()
    weight[:, GROUP : 2 * GROUP] *= 100
    weight[7] = 0
    blocks, scales, bias = _packed(weight, torch.arange(float(len(weight))), terms)
    assert blocks.shape == (2, terms, 2 * GROUP // QUAD + 3, BLOCK, QUAD) and blocks.dtype == torch.uint8
    assert scales.shape == (2, terms, 3, BLOCK) and bias.tolist() == [*range(len(weight)), *[0] * 5]
    rounded = unpacked(blocks, scales).sum(0)
    assert not rounded[len(weight) :].any() and not rounded[7].any() and not rounded[:, weight.shape[1] :].any()
    for group in (slice(0, GROUP), slice(GROUP, 2 * GROUP), slice(2 * GROUP, weight.shape[1])):
        left = (rounded[: len(weight), group] - weight[:, group]).abs().amax(1)
        assert (left <= weight[:, group].abs().amax(1) * error + 1e-7).all()


def test_weights_in_float32_stay_as_they_are(monkeypatch):
    monkeypatch.setattr(compiled, "PRECISION", torch.float32)
    weight = torch.randn(7, GROUP + 1, generator=torch.Generator().manual_seed(0))
    blocks, scales, _ = _packed(weight, torch.zeros(7), 1)
    assert torch.equal(unpacked(blocks, scales)[0, :7, : GROUP + 1], weight)


def written(model, count: int, points: int) -> np.ndarray:
    drawn = sample(model, lines([2] * count, [6] * count), seeds=list(range(count)), max_points=[points] * count)
    return np.stack([line.strokes for line in drawn])


def patient(heads: int = 0):
    """A wide writer, not too lively, that never comes to the end of its text."""
    model = network("conditional", num_layers=3 if heads else 2, hidden_size=WIDE, attention_heads=heads)
    for parameter in model.parameters():
        parameter.data *= 0.3
    if heads:  # before training nothing is added
        torch.nn.init.normal_(model.stack.attention.out.weight, std=0.1)
    model.window_layer.window.linear.bias.data[4:] = -8
    return model


@pytest.mark.parametrize("heads", [0, 2])
def test_groups_add_up_to_the_models_own_step(heads, monkeypatch):
    """Attention is over more points than a block of keys."""
    model, points = patient(heads), 150 if heads else 12
    rounded = written(model, 3, points)
    monkeypatch.setattr(compiled, "PRECISION", torch.float32)
    exact = written(model, 3, points)
    monkeypatch.setattr(compiled, "can_run", lambda trunk, density: False)
    plain = written(model, 3, points)
    np.testing.assert_allclose(exact, plain, atol=1e-4)
    assert 0 < np.abs(rounded - plain)[:, :12].max() < 0.02


@pytest.mark.parametrize("heads", [0, 2])
@pytest.mark.parametrize("count", [2, 5, 7, 16, 21])
def test_lines_of_many_groups_are_the_same_to_the_last_bit_in_any_company(count, heads):
    model, points = patient(heads), 70 if heads else 30
    together = written(model, count, points)
    for line in {0, count // 2, count - 1}:
        text = lines([2] * count, [6] * count).of([line])
        drawn = sample(model, text, seeds=[line], max_points=[points])
        np.testing.assert_array_equal(drawn[0].strokes, together[line])


@pytest.mark.parametrize("count", [1, 3])
def test_threads_that_share_a_product_change_no_bit(count, monkeypatch):
    model = patient(heads=2)
    alone = written(model, count, 100)
    monkeypatch.setattr(sampling, "threads_per_part", lambda lines, *_: 3)
    np.testing.assert_array_equal(written(model, count, 100), alone)


@pytest.mark.parametrize("part", ["stack.attention.qkv", "stack.layers.0.rnn"])
def test_nan_stays_nan(part):
    model = patient(heads=2)
    next(model.get_submodule(part.replace("qkv", "ask")).parameters()).data[0, 0] = float("nan")
    assert np.isnan(written(model, 1, 5)).any()
