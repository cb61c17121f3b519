"""JSON written by people: errors, and what the standard reader quietly accepts, are InputErrors that name the place.

Python's reader takes NaN, infinity and repeated keys, and overflows the stack on deep nesting.
"""

import json
import sys
from pathlib import Path
from typing import Any, NoReturn

from utils.errors import InputError
from utils.files import near_name

MAX_BYTES = 1 << 20
MAX_DEPTH = 32
MAX_VALUES = 10_000
"""Limit of the values in a config."""


def read_json(path: str | Path) -> Any:
    """Return the value in a JSON file of at most 1 MiB, UTF-8 with or without a byte order mark.

    Raises:
        InputError: the file cannot be read, is too large, is not UTF-8, or is not strict JSON.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
    except FileNotFoundError:
        raise InputError(f"{path}: no such file{near_name(Path(path))}") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}") from None
    if len(data) > MAX_BYTES:
        raise InputError(f"{path}: larger than {MAX_BYTES} bytes")
    try:
        return parse_json(data.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text (byte {error.start})") from None
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def parse_json(text: str) -> Any:
    """Return the value of a JSON text.

    Raises:
        InputError: not JSON (with line:column), a key given twice, NaN or infinity, nested deeper than 32.
    """
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_constant=_not_finite, parse_float=_finite)
    except json.JSONDecodeError as error:
        raise InputError(f"not JSON at {error.lineno}:{error.colno}: {error.msg}") from None
    except InputError:
        raise
    except RecursionError:
        raise InputError(f"nested deeper than {MAX_DEPTH}") from None
    except ValueError:
        raise InputError("a whole number with too many digits") from None
    _check_depth(value)
    return value


def plain_copy(value: Any) -> Any:
    """Return a deep copy of a value after a round trip through JSON: tuples become lists, all keys strings.

    Raises:
        InputError: the value has no JSON form, or is nested too deep or too large.
    """
    try:
        text = json.dumps(value, allow_nan=False)
        if text.count(",") > MAX_VALUES:
            raise ValueError(f"more than {MAX_VALUES:,} values")
        copied = json.loads(text)
    except (TypeError, ValueError, RecursionError) as error:
        raise InputError(f"not plain JSON data: {error}") from None
    _check_depth(copied)
    return copied


def shown(value: Any) -> str:
    """Return the value as JSON on one line, cut to 60 characters, for messages."""
    text = json.dumps(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _check_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH + 1):
        level = [node for node in level if isinstance(node, dict | list)]
        if not level:
            return
        level = [child for node in level for child in (node.values() if isinstance(node, dict) else node)]
    raise InputError(f"nested deeper than {MAX_DEPTH}")


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    values: dict[str, Any] = {}
    for key, value in pairs:
        if key in values:
            raise InputError(f"the key {shown(key)} is given twice in one object")
        values[key] = value
    return values


def _not_finite(text: str) -> NoReturn:
    raise InputError(f"{text} is not a finite number")


def _finite(text: str) -> float:
    number = float(text)
    if abs(number) > sys.float_info.max:
        _not_finite(text[:60])
    return number
