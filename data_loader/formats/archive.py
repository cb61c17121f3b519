"""The files of a .tar.gz or .tar.xz or of its unpacked folder, one at a time, nothing written to disk.

A tar member is only ever read into memory, so a link or a path that leaves the archive could do no harm; the archive
is refused all the same, since no data set has one and it is a sign that this is not the file it should be.
"""

import gzip
import lzma
import os
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from utils.errors import InputError
from utils.files import natural_order

MAX_FILE_BYTES = 16 * 2**20
MAX_TOTAL_BYTES = 4 * 2**30
MAX_HEADER_BYTES = 2**20  # of a long name or a pax header, which tarfile reads into memory unasked
MAX_DICTIONARY_BYTES = 128 * 2**20  # memory of an xz decoder; `xz -9` needs 65 MiB
_XZ = b"\xfd7zXZ\0"

File = tuple[str, bytes | None]


def walk_files(
    source: Path, *, max_file_bytes: int = MAX_FILE_BYTES, max_total_bytes: int = MAX_TOTAL_BYTES
) -> Iterator[File]:
    """Yield (path inside, content) of every regular file in an archive or folder; content None if it is too large.

    An archive's files come in its own order and are streamed; a folder's are sorted by path, page2 before
    page10. Folders are passed over.

    Raises:
        InputError: the archive or folder as a whole cannot be trusted: missing, not a gzip or xz, cut off, damaged,
            larger than `max_total_bytes` unpacked, or with a link, a device or a path that leads out of it.
    """
    if source.is_dir():
        return _walk_folder(source, max_file_bytes, max_total_bytes)
    return _walk_archive(source, max_file_bytes, max_total_bytes)


class _XzStream:
    """The unpacked bytes of an xz file; unlike lzma.open, the memory that its header may ask for has a limit."""

    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._unpacker = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=MAX_DICTIONARY_BYTES)

    def read(self, size: int) -> bytes:
        """Return the next 1 to `size` bytes, none at the end."""
        while not self._unpacker.eof:
            packed = self._file.read(2**16) if self._unpacker.needs_input else b""
            if self._unpacker.needs_input and not packed:
                raise EOFError
            if data := self._unpacker.decompress(packed, size):
                return data
        if self._unpacker.unused_data or self._file.read(1):
            raise tarfile.ReadError("bytes behind the end")
        return b""


class _CappedStream:
    """The unpacked bytes of an archive: counts them, stops at a cap, and remembers whether zeros were the last."""

    def __init__(self, stream: "gzip.GzipFile | _XzStream", name: str, max_bytes: int) -> None:
        self._stream, self._name, self._left, self._max = stream, name, max_bytes, max_bytes
        self.tail = b""

    def read(self, size: int) -> bytes:
        data = self._stream.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise InputError(f"{self._name}: more than {self._max} bytes unpacked; take the official archive")
        self.tail = (self.tail + data)[-tarfile.BLOCKSIZE :]
        return data


class _Member(tarfile.TarInfo):
    """A tar header that must not make tarfile read a large piece into memory."""

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        member = super().frombuf(buf, encoding, errors)
        if member.size < 0 or (member.size > MAX_HEADER_BYTES and not member.isreg()):
            raise tarfile.ReadError(f"a header that claims {member.size} bytes")
        if member.type == tarfile.GNUTYPE_SPARSE:
            raise tarfile.ReadError("a sparse file")
        return member


def _walk_archive(path: Path, max_file_bytes: int, max_total_bytes: int) -> Iterator[File]:
    try:
        with open(path, "rb") as packed:
            is_xz = packed.read(len(_XZ)) == _XZ
            packed.seek(0)
            unpacked: Any = _XzStream(packed) if is_xz else gzip.GzipFile(fileobj=packed)
            stream = _CappedStream(unpacked, str(path), max_total_bytes)
            with tarfile.open(fileobj=stream, mode="r|", tarinfo=_Member) as tar:  # type: ignore[call-overload]
                while (member := tar.next()) is not None:
                    tar.members.clear()
                    if not member.isdir():
                        yield _read_member(path, tar, member, max_file_bytes)
                _expect_the_end(tar.fileobj, stream)
    except InputError:
        raise
    except gzip.BadGzipFile as error:
        raise InputError(f"{path}: not a valid gzip file ({error}); download it again") from None
    except EOFError:
        raise InputError(f"{path}: cut off before its end; download it again") from None
    except (
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
        ValueError,
        LookupError,
        ArithmeticError,
        RecursionError,
    ) as error:
        raise InputError(f"{path}: damaged ({error}); download it again") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None


def _read_member(path: Path, tar: tarfile.TarFile, member: tarfile.TarInfo, max_file_bytes: int) -> File:
    name = member.name
    if name.startswith(("/", "\\")) or ".." in name.replace("\\", "/").split("/"):
        raise InputError(f"{path}: member {name[:80]!r} leads out of the archive; take the official archive")
    if not member.isreg() or member.issparse():
        raise InputError(
            f"{path}: member {name[:80]!r} is a link or a device, no plain file; take the official archive"
        )
    if member.size > max_file_bytes:
        return name, None
    content = tar.extractfile(member)
    data = content.read() if content else b""
    if len(data) != member.size:
        raise EOFError
    return name, data


def _expect_the_end(rest: IO[bytes], stream: _CappedStream) -> None:
    """Read what is left behind the last member: a tar ends in zeros, and only reading on checks the gzip's sum."""
    while data := rest.read(2**16):
        if data.strip(b"\0"):
            raise tarfile.ReadError("a broken header, or bytes behind the end")
    if len(stream.tail) < tarfile.BLOCKSIZE or stream.tail.strip(b"\0"):
        raise EOFError


def _walk_folder(folder: Path, max_file_bytes: int, max_total_bytes: int) -> Iterator[File]:
    left = max_total_bytes
    for path in sorted_files(folder):
        name = path.relative_to(folder).as_posix()
        try:
            size = path.stat().st_size
            data = path.read_bytes() if size <= max_file_bytes else None
        except OSError as error:
            raise InputError(f"{path}: cannot be read ({error.strerror or error})") from None
        left -= size
        if left < 0:
            raise InputError(f"{folder}: more than {max_total_bytes} bytes; is this the right folder?")
        yield name, data


def sorted_files(folder: Path) -> Iterator[Path]:
    for parent, subfolders, names in os.walk(folder, onerror=_refuse_folder):
        subfolders.sort(key=natural_order)
        for name in subfolders:
            if os.path.islink(os.path.join(parent, name)):
                raise InputError(f"{os.path.join(parent, name)}: a link to a folder; put the folder itself there")
        for name in sorted(names, key=natural_order):
            path = Path(parent, name)
            if not path.is_file():
                raise InputError(f"{path}: not a file that can be read; take it out of the folder")
            yield path


def _refuse_folder(error: OSError) -> None:
    raise InputError(f"{error.filename}: cannot be read ({error.strerror or error})") from None
