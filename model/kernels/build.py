"""The kernels of this folder's C files, built when first used where there is a C compiler."""

import ctypes
import os
import shlex
import subprocess
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import torch

ALWAYS = ("-O3", "-fno-math-errno", "-fno-trapping-math", "-fopenmp-simd", "-pthread", "-shared", "-fPIC")
"""Flags of every build. No -ffast-math: a NaN must stay NaN, or a training that fails would go unnoticed."""
FASTEST = (("-march=native", "-mprefer-vector-width=512"), ("-march=native",), ())
BITS = {torch.int8: 8, torch.bfloat16: 16, torch.float32: 32, torch.float64: 64}
Constants = tuple[tuple[str, float], ...]


@cache
def kernels(name: str, dtype: torch.dtype, constants: Constants = ()) -> ctypes.CDLL | None:
    """Return the functions of `name`.c for matrix products in `dtype`, or None where they cannot be built.

    constants: names and values that C takes from Python, so that each of them is defined once.

    Every function takes pointers to structs (ctypes.Structure), so ctypes needs no further declaration. A build takes
    half a second per process, and leaves nothing on the disk that could be out of date.
    """
    if dtype not in BITS:
        return None
    compiler, source = shlex.split(os.environ.get("CC", "cc")), Path(__file__).with_name(f"{name}.c")
    defines = [f"-D{constant}={value!r}" for constant, value in (("NARROW", BITS[dtype]), *constants)]
    with tempfile.TemporaryDirectory() as folder:
        library = Path(folder) / f"{name}.so"
        for flags in FASTEST:
            command = [*compiler, *ALWAYS, *flags, *defines, str(source), "-o", str(library), "-lm"]
            try:
                subprocess.run(command, check=True, capture_output=True, timeout=60)
                return ctypes.CDLL(str(library))
            except (OSError, subprocess.SubprocessError):
                continue
    return None


def fields(kind: type[Any], names: str) -> list[tuple[str, type[Any]]]:
    """Return the fields of a ctypes.Structure that have one kind, by their names, separated by spaces."""
    return [(name, kind) for name in names.split()]
