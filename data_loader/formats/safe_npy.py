"""Arrays of .npy data, plain or pickled, read without running any of pickle's code."""

import re
import struct
from pathlib import Path

import numpy as np

from data_loader.formats.safe_pickle import (
    DAMAGE,
    MAX_BYTES,
    OBJECT_TYPES,
    RefusedError,
    number_type,
    numbers,
    read_object_array,
)
from utils.errors import InputError

MAX_ARRAYS = 400_000  # the largest category of Quick, Draw! has 340,000 drawings
_MAGIC = b"\x93NUMPY"
_HEADER = re.compile(
    rb"\{'descr': '([<>|=]?)([A-Za-z]\d*)', 'fortran_order': (False|True), 'shape': \(([\d, L]{0,100})\),? ?\}\s*"
)


def read_bytes(path: Path) -> bytes:
    """All bytes of a file of up to 192 MiB.

    Raises:
        InputError: it is not there, is no plain file, is larger, or cannot be read.
    """
    try:
        if not path.is_file():
            raise InputError(f"{path}: no such file")
        if path.stat().st_size > MAX_BYTES:
            raise InputError(f"{path}: larger than {MAX_BYTES:,} bytes; split it into smaller files")
        return path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def read_arrays(data: bytes, name: str) -> list[np.ndarray | None]:
    """The arrays of an object array in .npy data, or those along the first axis of a plain array; read-only.

    Numbers are integers or floats of up to 64 bits. An element that is no array is None. `name` says in errors what
    is read.

    Raises:
        InputError: damaged, larger than the caps, or asking for anything but arrays of numbers, which is named.
    """
    try:
        return _read_arrays(data)
    except RefusedError as refused:
        raise InputError(f"{name}: {refused}; only arrays of numbers are read") from None
    except DAMAGE:
        raise InputError(f"{name}: damaged, or no array that numpy.save wrote; take an intact copy") from None


def _read_arrays(data: bytes) -> list[np.ndarray | None]:
    if not data.startswith(_MAGIC):
        raise ValueError
    size = {1: "<H", 2: "<I"}[data[6]]
    start = 8 + struct.calcsize(size)
    end = start + struct.unpack_from(size, data, 8)[0]
    header = _HEADER.fullmatch(data, start, end)
    if not header:
        raise ValueError
    order, code, fortran = header[1].decode(), header[2].decode(), header[3] == b"True"
    shape = tuple(int(number) for number in re.findall(rb"\d+", header[4]))
    plain = code not in OBJECT_TYPES
    if not (len(shape) > 1 if plain else len(shape) == 1) or shape[0] > MAX_ARRAYS:
        raise RefusedError(f"an array of shape ({header[4].decode()}) is no list of up to {MAX_ARRAYS:,} arrays")
    if plain:
        return list(numbers(number_type(order, code), shape, fortran, data[end:]))
    arrays = read_object_array(data, end)
    if shape != (len(arrays),):
        raise RefusedError(f"its header says {shape[0]:,} arrays, its pickle has {len(arrays):,}")
    return arrays
