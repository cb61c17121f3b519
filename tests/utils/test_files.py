import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from utils.errors import InputError
from utils.files import atomic_path, natural_order, near_name, sole_owner


@pytest.mark.parametrize("old", [None, "a longer old text"])
def test_the_file_appears_whole_and_alone_with_the_usual_permissions(tmp_path: Path, old: str | None) -> None:
    target, usual = tmp_path / "run.json", tmp_path / "usual"
    usual.write_text("")
    if old:
        target.write_text(old)
    with atomic_path(target) as temporary:
        assert temporary.parent == tmp_path and temporary.suffix == ".json" and temporary != target
        temporary.write_text("new")
        assert (target.read_text() if target.exists() else None) == old
    assert target.read_text() == "new" and target.stat().st_mode == usual.stat().st_mode
    assert sorted(os.listdir(tmp_path)) == ["run.json", "usual"]


def test_names_are_sorted_by_their_numbers() -> None:
    names = ["", "1-10", "61+", "page", "page01", "page1", "page1b", "page2", "page10", "٣"]
    assert sorted(reversed(names), key=natural_order) == names


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt])
def test_an_exception_leaves_the_old_file(tmp_path: Path, error: type[BaseException]) -> None:
    target = tmp_path / "run.json"
    target.write_text("old")
    with pytest.raises(error), atomic_path(target) as temporary:
        temporary.write_text("half")
        raise error
    assert target.read_text() == "old"
    assert os.listdir(tmp_path) == ["run.json"]


@pytest.mark.parametrize("name", ["missing/run.json", "file/run.json", "folder"])
def test_a_place_that_cannot_be_written_is_named_in_one_line(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("")
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError) as caught, atomic_path(tmp_path / name):
        pytest.fail("the block must not run")
    assert str(tmp_path / name) in str(caught.value) and "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_an_input_error(tmp_path: Path) -> None:
    folder = tmp_path / "locked"
    folder.mkdir(mode=0o500)
    with pytest.raises(InputError, match="locked"), atomic_path(folder / "run.json"):
        pytest.fail("the block must not run")


def test_a_folder_has_one_owner_at_a_time(tmp_path: Path) -> None:
    with sole_owner(tmp_path), pytest.raises(InputError, match="another process"), sole_owner(tmp_path, patience=0.2):
        pass
    with sole_owner(tmp_path, patience=0.0):
        assert os.listdir(tmp_path) == []


def test_an_owner_that_is_killed_lets_go(tmp_path: Path) -> None:
    code = (
        "import sys, time, pathlib, utils.files as f\nwith f.sole_owner(pathlib.Path(sys.argv[1])): print(1, flush=1); "
    )
    owner = subprocess.Popen([sys.executable, "-c", code + "time.sleep(99)", tmp_path], stdout=subprocess.PIPE)
    assert owner.stdout and owner.stdout.readline() == b"1\n"
    with pytest.raises(InputError, match="another process"), sole_owner(tmp_path, patience=0.0):
        pass
    owner.send_signal(signal.SIGKILL)
    owner.wait()
    with sole_owner(tmp_path, patience=0.0):
        pass


def test_the_name_most_alike_in_a_folder(tmp_path: Path) -> None:
    (tmp_path / "english.npz").touch()
    assert near_name(tmp_path / "englsh.npz") == f"; did you mean {tmp_path / 'english.npz'}?"
    assert near_name(tmp_path / "x") == near_name(tmp_path / "nothing" / "english.npz") == ""
