"""Files and folders that are whole or absent: written under a temporary name, then renamed."""

import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from utils.errors import InputError

try:
    import fcntl
except ImportError:  # not a Unix: there is no lock
    fcntl = None  # type: ignore[assignment]

SCRATCH = re.compile(r"\..+\.[0-9a-f]{8}(\.\w+)?")


def near_name(path: Path) -> str:
    """Return "; did you mean X?", where X is the path in the same folder whose name is most alike, "" if none is."""
    near = get_close_matches(path.name, [other.name for other in path.parent.glob("*")], n=1)
    return f"; did you mean {path.with_name(near[0])}?" if near else ""


def natural_order(name: str) -> tuple[list[Any], str]:
    """Return what sorts names by the numbers in them: w2 before w10, 1-10 before 61+."""
    return [int(part) if n % 2 else part for n, part in enumerate(re.split(r"([0-9]+)", name))], name


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
    if not fcntl:  # Windows, which opens no folders
        return
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def new_folder(folder: Path) -> Iterator[Path]:
    """A temporary folder next to `folder`; leaving the block moves it there, an exception in the block deletes it.

    Raises:
        InputError: `folder` is there and not empty, or cannot be written.
    """
    scratch = folder.with_name(f".{folder.name}.{secrets.token_hex(4)}")
    try:
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise InputError(f"{folder}: is there already and not an empty folder; choose another name")
        scratch.mkdir(parents=True)
        yield scratch
        scratch.rename(folder)
    except OSError as error:
        raise InputError(f"{folder}: cannot write there ({error.strerror or error}); choose another place") from None
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


@contextmanager
def sole_owner(folder: Path, patience: float = 10.0) -> Iterator[None]:
    """Lock a folder against other processes within the block; the lock ends with its process, however that ends.

    Waits `patience` seconds for another process to leave: the children of a killed process may live on for a few. Does
    nothing where the system knows no locks.

    Raises:
        InputError: another process is still there.
    """
    if not fcntl:
        yield
        return
    handle, until = os.open(folder, os.O_RDONLY), time.monotonic() + patience
    try:
        while not _is_locked_now(handle):
            if time.monotonic() > until:
                raise InputError(f"{folder}: another process is at work there; stop it, or wait for it")
            time.sleep(0.1)
        yield
    finally:
        os.close(handle)


def _is_locked_now(handle: int) -> bool:
    """Lock a file or folder; False where another has locked it, True where that cannot be done at all."""
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        return error.errno not in (errno.EAGAIN, errno.EACCES)
    return True


def remove_scratch(folder: Path) -> None:
    """Delete the files that `atomic_path` left in a folder when its process was killed; nobody may write to it now."""
    for path in folder.glob(".*"):
        if SCRATCH.fullmatch(path.name) and path.is_file():
            path.unlink(missing_ok=True)


def keep_newest(path: Path, step: int, number: int) -> None:
    """Give a file such as last.pt the name last-<step>.pt too, and keep the `number` newest of these names."""
    kept = path.with_name(f"{path.stem}-{step}{path.suffix}")
    kept.unlink(missing_ok=True)
    os.link(path, kept)
    name = re.compile(rf"{re.escape(path.stem)}-\d+{re.escape(path.suffix)}")
    names = [other for other in path.parent.iterdir() if name.fullmatch(other.name)]
    # A run that went back to an older checkpoint writes lower steps last: the time of writing counts, not the step.
    for old in sorted(names, key=lambda other: (other.stat().st_mtime_ns, len(other.name), other.name))[:-number]:
        old.unlink()


def file_hash(path: Path) -> str:
    """SHA-256 of a file, in hexadecimal."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
