"""The kernels of this folder's C files, built when first used where there is a C compiler."""

import ctypes
import os
import shlex
import subprocess
import tempfile
from functools import cache
from pathlib import Path

import torch
from torch import Tensor

ALWAYS = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-shared", "-fPIC")
"""No -ffast-math: a NaN must stay one, or a training that fails would not be seen to."""
FASTEST = (("-march=native", "-mprefer-vector-width=512"), ("-march=native",), ())
BITS = {torch.int8: 8, torch.bfloat16: 16, torch.float32: 32, torch.float64: 64}
SIGNATURES = {
    "lstm_sequence": {
        "lstm_forward": "LLPPPPPLP",
        "lstm_backward": "LLPPPPLPLPPPP",
        "window_forward": "LLLLLPPPP" + "PPPPPL",
        "window_backward": "LLLLLPPPP" + "PPPLPLPPP",
    },
    "sampler": {"write_points": "PLLPLLPPPPRPPPPPPP"},
}
"""What each file's functions are given: L an int64_t, P a pointer, R a real."""


@cache
def kernels(name: str, dtype: torch.dtype) -> ctypes.CDLL | None:
    """The functions of `name`.c for matrix products in `dtype`, or None where they cannot be built.

    That takes half a second a process, and leaves nothing on the disk that could be out of date.
    """
    if dtype not in BITS:
        return None
    compiler, source = shlex.split(os.environ.get("CC", "cc")), Path(__file__).with_name(f"{name}.c")
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / f"{name}.so"
        for flags in FASTEST:
            command = [*compiler, *ALWAYS, *flags, f"-DNARROW={BITS[dtype]}", str(source), "-o", str(library), "-lm"]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=60)
                return _declared(ctypes.CDLL(str(library)), SIGNATURES[name], dtype)
            except (OSError, subprocess.SubprocessError):
                continue
    return None


def _declared(library: ctypes.CDLL, signatures: dict[str, str], dtype: torch.dtype) -> ctypes.CDLL:
    real = ctypes.c_double if dtype == torch.float64 else ctypes.c_float
    kind_of = {"L": ctypes.c_int64, "P": ctypes.c_void_p, "R": real}
    for name, kinds in signatures.items():
        function = getattr(library, name)
        function.argtypes = [kind_of[kind] for kind in kinds]
        function.restype = ctypes.c_int64 if name == "write_points" else None
    return library


def rows(tensor: Tensor, line: int = 0) -> range:
    """Where row `line` of tensor (T, B, ...) lies at every point."""
    size, (per_point, per_line) = tensor.element_size(), tensor.stride()[:2]
    first = tensor.data_ptr() + line * per_line * size
    return range(first, first + len(tensor) * per_point * size, per_point * size)
