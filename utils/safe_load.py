"""Read plain data and tensors from an untrusted .pt file: runs no code from it, and rejects sizes larger than the file.

torch.load(weights_only=True) runs no foreign code either, but it takes a file at its word for how large a part unpacks
and how long a tensor is, and it calls constructors with whatever sizes the file asks for.
"""

import pickletools
import warnings
import zipfile
from pathlib import Path
from typing import Any

import torch

GLOBALS = {
    "torch._utils _rebuild_tensor_v2",
    "collections OrderedDict",
    *(f"torch {kind}Storage" for kind in ("Float", "Double", "Half", "BFloat16", "Long", "Int", "Short", "Char")),
    *(f"torch {kind}Storage" for kind in ("Byte", "Bool")),
}
"""Names that torch.save needs for dicts, lists, numbers, texts and tensors."""

MAX_PICKLED = 16 << 20
"""Limit of the bytes of a file without its tensors."""
MAX_VALUES, MAX_DEPTH = 100_000, 64
MAX_SHARED = 4
"""Limit of the tensors' bytes as a multiple of the file's: tied weights share bytes."""


class RefusedError(ValueError):
    """The file holds more than plain data, or claims more than it holds."""


def read_plain(path: Path) -> Any:
    """Return the dicts, lists, numbers, texts and tensors that torch.save wrote to a file, on the CPU, in own memory.

    Raises RefusedError where anything else is in it; a damaged file may raise anything.
    """
    with zipfile.ZipFile(path) as archive:
        members = archive.infolist()
        if any(member.compress_type != zipfile.ZIP_STORED for member in members):
            raise RefusedError("it is compressed")
        size = path.stat().st_size
        if sum(member.file_size for member in members) > size:
            raise RefusedError("it claims to be larger than it is")
        wrong = archive.testzip()
        if wrong:
            raise zipfile.BadZipFile(f"the check sum of {wrong} is wrong")
        for member in members:
            if member.filename.endswith(".pkl"):
                if member.file_size > MAX_PICKLED:
                    raise RefusedError(f"its data without tensors have more than {MAX_PICKLED:,} bytes")
                _require_harmless(archive.read(member))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = torch.load(
            path, map_location="cpu", weights_only=True, mmap=True
        )  # a tensor of a mapped file cannot reach beyond its end
    return _Copy(size).of(content)


def _require_harmless(pickled: bytes) -> None:
    """Raise RefusedError unless a pickle names nothing but `GLOBALS` and makes no dict out of anything.

    The constructors of dicts must be called without arguments and filled by opcodes, so that the pickle's size bounds
    their size.
    """
    dict_places: set[int] = set()
    after_dict = False
    for code, value, _ in pickletools.genops(pickled):
        if code.name in ("NEWOBJ", "NEWOBJ_EX", "OBJ", "INST", "STACK_GLOBAL", "EXT1", "EXT2", "EXT4", "DUP"):
            raise RefusedError(f"it holds more than plain data: the instruction {code.name}")
        if code.name == "GLOBAL" and value not in GLOBALS:
            raise RefusedError(f"it holds more than plain data: it asks for {str(value)[:80]!r}, which is not run")
        if after_dict and isinstance(value, int) and code.name in ("BINPUT", "LONG_BINPUT"):
            dict_places.add(value)
            continue
        if after_dict and code.name != "EMPTY_TUPLE":
            raise RefusedError("it holds more than plain data: a dict made in an unusual way")
        is_recalled = code.name in ("BINGET", "LONG_BINGET") and value in dict_places
        after_dict = is_recalled or (code.name == "GLOBAL" and value == "collections OrderedDict")


class _Copy:
    """Copies a tree of plain data, tensors out of the mapped file, within what a file of `size` bytes can hold."""

    def __init__(self, size: int) -> None:
        self.bytes_left, self.values_left = MAX_SHARED * size, MAX_VALUES

    def of(self, value: Any, depth: int = 0) -> Any:
        self.values_left -= 1
        if depth > MAX_DEPTH or self.values_left < 0:
            raise RefusedError("its data are nested too deep or too many")
        kind = type(value)
        if kind is torch.Tensor:
            return self._tensor(value)
        if isinstance(value, dict):
            pairs = dict.items(value)  # the attributes of a dict from a file are the file's
            return {self._key(key): self.of(item, depth + 1) for key, item in pairs}
        if kind in (list, tuple):
            return kind(self.of(item, depth + 1) for item in value)
        return self._scalar(value)

    def _key(self, key: Any) -> Any:
        if type(key) not in (str, int):
            raise RefusedError(f"it holds more than plain data: a key of type {type(key).__name__}")
        return self._scalar(key)

    def _scalar(self, value: Any) -> Any:
        if type(value) not in (type(None), bool, int, float, str):
            raise RefusedError(f"it holds more than plain data: a value of type {type(value).__name__}")
        if type(value) is int and abs(value) >= 1 << 64:
            raise RefusedError("it holds a whole number of more than 64 bits")
        if type(value) is str:
            value.encode()  # raises on half characters, which cannot be printed
        return value

    def _tensor(self, tensor: torch.Tensor) -> torch.Tensor:
        if tensor.layout is not torch.strided or tensor.device.type != "cpu":
            raise RefusedError("it holds more than plain tensors")
        self.bytes_left -= tensor.numel() * tensor.element_size()
        if self.bytes_left < 0:
            raise RefusedError("its tensors claim to be larger than the file")
        return tensor.detach().clone()
