"""A handwriting as a file, a zip of what lasts of it, and back."""

import io
import zipfile
import zlib
from pathlib import Path
from tempfile import TemporaryDirectory

from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from results.roles import load_as
from results.writing.writer import Writer
from studio.hand import FACTS, FILES, INK, SAMPLE, WEIGHTS, Hand, Hands
from studio.reading import MAX_FILE_POINTS
from utils.errors import InputError

MAX_UNPACKED = 100_000_000
"""Bytes of the files in a handwriting's file together, at most."""
PACKINGS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Methods by which zip programs pack; others raise errors of their own where a file is damaged."""


def export(hand: Hand) -> tuple[str, str, bytes]:
    """A handwriting as a file: its name, media type and content. The same handwriting gives the same bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in FILES:
            path = hand.folder / name
            if path.is_file():
                archive.writestr(zipfile.ZipInfo(name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return f"{hand.folder.name}.handwriting.zip", "application/zip", buffer.getvalue()


def import_hand(hands: Hands, content: bytes, base: Path | None = None) -> Hand:
    """Keep the handwriting that a file holds, under its own title, with a number where that is taken.

    base   the network that handwritings are learned with; None: the usual one

    Raises InputError where the file is no handwriting, or a part of it cannot be used; nothing is then kept.
    """
    with hands.lock:
        hands.require_place()
        with TemporaryDirectory(dir=hands.folder, prefix=".import-") as scratch:
            folder = Path(scratch) / "file"
            folder.mkdir()
            try:
                _unpack(content, folder)
                hand = Hand.of(folder)
                _require_usable(hand, base)
            except InputError as error:
                raise InputError(str(error).replace(f"{folder}/", "")) from None
            place = hands.place_for(hand.title)
            folder.rename(place)
        return hands.get(place.name)


def _unpack(content: bytes, folder: Path) -> None:
    """Unpack the files of a handwriting, and no others."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            members = archive.infolist()
            names = [member.filename for member in members]
            packings = {member.compress_type for member in members}
            if FACTS not in names or not {*names} <= {*FILES} or len(names) > len(FILES) or not packings <= PACKINGS:
                raise InputError("this is no file of a handwriting; export one from a studio")
            if sum(member.file_size for member in members) > MAX_UNPACKED:
                raise InputError(f"the handwriting is larger than {MAX_UNPACKED / 1e6:g} MB")
            for member in members:
                (folder / member.filename).write_bytes(archive.read(member))
    except InputError:
        raise
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, ValueError):
        raise InputError("this is no file of a handwriting, or it is damaged") from None


def _require_usable(hand: Hand, base: Path | None) -> None:
    """Raise InputError unless ink and weights can be used."""
    for name in (INK, SAMPLE):
        path = hand.folder / name
        if path.is_file() and sum(len(line.points) for line in ink_of([path], Report())) > MAX_FILE_POINTS:
            raise InputError(f"{name} has more than {MAX_FILE_POINTS:,} points")
    if (hand.folder / WEIGHTS).is_file():
        if not hand.is_learned:
            raise InputError(f"{SAMPLE} is not in the file, though {WEIGHTS} is")
        load_as(Writer, hand.folder / WEIGHTS, base=base).require("write lines")
