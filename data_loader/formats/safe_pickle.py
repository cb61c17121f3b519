"""Pickles of numpy's object arrays, read without running anything that they ask for.

A pickle is a program for a stack machine, and Python's own machine imports and calls whatever the program names.
numpy's object arrays need some thirty of its instructions and five names. The machine here has only these, and a
name refers to a function of this file: nothing is ever imported, looked up or called by what is in the data.
"""

import math
import pickletools
import struct
from collections.abc import Callable
from typing import Any

import numpy as np

MAX_BYTES = 192 * 2**20  # of all numbers in one file; all of IAM-OnDB is 80 MB
MAX_STEPS = 12_000_000  # a pickled array takes 23 to 30; what one leaves in memory is at most some 90 bytes
OBJECT_TYPES = frozenset(("O", "O4", "O8"))
_NUMBER_TYPES = frozenset(("f2", "f4", "f8", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8"))
_MAX_DIMENSIONS = 8
_MAX_NAME = 100
_MAX_TEXT = 32 * 2**20  # the numbers of one array, where Python 3 wrote them for Python 2
DAMAGE = (IndexError, KeyError, TypeError, ValueError, struct.error)
"""Exceptions that a damaged pickle ends in."""


class RefusedError(Exception):
    """The text says what the data hold that is not read."""


def read_object_array(data: bytes, at: int) -> list[np.ndarray | None]:
    """The arrays in the object array that is pickled in `data` from `at` on, to its end; None for other things.

    Raises:
        RefusedError: it holds or asks for something else.
        DAMAGE: it is damaged.
    """
    whole = _Machine(data, at).run()
    if not isinstance(whole, _Array) or not isinstance(whole.content, list):
        raise RefusedError("its pickle is no list of arrays")
    contents = [item.content if isinstance(item, _Array) else None for item in whole.content]
    arrays = [content if isinstance(content, np.ndarray) else None for content in contents]
    if sum(array.nbytes for array in arrays if array is not None) > MAX_BYTES:
        raise RefusedError(f"the same arrays come again and again, {MAX_BYTES:,} bytes in all")
    return arrays


def number_type(order: str, code: str) -> np.dtype:
    """The type of integers or floats with this byte order and code, e.g. "<" and "f4"."""
    if code not in _NUMBER_TYPES or order not in ("<", ">", "|", "="):
        raise RefusedError(f"its type is {order + code!r:.20}")
    return np.dtype(order + code)


def numbers(dtype: np.dtype, shape: Any, fortran: Any, data: bytes) -> np.ndarray:
    """The array (shape) whose numbers are `data`, not copied."""
    if not isinstance(shape, tuple) or len(shape) > _MAX_DIMENSIONS or set(map(type, shape)) - {int}:
        raise TypeError
    if math.prod(shape) * dtype.itemsize != len(data):
        raise RefusedError(f"an array of shape {shape!s:.40} and type {dtype} has {len(data)} bytes")
    return np.frombuffer(data, dtype).reshape(shape, order="F" if fortran else "C")


class _Type:
    """Stands for a numpy.dtype in a pickle; its byte order comes with BUILD."""

    __slots__ = ("code", "order")

    def __init__(self, code: Any, _align: Any, _copy: Any) -> None:
        self.code, self.order = _text(code), "="

    def build(self, state: Any) -> None:
        self.order = _text(state[1])


class _Array:
    """Stands for a numpy.ndarray in a pickle: `content` is an array of numbers, or the list of an object array."""

    __slots__ = ("content",)

    def __init__(self) -> None:
        self.content: np.ndarray | list[Any] | None = None

    def build(self, state: Any) -> None:
        _version, shape, dtype, fortran, data = state
        if not isinstance(dtype, _Type):
            raise TypeError
        if dtype.code not in OBJECT_TYPES:
            self.content = numbers(number_type(dtype.order, dtype.code), shape, fortran, _exactly(bytes, data))
        elif isinstance(data, list):
            self.content = data
        else:
            raise RefusedError("an array of objects in it is no list")


def _reconstruct(kind: Any, _shape: Any, _code: Any) -> _Array:
    if kind is not _Array:
        raise TypeError
    return _Array()


def _encode(text: Any, _latin1: Any) -> bytes:
    """The bytes that Python 3 writes as text for Python 2."""
    return bytes(_exactly(str, text), "latin1")


def _no_bytes() -> bytes:
    return b""


def _text(data: Any) -> str:
    """Text that Python 2 may have written as bytes."""
    text = data.decode("latin1") if isinstance(data, bytes) and len(data) < _MAX_NAME else data
    return str(_exactly(str, text))


def _exactly(kind: type, value: Any) -> Any:
    if type(value) is not kind:
        raise TypeError
    return value


_NAMES: dict[tuple[str, str], Callable[..., object]] = {
    ("numpy.core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy._core.multiarray", "_reconstruct"): _reconstruct,
    ("numpy", "ndarray"): _Array,
    ("numpy", "dtype"): _Type,
    ("_codecs", "encode"): _encode,
    ("__builtin__", "bytes"): _no_bytes,
}
"""All that a pickle may name, and its replacement here. Python 3 writes b"" for Python 2 as a call of bytes()."""


class _Machine:
    """Carries out the pickle in `data` from `at`."""

    def __init__(self, data: bytes, at: int) -> None:
        self.data, self.at = data, at
        self.stack: list[Any] = []
        self.marks: list[int] = []
        self.memo: list[Any] = []
        self.bytes_left = MAX_BYTES

    def run(self) -> object:
        """Return the object that the pickle holds."""
        for _ in range(MAX_STEPS):
            code = self.data[self.at]
            self.at += 1
            if code == _STOP:
                break
            if code not in _STEPS:
                name = next((known.name for known in pickletools.opcodes if known.code == chr(code)), hex(code))
                raise RefusedError(f"its pickle has the instruction {name}")
            _STEPS[code](self)
        else:
            raise RefusedError(f"its pickle has more than {MAX_STEPS:,} instructions")
        if self.at != len(self.data):
            raise ValueError
        return self.stack.pop()

    def number(self, kind: str) -> int:
        value: int = struct.unpack_from(kind, self.data, self.at)[0]
        self.at += struct.calcsize(kind)
        return value

    def piece(self, kind: str) -> bytes:
        """The next bytes, whose count comes before them as a number of this kind."""
        size = self.number(kind)
        self.at += size
        return self.data[self.at - size : self.at]  # if the data end before that, the next instruction is not there

    def text(self, kind: str) -> str:
        """The next text; one character beyond latin-1 would make all others take four bytes of memory."""
        piece = self.piece(kind)
        if len(piece) > _MAX_TEXT:
            raise RefusedError(f"its pickle has a text of {len(piece):,} bytes")
        text = piece.decode()
        text.encode("latin1")
        return text

    def top(self, count: int) -> tuple[Any, ...]:
        """The last `count` things, taken off the stack."""
        if count > len(self.stack):
            raise IndexError
        items = tuple(self.stack[len(self.stack) - count :])
        del self.stack[len(self.stack) - count :]
        return items

    def since_mark(self) -> tuple[Any, ...]:
        return self.top(len(self.stack) - self.marks.pop())

    def keep(self, place: int) -> None:
        """Remember the top of the stack. All picklers count places up, from 0 or from 1."""
        if place > len(self.memo) + 1:
            raise IndexError
        self.memo.extend([None] * (place + 1 - len(self.memo)))
        self.memo[place] = self.stack[-1]

    def line(self) -> str:
        end = self.data.index(b"\n", self.at, self.at + _MAX_NAME)
        text = self.data[self.at : end].decode()
        self.at = end + 1
        return text

    def name(self, module: Any, name: Any) -> None:
        module, name = _exactly(str, module), _exactly(str, name)
        if (module, name) not in _NAMES:
            raise RefusedError(f"its pickle asks for {f'{module}.{name}'[:_MAX_NAME]!r}, which is not run")
        self.stack.append(_NAMES[module, name])

    def call(self) -> None:
        function, arguments = self.top(2)
        result = function(*_exactly(tuple, arguments))
        self.bytes_left -= len(result) if isinstance(result, bytes) else 0
        if self.bytes_left < 0:
            raise RefusedError(f"its pickle makes more than {MAX_BYTES:,} bytes out of few")
        self.stack.append(result)

    def build(self) -> None:
        target, state = self.top(2)
        if not isinstance(target, _Array | _Type):
            raise TypeError
        target.build(_exactly(tuple, state))
        self.stack.append(target)

    def extend(self, items: tuple[Any, ...]) -> None:
        _exactly(list, self.stack[-1]).extend(items)


def _push(make: Callable[[_Machine], object]) -> Callable[[_Machine], None]:
    return lambda machine: machine.stack.append(make(machine))


_STOP = ord(".")
_STEPS: dict[int, Callable[[_Machine], object]] = {
    0x80: lambda m: m.number("<B"),  # PROTO
    0x95: lambda m: m.number("<Q"),  # FRAME
    ord("N"): _push(lambda m: None),
    0x88: _push(lambda m: True),
    0x89: _push(lambda m: False),
    ord("K"): _push(lambda m: m.number("<B")),
    ord("M"): _push(lambda m: m.number("<H")),
    ord("J"): _push(lambda m: m.number("<i")),
    0x8A: _push(lambda m: int.from_bytes(m.piece("<B"), "little")),  # LONG1
    ord("U"): _push(lambda m: m.piece("<B")),  # SHORT_BINSTRING and BINSTRING, of Python 2
    ord("T"): _push(lambda m: m.piece("<I")),
    ord("C"): _push(lambda m: m.piece("<B")),
    ord("B"): _push(lambda m: m.piece("<I")),
    0x8E: _push(lambda m: m.piece("<Q")),  # BINBYTES8
    ord("X"): _push(lambda m: m.text("<I")),
    0x8C: _push(lambda m: m.text("<B")),
    ord("]"): _push(lambda m: []),
    ord(")"): _push(lambda m: ()),
    0x85: _push(lambda m: m.top(1)),
    0x86: _push(lambda m: m.top(2)),
    0x87: _push(lambda m: m.top(3)),
    ord("("): lambda m: m.marks.append(len(m.stack)),
    ord("t"): _push(lambda m: m.since_mark()),
    ord("a"): lambda m: m.extend(m.top(1)),
    ord("e"): lambda m: m.extend(m.since_mark()),
    ord("q"): lambda m: m.keep(m.number("<B")),
    ord("r"): lambda m: m.keep(m.number("<I")),
    0x94: lambda m: m.keep(len(m.memo)),  # MEMOIZE
    ord("h"): _push(lambda m: m.memo[m.number("<B")]),
    ord("j"): _push(lambda m: m.memo[m.number("<I")]),
    ord("c"): lambda m: m.name(m.line(), m.line()),
    0x93: lambda m: m.name(*m.top(2)),  # STACK_GLOBAL
    ord("R"): lambda m: m.call(),
    ord("b"): lambda m: m.build(),
}
"""The instructions that numpy's picklers use, of protocols 2 to 4."""
