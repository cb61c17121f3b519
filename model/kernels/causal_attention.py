"""Causal attention of whole lines and the projection below it, as one autograd function written for the CPU.

Torch's own attention multiplies more than the causal half in its backward pass, and wants heads before points in
memory. This reads queries, keys and values as their projection leaves them, of every line and point in place
(`causal_attention.c`), on as many threads as there are, each with lines of its own; kept for the backward pass are
they alone. Sums are in float32 whatever the autocast.

Forward, for normalised states n_t, n_0 = 0, and every head:
    (q, k, v)_t = A n_{t-1} + C n_t + b      p_ts = softmax_s(q_t k_s / sqrt(D)), s <= t      o_t = sum_s p_ts v_s

Backward, with x' the gradient of x, Dao et al. (2022), appendix B:
    p'_ts = o'_t v_s        s'_ts = p_ts (p'_ts - sum_r p_tr p'_tr) / sqrt(D)
    q'_t = sum_s s'_ts k_s      k'_s = sum_t s'_ts q_t      v'_s = sum_t p_ts o'_t

Shapes: T pen points, B batch, H hidden, D numbers per head.
"""

import ctypes
from functools import partial
from typing import Any

import torch
from torch import Tensor
from torch.autograd.function import once_differentiable

from model.kernels.build import fields, kernels
from model.kernels.lstm_sequence import linear, product_dtype
from model.kernels.threads import over_lines

HEAD_SIZE = 64
CONSTANTS = (("HEAD_SIZE", HEAD_SIZE),)


class Attention(ctypes.Structure):
    """`attention` of causal_attention.c."""

    _fields_ = [
        *fields(ctypes.c_int64, "points batch lines heads"),
        *fields(ctypes.c_void_p, "qkv bias attended grad_attended grad_qkv scratch"),
    ]


def can_run(weight: Tensor) -> bool:
    """Return True if there is a kernel for this weight's products: on a CPU with a compiler."""
    return weight.device.type == "cpu" and kernels("causal_attention", product_dtype(weight), CONSTANTS) is not None


class CausalAttention(torch.autograd.Function):
    """Attended values (T, B, heads D) of normalised states (T, B, H).

    weight  [A, C] (3 heads D, 2H) of the state of the point before and the point's own
    bias    b (3 heads D,)
    heads   number of heads
    """

    @staticmethod
    def forward(ctx: Any, normed: Tensor, weight: Tensor, bias: Tensor, heads: int) -> Tensor:
        dtype, (steps, lines, size) = product_dtype(weight), normed.shape
        normed = normed.to(dtype).contiguous()
        before, own = weight.to(dtype).split(size, 1)
        # a point's row is `lines` rows behind that of the point before: (T B, H) -> (T B, 3 heads D)
        qkv = linear(normed.flatten(0, 1), own.detach())
        qkv[lines:].addmm_(normed[:-1].flatten(0, 1), before.t())
        attended = qkv.new_empty(steps, lines, heads * HEAD_SIZE)
        _run("attend", heads, bias, qkv=qkv.unflatten(0, (steps, lines)), attended=attended)
        ctx.save_for_backward(normed, weight, bias, qkv)
        ctx.heads = heads
        return attended

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, grad_attended: Tensor) -> tuple[Tensor | None, ...]:
        normed, weight, bias, qkv = ctx.saved_tensors
        steps, lines, size = normed.shape
        grad_attended, grad_qkv = grad_attended.to(qkv.dtype).contiguous(), torch.empty_like(qkv)
        both = {"grad_attended": grad_attended, "grad_qkv": grad_qkv.unflatten(0, (steps, lines))}
        qkv = qkv.unflatten(0, (steps, lines))
        _run("attend_backward", ctx.heads, bias, qkv=qkv, **both)
        before, own = weight.to(qkv.dtype).split(size, 1)
        after, states = grad_qkv[lines:], normed[:-1].flatten(0, 1)
        grad_weight = torch.cat([after.t() @ states, grad_qkv.t() @ normed.flatten(0, 1)], 1).to(weight.dtype)
        grad_normed = grad_qkv @ own
        grad_normed[:-lines].addmm_(after, before)
        return grad_normed.view_as(normed), grad_weight, grad_qkv.sum(0, dtype=weight.dtype), None


def _run(function: str, heads: int, bias: Tensor, **tensors: Tensor) -> None:
    """Call a function of causal_attention.c on tensors (T, B, ...), the lines shared among threads."""
    over_lines(partial(_run_part, function, heads, bias.detach().contiguous(), tensors), tensors["qkv"].shape[1])


def _run_part(function: str, heads: int, bias: Tensor, tensors: dict[str, Tensor], part: slice) -> None:
    qkv = tensors["qkv"]
    scratch = bias.new_empty((6 * len(qkv) + 5 * HEAD_SIZE) * HEAD_SIZE)
    attention = Attention(
        points=len(qkv),
        batch=qkv.shape[1],
        lines=part.stop - part.start,
        heads=heads,
        bias=bias.data_ptr(),
        scratch=scratch.data_ptr(),
        **{name: tensor[0, part].data_ptr() for name, tensor in tensors.items()},
    )
    library: Any = kernels("causal_attention", qkv.dtype, CONSTANTS)
    getattr(library, function)(ctypes.byref(attention))
