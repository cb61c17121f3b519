"""Attention to what a layer has been through: against a plain loop, and point by point."""

import math

import pytest
import torch

from model.kernels import causal_attention
from model.layers import self_attention
from model.layers.recurrent import SkipStack
from model.layers.self_attention import HEAD_SIZE, SelfAttention
from model.writing.conditional import ConditionalHandwriting
from tests.model.small import assert_close, network, stir

SIZE, HEADS = 6, 2


def attention() -> SelfAttention:
    return stir(SelfAttention(SIZE, HEADS).double())


def hiddens(lines: int = 3, points: int = 9, seed: int = 0) -> torch.Tensor:
    return torch.randn(lines, points, SIZE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def by_hand(module: SelfAttention, line: torch.Tensor) -> torch.Tensor:
    """Return the output for a line (T, H), query by query and head by head."""
    norm = module.norm
    normed = [(h - h.mean()) / (h.var(correction=0) + 1e-5).sqrt() * norm.weight + norm.bias for h in line]
    qkv = [module.qkv(torch.cat([now - now if t == 0 else normed[t - 1], now])) for t, now in enumerate(normed)]
    out = []
    for t, hidden in enumerate(line):
        attended = []
        for head in range(HEADS):
            query, key, value = (slice((part * HEADS + head) * HEAD_SIZE, None) for part in range(3))
            weights = [math.exp(qkv[t][query][:HEAD_SIZE] @ qkv[n][key][:HEAD_SIZE] / 8) for n in range(t + 1)]
            values = [weight * qkv[n][value][:HEAD_SIZE] for n, weight in enumerate(weights)]
            attended.append(torch.stack(values).sum(0) / sum(weights))
        out.append(hidden + module.out(torch.cat(attended)))
    return torch.stack(out)


@torch.no_grad()
def test_forward_is_the_plain_loop():
    module, batch = attention(), hiddens()
    assert HEAD_SIZE == 64  # by_hand divides by its root
    for line, attended in zip(batch, module(batch), strict=True):
        assert_close(attended, by_hand(module, line))


def run_with_gradients(module: SelfAttention, batch: torch.Tensor) -> list[torch.Tensor]:
    """Return the output, and the gradients of the states and of every weight."""
    batch = batch.clone().requires_grad_()
    output = module(batch)
    weighed = (output.double() * hiddens(*batch.shape[:2], seed=1)).sum()
    return [output, *torch.autograd.grad(weighed, [batch, *module.parameters()])]


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32])
@pytest.mark.parametrize("points", [1, 63, 64, 65, 150])
def test_the_kernel_is_torchs_attention_with_all_gradients(monkeypatch, points, dtype):
    """Blocks of queries are whole, cut, and a single one."""
    module, batch = attention().to(dtype), hiddens(2, points).to(dtype)
    assert causal_attention.can_run(module.qkv.weight)
    by_kernel = run_with_gradients(module, batch)
    monkeypatch.setattr(self_attention, "can_run", lambda weight: False)
    for result, expected in zip(by_kernel, run_with_gradients(module, batch), strict=True):
        assert_close(result, expected, 1e-4 if dtype == torch.float32 else 1e-10)


def test_in_bfloat16_the_kernel_is_as_near_as_torchs_attention(monkeypatch):
    module, batch = attention().float(), hiddens(2, 100).float()
    exact = run_with_gradients(module, batch)
    with torch.autocast("cpu", torch.bfloat16):
        by_kernel = run_with_gradients(module, batch)
        monkeypatch.setattr(self_attention, "can_run", lambda weight: False)
        by_torch = run_with_gradients(module, batch)
    for right, result, expected in zip(exact, by_kernel, by_torch, strict=True):
        assert (result - right).norm() <= 1.2 * (expected - right).norm() + 1e-6


def test_a_line_is_the_same_to_the_last_bit_alone_and_among_others_on_two_threads(monkeypatch):
    monkeypatch.setattr(torch, "get_num_threads", lambda: 2)
    qkv = torch.randn(70, 20, 3 * HEADS * HEAD_SIZE, generator=torch.Generator().manual_seed(2))
    together, alone = qkv.new_empty(70, 20, HEADS * HEAD_SIZE), qkv.new_empty(70, 1, HEADS * HEAD_SIZE)
    bias = qkv[0, 0].clone()
    causal_attention._run("attend", HEADS, bias, qkv=qkv, attended=together)
    for line in (0, 13, 19):
        causal_attention._run("attend", HEADS, bias, qkv=qkv[:, [line]].contiguous(), attended=alone)
        assert torch.equal(together[:, [line]], alone)


@torch.no_grad()
def test_nan_stays_nan_in_its_line_from_its_block_on():
    module, batch = attention().float(), hiddens(3, 100).float()
    expected = module(batch)
    batch[1, 80] = math.nan
    result = module(batch)
    assert result[1, 80:].isnan().all()
    assert torch.equal(result[[0, 2]], expected[[0, 2]])
    assert torch.equal(result[1, :64], expected[1, :64])


def test_gradients_are_those_of_finite_differences():
    module, batch = attention(), hiddens(1, 4).requires_grad_()
    assert torch.autograd.gradcheck(module, (batch,))


@torch.no_grad()
def test_steps_are_the_sequence_also_where_lines_leave():
    module, batch = attention(), hiddens()
    memory, attended = module.start(3), []
    for point in batch[:, :5].unbind(1):
        hidden, memory = module.step(point, memory)
        attended.append(hidden)
    assert_close(torch.stack(attended, 1), module(batch)[:, :5])
    left = type(memory)(*(part[[2, 0]] for part in memory))
    assert_close(module.step(batch[[2, 0], 5], left)[0], module(batch)[[2, 0], 5])


@torch.no_grad()
def test_no_point_sees_a_later_one():
    module, batch = attention(), hiddens()
    later = batch.clone()
    later[:, 5:] += 1
    assert torch.equal(module(batch)[:, :5], module(later)[:, :5])
    assert not torch.allclose(module(batch)[:, 8], module(later)[:, 8])


@torch.no_grad()
def test_a_memory_of_less_share_counts_less():
    module, batch = attention(), hiddens()
    memory = module.start(3)
    for point in batch.unbind(1):
        _, memory = module.step(point, memory)
    none, twice = memory.log_weights.clone(), torch.cat([memory.log_weights, memory.log_weights], 1)
    none[:, :4] = -math.inf
    without = memory._replace(log_weights=none)
    cut = memory._replace(
        keys=memory.keys[:, :, 4:], values=memory.values[:, :, 4:], log_weights=memory.log_weights[:, 4:]
    )
    assert_close(module.step(batch[:, 0], without)[0], module.step(batch[:, 0], cut)[0])
    doubled = memory._replace(
        keys=memory.keys.repeat(1, 1, 2, 1), values=memory.values.repeat(1, 1, 2, 1), log_weights=twice - math.log(2)
    )
    assert_close(module.step(batch[:, 0], doubled)[0], module.step(batch[:, 0], memory)[0])


def test_before_training_nothing_is_added():
    batch = hiddens().float()
    assert torch.equal(SelfAttention(SIZE, HEADS)(batch), batch)


@torch.no_grad()
def test_in_a_stack_the_layer_above_reads_what_was_found():
    stack, inputs = stir(SkipStack("lstm", 3, SIZE, 3, attention_heads=HEADS).double()), hiddens()[..., :3]
    lowest, second, third = stack(inputs)
    layers = list(stack)
    assert_close(second, stack.attention(layers[1].rnn(torch.cat([inputs, lowest], -1))[0]))
    assert_close(third, layers[2].rnn(torch.cat([inputs, second], -1))[0])


def test_a_network_without_heads_has_no_such_weights():
    names = {name for name, _ in network("unconditional", num_layers=3, attention_heads=0).named_parameters()}
    more = {name for name, _ in network("unconditional", num_layers=3, attention_heads=1).named_parameters()}
    parts = ("norm", "ask", "answer")
    assert more - names == {f"stack.attention.{part}.{kind}" for part in parts for kind in ("weight", "bias")}


@pytest.mark.parametrize("heads", [-1, 3])
def test_heads_that_cannot_be_are_refused_by_name(heads):
    with pytest.raises(ValueError, match=rf"attention_heads is {heads}"):
        ConditionalHandwriting(alphabet_size=4, num_layers=2, attention_heads=heads)
