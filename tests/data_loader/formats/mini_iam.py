"""A tiny IAM-OnDB of three forms and six lines, written as archives or as their unpacked tree."""

import gzip
import io
import tarfile
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

STROKES = (((100, 50, 7.00), (105, 52, 7.01), (105, 60, 7.03)), ((130, 40, 7.50),))


def ink_xml(strokes: tuple[tuple[tuple[object, object, object], ...], ...] = STROKES) -> bytes:
    """One lineStrokes file with strokes of (x, y, time) points."""
    body = "".join(
        "<Stroke>" + "".join(f'<Point x="{x}" y="{y}" time="{t}"/>' for x, y, t in stroke) + "</Stroke>"
        for stroke in strokes
    )
    text = (
        '<?xml version="1.0" encoding="ISO-8859-1"?><WhiteboardCaptureSession><WhiteboardDescription>'
        '<SensorLocation corner="top_left"/><DiagonallyOppositeCoords x="9" y="9"/></WhiteboardDescription>'
        f"<StrokeSet>{body}</StrokeSet></WhiteboardCaptureSession>"
    )
    return text.encode("latin-1")


def place(name: str) -> str:
    """The folders of a form or a line: "a01/a01-001/" for "a01-001w-01"."""
    return f"{name[:3]}/{name[:7]}/"


@dataclass
class MiniIam:
    """The files by name; change them, then write them."""

    ink: dict[str, bytes] = field(
        default_factory=lambda: {
            f"{form}-{number:02d}": ink_xml()
            for form, count in (("a01-000u", 3), ("b02-001z", 2), ("c03-002", 1))
            for number in range(1, count + 1)
        }
    )
    texts: dict[str, bytes] = field(
        default_factory=lambda: {
            "a01-000u": b"OCR:\n\nnot this\n\nCSR:\n\nA move to\nstop \nMr. Smith\n",
            "b02-001z": b"OCR: \r\n\r\nCSR: \r\n\r\nSaid &quot;no&quot;\r\nCaf\xe9 &amp; bar\r\n",
            "c03-002": b"CSR:\n\nit &apos; s\n",
        }
    )
    lists: dict[str, bytes] = field(
        default_factory=lambda: {
            "trainset": b"a01-000u\n",
            "testset_v": b" b02-001z\r\n",
            "testset_t": b"z99-999z\n",
            "testset_f": b"c03-002\n",
        }
    )

    def ink_members(self) -> dict[str, bytes]:
        return {f"lineStrokes/{place(name)}{name}.xml": data for name, data in self.ink.items()}

    def text_members(self) -> dict[str, bytes]:
        return {f"ascii/{place(name)}{name}.txt": data for name, data in self.texts.items()}

    def write_archives(self, folder: Path) -> Path:
        """The official layout; the folder."""
        self.write_lists(folder)
        (folder / "lineStrokes-all.tar.gz").write_bytes(tar_gz(self.ink_members()))
        (folder / "ascii-all.tar.gz").write_bytes(tar_gz(self.text_members()))
        return folder

    def write_tree(self, folder: Path, below: str = "") -> Path:
        """The unpacked layout, with `below` e.g. "{}-all/" as folder above each archive's own; the folder."""
        self.write_lists(folder)
        for path, data in (self.ink_members() | self.text_members()).items():
            target = folder / below.format(PurePosixPath(path).parts[0]) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(data)
        return folder

    def write_lists(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in self.lists.items():
            (folder / f"{name}.txt").write_bytes(data)


def tar_bytes(members: dict[str, bytes]) -> bytes:
    """A tar with folders and files, as GNU tar makes it."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as tar:
        for parent in sorted({str(PurePosixPath(name).parent) for name in members}):
            folder = tarfile.TarInfo(parent)
            folder.type = tarfile.DIRTYPE
            tar.addfile(folder)
        for name, data in members.items():
            member = tarfile.TarInfo(name)
            member.size = len(data)
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def tar_gz(members: dict[str, bytes]) -> bytes:
    """Write the same as a .tar.gz."""
    return gzip.compress(tar_bytes(members), 1, mtime=0)
