"""Files that are whole or absent: written beside their place, then moved into it."""

import hashlib
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from utils.errors import InputError

SCRATCH = re.compile(r"\..+\.[0-9a-f]{8}(\.\w+)?")


@contextmanager
def atomic_path(path: Path) -> Iterator[Path]:
    """A temporary path in `path`'s folder and with its suffix; leaving the block moves the file there to `path`.

    The file exists, empty, when the block begins. An exception in the block deletes it and leaves `path` as it was.
    The data are on the disk (fsync) before the name is, so that a power cut leaves the old file or the new one.

    Raises:
        InputError: the folder is missing or cannot be written to, or `path` is a folder.
    """
    path = Path(path)
    temporary = path.with_name(f".{path.stem}.{secrets.token_hex(4)}{path.suffix}")
    if path.is_dir():
        raise InputError(f"cannot write {path}: it is a folder")
    try:
        temporary.touch(exist_ok=False)
    except OSError as error:
        raise InputError(f"cannot write {path}: {error.strerror} ({path.parent})") from error
    try:
        yield temporary
        with open(temporary, "rb+") as file:
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def remove_scratch(folder: Path) -> None:
    """Delete what `atomic_path` left in a folder when its process was killed; for a folder that nobody writes to."""
    for path in folder.glob(".*"):
        if SCRATCH.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
