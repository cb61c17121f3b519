"""Files that configs come from, and the directories that are made for them."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from parse_config import ConfigParser, make_run_dir
from tests.catalogue import CATALOGUE, RESERVED, command_line, parser
from utils.errors import InputError
from utils.strict_json import parse_json, plain_copy


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b'{"a": 1,\n "b" 2}', "not JSON at 2:6: Expecting ':' delimiter"),
        (b"", "not JSON at 1:1"),
        (b"[1]", "expected an object at the top level, got list"),
        (b'{"a": {"lr": 1, "lr": 2}}', 'the key "lr" is given twice'),
        (b'{"a": NaN}', "NaN is not a finite number"),
        (b'{"a": -Infinity}', "-Infinity is not a finite number"),
        (b'{"a": 1e999}', "1e999 is not a finite number"),
        (b'{"a": ' + b"9" * 5000 + b"}", "a whole number with too many digits"),
        (b'{"a": "' + b"x" * (1 << 20) + b'"}', "larger than 1048576 bytes"),
        (b'{"a": ' + b"[" * 40 + b"]" * 40 + b"}", "nested deeper than 32"),
        (b'{"a": ' + b"[" * 100_000 + b"]" * 100_000 + b"}", "nested deeper than 32"),
        (b'{"a": "\xff"}', "not UTF-8 text (byte 7)"),
    ],
    ids=lambda value: str(value)[:20],
)
def test_a_bad_file_is_named_with_the_reason(tmp_path: Path, content: bytes, text: str) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        ConfigParser.from_file(path)
    assert str(caught.value).startswith(f"{path}: {text}")


def test_a_file_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"none\.json: no such file"):
        ConfigParser.from_file(tmp_path / "none.json")
    with pytest.raises(InputError, match="cannot be read: Is a directory"):
        ConfigParser.from_file(tmp_path)
    with pytest.raises(InputError, match="cannot be read: embedded null byte"):
        ConfigParser.from_file("a\0b")


def test_a_byte_order_mark_and_nesting_at_the_limit_are_read(tmp_path: Path) -> None:
    path = tmp_path / "bom.json"
    path.write_bytes(b'\xef\xbb\xbf{"name": ' + b"[" * 31 + b"]" * 31 + b"}")
    assert ConfigParser.from_file(path).source == str(path)
    with pytest.raises(InputError, match="nested deeper than 32"):
        parse_json("[" * 33 + "]" * 33)
    with pytest.raises(InputError, match="nested deeper than 32"):
        plain_copy(json.loads("[" * 33 + "]" * 33))


def test_parsing_and_checking_touch_no_disk(good_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(good_file.parent)
    config = command_line("-c", good_file.name, "--set", "trainer.save_dir=made", "--lr", "1")
    config.check(CATALOGUE, RESERVED)
    assert config.resolved["trainer"]["save_dir"] == "made"
    assert list(good_file.parent.iterdir()) == [good_file]


def test_importing_it_needs_no_torch() -> None:
    code = "import sys, parse_config; sys.exit('torch' in sys.modules or 'numpy' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=Path(__file__).parents[1], check=False).returncode == 0


def test_a_run_directory_is_new_each_time_and_holds_the_config(tmp_path: Path) -> None:
    config = parser(trainer__save_dir=str(tmp_path / "saved"))
    models, logs = (tmp_path / "saved" / kind / "tiny" for kind in ("models", "log"))
    assert make_run_dir(config, "one") == (models / "one", logs / "one")
    assert json.loads((models / "one" / "config.json").read_text()) == config.resolved
    assert ConfigParser.from_file(models / "one" / "config.json").resolved == config.resolved
    (logs / "one_2").mkdir()
    (models / "one_3").mkdir()
    assert make_run_dir(config, "one") == (models / "one_4", logs / "one_4")
    assert logs.joinpath("one_4").is_dir() and not models.joinpath("one_2").exists()
    first, second = make_run_dir(config)[0].name, make_run_dir(config)[0].name
    assert first != second
    assert len(first) == len("1120_193512") and first.replace("_", "").isdecimal()


def test_a_run_directory_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(InputError, match=r"trainer\.save_dir: cannot make a run in .*taken: Not a directory"):
        make_run_dir(parser(trainer__save_dir=str(tmp_path / "taken")))
    with pytest.raises(InputError, match="embedded null byte"):
        make_run_dir(parser(trainer__save_dir="a\0b"))
    with pytest.raises(InputError, match="run name"):
        make_run_dir(parser(trainer__save_dir=str(tmp_path)), "../up")
    assert [path.name for path in tmp_path.iterdir()] == ["taken"]
