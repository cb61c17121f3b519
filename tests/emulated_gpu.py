"""A GPU emulated on the CPU: its tensors are real numbers that say cuda:0, mix with no tensor of the CPU, and count.

What a GPU refuses is refused: a tensor of the CPU among its own, unless it is a scalar where torch takes one. What
makes the CPU wait for a GPU is counted, as are the operations, of each of which a GPU launches a kernel or more. Speed,
streams and memory are not emulated.
"""

from collections import deque
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest.mock import patch

import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

from model.kernels import window_graph
from trainer import run

GPU = torch.device("cuda", 0)
CPU = torch.device("cpu")
READS = (
    "_local_scalar_dense",
    "nonzero",
    "masked_select",
    "_unique2",
    "equal",
    "repeat_interleave.Tensor",
    "ctc_loss",
)
"""Operations whose result or its size the CPU has to know, or that take lengths of it."""
COPIES = ("aten.copy_.default", "aten._to_copy.default")
INDEXING = ("aten.index.Tensor", "aten.index_put_.default", "aten._index_put_impl_.default")


class GpuTensor(Tensor):
    """A tensor of the emulated GPU; `held` has its numbers. For torch itself it is on the device "meta"."""

    held: Tensor

    @staticmethod
    def __new__(cls, held: Tensor) -> "GpuTensor":
        layout = {"strides": held.stride(), "storage_offset": held.storage_offset(), "dtype": held.dtype}
        tensor = Tensor._make_wrapper_subclass(cls, held.shape, device="meta", **layout)
        tensor.held = held
        return tensor

    __torch_function__ = torch._C._disabled_torch_function_impl
    device = property(lambda self: GPU)  # type: ignore[assignment]
    is_cuda = property(lambda self: True)  # type: ignore[assignment]
    is_meta = property(lambda self: False)  # type: ignore[assignment]

    def __repr__(self, **_: Any) -> str:  # type: ignore[override]
        return f"on the emulated GPU: {self.held!r}"

    def tolist(self) -> Any:
        return self.cpu().tolist()

    def __reduce_ex__(self, protocol: Any) -> Any:
        return self.held.__reduce_ex__(protocol)

    @classmethod
    def __torch_dispatch__(cls, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        raise AssertionError(f"{function} of an emulated GPU's tensor outside of its block")


class EmulatedGpu(TorchDispatchMode):
    """Runs the operations of its tensors on the CPU.

    waits       the names of operations for which the CPU would have waited for the GPU
    operations  number of operations on the GPU, views not counted
    """

    def __init__(self) -> None:
        super().__init__()
        self.waits: list[str] = []
        self.operations = 0

    def __torch_dispatch__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        tensors = [leaf for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)]
        own = [tensor for tensor in tensors if isinstance(tensor, GpuTensor)]
        onto = kwargs.get("device")
        is_on_gpu = onto.type != "cpu" if onto is not None else bool(own)
        if (own or is_on_gpu) and function._can_decompose():  # in inference mode it comes before it is decomposed
            with self:
                return function.decompose(*args, **kwargs)
        if onto is not None:
            kwargs["device"] = CPU
        if own or is_on_gpu:
            self._count(function, tensors, own, is_on_gpu, kwargs)
        outcome = _computed(function, *tree_map(_held, (args, kwargs)))
        places = {id(tensor.held): tensor for tensor in own}

        def wrapped(result: Any) -> Any:
            if not isinstance(result, Tensor):
                return result
            return places.get(id(result)) if id(result) in places else GpuTensor(result)

        return tree_map(wrapped, outcome) if is_on_gpu and "_local_scalar" not in str(function) else outcome

    def _count(self, function: Any, tensors: list[Tensor], own: list[GpuTensor], is_on_gpu: bool, options: Any) -> None:
        """Note an operation, and whether it waits; RuntimeError where it mixes devices."""
        name = str(function)
        others = [tensor for tensor in tensors if not isinstance(tensor, GpuTensor)]
        self.operations += not function.is_view
        if name in COPIES:
            crosses = bool(others) if name == COPIES[0] else bool(own) != is_on_gpu
            if crosses and not (is_on_gpu and options.get("non_blocking")):
                self.waits.append(name)
            return
        scalars_alone = not any(other.ndim for other in others)
        if others and not (name in INDEXING or (scalars_alone and torch.Tag.pointwise in function.tags)):
            raise RuntimeError(f"Expected all tensors to be on the same device, cuda:0 and cpu ({name})")
        by_mask = name in INDEXING and any(tensor.dtype == torch.bool for tensor in own[1:])
        copied = bool(others) and (name in INDEXING or "where" in name)
        if by_mask or copied or (own and any(read in name for read in READS)):
            self.waits.append(name)


def _held(value: Any) -> Any:
    return value.held if isinstance(value, GpuTensor) else value


def _computed(function: Any, args: Any, options: Any) -> Any:
    """Return what the CPU makes of it; a GPU's own kernels of the LSTM's cell are made of others."""
    name = function.overloadpacket.__name__
    if name == "_thnn_fused_lstm_cell":
        gates, cell, hidden = window_graph.lstm_forward(*args[:3])
        return hidden, cell, gates
    if name == "_thnn_fused_lstm_cell_backward_impl":
        grad_hidden, grad_cell, cell, next_cell, gates, _ = args
        return (*window_graph.lstm_backward(grad_hidden, grad_cell, gates, cell, next_cell), None)
    return function(*args, **options)


@contextmanager
def emulated_gpu() -> Iterator[EmulatedGpu]:
    """Have a device cuda:0 within the block, whose chunks of the window's layer are captured as `Replayed` is."""
    tensor = torch.tensor

    def tensor_on(data: Any, *, device: torch.device = CPU, **options: Any) -> Tensor:
        return tensor(data, **options).to(device)

    # torch has no inference mode for tensors of a mode like this; to be without gradients is the same to them
    off = {"__enter__": lambda mode: mode.__dict__.setdefault("off", torch.no_grad()).__enter__()}
    off["__exit__"] = lambda mode, *error: mode.off.__exit__(*error)
    patches = [
        patch.multiple(torch.inference_mode, **off),
        patch.object(torch, "tensor", tensor_on),
        patch.object(window_graph, "sizes", deque()),
        patch.object(run, "pick_device", lambda name: GPU if name == "cuda" else CPU),
        patch.object(torch.cuda, "_lazy_init", lambda: None),
        patch.object(window_graph, "can_be_captured", lambda tensor: tensor.is_cuda),
        patch.object(window_graph.Graph, "capture", captured),
        patch.object(window_graph.Graph, "replay", replayed),
    ]
    with ExitStack() as stack:
        for changed in patches:
            stack.enter_context(changed)
        stack.callback(window_graph.graph_of.cache_clear)
        window_graph.graph_of.cache_clear()
        yield stack.enter_context(EmulatedGpu())


def captured(graph: window_graph.Graph) -> tuple[Tensor, ...]:
    """Stand in for `Graph.capture`: such a graph reads its own inputs alone."""
    return graph.chunk(*graph.inputs)


def replayed(graph: window_graph.Graph) -> None:
    """Stand in for `Graph.replay`: each writes over the outputs of the last."""
    for place, tensor in zip(graph.outputs, graph.chunk(*graph.inputs), strict=True):
        place.copy_(tensor)
