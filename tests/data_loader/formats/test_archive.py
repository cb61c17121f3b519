"""Safe walks over archives and folders: what is read, and what is refused with one clear line."""

import gzip
import io
import random
import tarfile
from pathlib import Path

import pytest

from data_loader.formats.archive import walk_files
from tests.data_loader.formats.mini_iam import tar_bytes, tar_gz
from utils.errors import InputError

FILES = {"set/b.txt": b"second", "set/a.txt": b"first" * 300, "set/deep/c.txt": b""}


def write(path: Path, data: bytes) -> Path:
    path.write_bytes(data)
    return path


def one_member(kind: bytes = tarfile.REGTYPE, name: str = "x", size: int = 0) -> bytes:
    member = tarfile.TarInfo(name)
    member.type, member.linkname = kind, "/etc/passwd" if kind in (tarfile.SYMTYPE, tarfile.LNKTYPE) else ""
    member.size = size
    return member.tobuf(tarfile.GNU_FORMAT)


def test_an_archive_keeps_its_order_and_a_folder_is_sorted(tmp_path: Path) -> None:
    archive = write(tmp_path / "x.tar.gz", tar_gz(FILES))
    assert list(walk_files(archive)) == list(FILES.items())
    for name, data in FILES.items():
        (tmp_path / "tree" / name).parent.mkdir(parents=True, exist_ok=True)
        write(tmp_path / "tree" / name, data)
    files = list(walk_files(tmp_path / "tree"))
    assert dict(files) == FILES
    assert files[0][0] == "set/a.txt"


def test_python_and_pax_made_archives_are_read(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", format=tarfile.PAX_FORMAT) as tar:
        member = tarfile.TarInfo("é" * 120)
        member.size, member.mtime = 3, 1.5
        tar.addfile(member, io.BytesIO(b"abc"))
    assert list(walk_files(write(tmp_path / "x.tar.gz", buffer.getvalue()))) == [("é" * 120, b"abc")]


def test_a_file_over_the_cap_is_named_without_content(tmp_path: Path) -> None:
    archive = write(tmp_path / "x.tar.gz", tar_gz(FILES))
    assert dict(walk_files(archive, max_file_bytes=100))["set/a.txt"] is None
    write(tmp_path / "a.txt", b"12345")
    archive.unlink()
    assert list(walk_files(tmp_path, max_file_bytes=4)) == [("a.txt", None)]


def test_too_much_altogether_is_refused(tmp_path: Path) -> None:
    archive = write(tmp_path / "x.tar.gz", tar_gz(FILES))
    with pytest.raises(InputError, match="more than 2000 bytes"):
        list(walk_files(archive, max_total_bytes=2000))
    with pytest.raises(InputError, match="more than 9 bytes"):
        list(walk_files(tmp_path, max_total_bytes=9))


@pytest.mark.parametrize("name", ["/etc/x", "../x", "a/../../x", "a\\..\\x", "\\x"])
def test_a_path_that_leads_out_is_refused(tmp_path: Path, name: str) -> None:
    archive = write(tmp_path / "x.tar.gz", gzip.compress(one_member(name=name) + bytes(1024)))
    with pytest.raises(InputError, match="leads out of the archive"):
        list(walk_files(archive))


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE])
def test_links_and_devices_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = write(tmp_path / "x.tar.gz", gzip.compress(one_member(kind) + bytes(1024)))
    with pytest.raises(InputError, match="link or a device"):
        list(walk_files(archive))


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.GNUTYPE_SPARSE])
def test_headers_that_claim_gigabytes_are_refused_unread(tmp_path: Path, kind: bytes) -> None:
    packed = gzip.compress(one_member() + one_member(kind, size=2**31) + bytes(1024))
    with pytest.raises(InputError, match=r"x\.tar\.gz: damaged"):
        list(walk_files(write(tmp_path / "x.tar.gz", packed)))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "damaged|cut off"),
        (b"<html>not found</html>", "not a valid gzip"),
        (gzip.compress(b""), "damaged"),
        (gzip.compress(b"no tar at all" * 99), "damaged"),
        (gzip.compress(tar_bytes(FILES)[:2048]), "cut off"),
        (gzip.compress(tar_bytes(FILES)[:1700]), "cut off|damaged"),
        (tar_gz(FILES)[:-20], "cut off"),
        (tar_gz(FILES)[:-8] + bytes(8), "not a valid gzip"),
        (tar_gz(FILES) + b"behind", "not a valid gzip"),
    ],
)
def test_a_damaged_archive_is_one_clear_line(tmp_path: Path, data: bytes, message: str) -> None:
    archive = write(tmp_path / "x.tar.gz", data)
    with pytest.raises(InputError, match=message) as error:
        list(walk_files(archive))
    assert str(error.value).startswith(str(archive)) and "download it again" in str(error.value)


def test_a_broken_header_in_the_middle_is_no_silent_end(tmp_path: Path) -> None:
    tar = bytearray(tar_bytes(FILES))
    tar[tar.index(b"set/a.txt")] ^= 1
    with pytest.raises(InputError, match="damaged"):
        list(walk_files(write(tmp_path / "x.tar.gz", gzip.compress(bytes(tar)))))


def test_an_archive_that_is_absent(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="No such file"):
        list(walk_files(tmp_path / "x.tar.gz"))


def test_links_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "set").mkdir()
    write(tmp_path / "a", b"1")
    (tmp_path / "set" / "b").symlink_to(tmp_path / "a")
    assert list(walk_files(tmp_path / "set")) == [("b", b"1")]
    (tmp_path / "set" / "c").symlink_to(tmp_path / "nowhere")
    with pytest.raises(InputError, match="not a file"):
        list(walk_files(tmp_path / "set"))
    (tmp_path / "set" / "c").unlink()
    (tmp_path / "set" / "c").symlink_to(tmp_path)
    with pytest.raises(InputError, match="link to a folder"):
        list(walk_files(tmp_path / "set"))


@pytest.mark.parametrize("packed_first", [True, False])
def test_mutations_are_read_or_refused(tmp_path: Path, packed_first: bool) -> None:
    """Bytes changed in the packed archive, and in the tar inside a sound gzip where no check sum covers the files."""
    rng = random.Random(5)
    sound = tar_gz(FILES) if packed_first else tar_bytes(FILES)
    refused = 0
    for _ in range(300):
        data = bytearray(sound)
        for _ in range(rng.randint(1, 4)):
            data[rng.randrange(len(data) if packed_first else 4096)] = rng.randrange(256)
        cut = data[: rng.randrange(len(data))] if rng.random() < 0.2 else data
        path = write(tmp_path / "x.tar.gz", bytes(cut) if packed_first else gzip.compress(bytes(cut), 1))
        try:
            list(walk_files(path))
        except InputError as error:
            assert "\n" not in str(error)
            refused += 1
    assert refused > 100
