"""Checkpoints: what was saved comes back bit for bit, and a file from anywhere can be opened without fear."""

import errno
import io
import os
import re
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.tiny import differences
from utils import checkpoint
from utils.checkpoint import (
    FORMAT_VERSION,
    load_checkpoint,
    load_weights,
    require_facts,
    require_form,
    require_own_state,
    save_checkpoint,
)
from utils.errors import InputError
from utils.version import version


def trained() -> tuple[nn.Linear, torch.optim.Adam]:
    """A model and its optimizer after a step."""
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
    return model, optimizer


def content() -> dict[str, Any]:
    model, optimizer = trained()
    return {
        "config": {"name": "tiny", "lr": 1e-3, "none": None, "list": [1, "two", True]},
        "facts": {"alphabet": " abé日", "std": [1 / 3, 2.5]},
        "model": model.state_dict(),
        "training": {"optimizer": optimizer.state_dict(), "rng": torch.get_rng_state(), "best": float("-inf")},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    save_checkpoint(tmp_path / "last.pt", content())
    return tmp_path / "last.pt"


def refused(path: Path) -> str:
    """The message of the InputError, which is one line that names the file."""
    with pytest.raises(InputError) as caught:
        load_checkpoint(path)
    assert str(path) in str(caught.value) and "\n" not in str(caught.value)
    return str(caught.value)


def test_what_was_saved_comes_back_bit_for_bit(tmp_path: Path) -> None:
    saved = content()
    save_checkpoint(tmp_path / "last.pt", {**saved, "version": "0.0.1"})
    loaded = load_checkpoint(tmp_path / "last.pt")
    assert loaded.pop("format_version") == FORMAT_VERSION
    assert loaded.pop("version") == version()
    assert differences(saved, loaded) == []


def test_a_failed_save_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = path.read_bytes()

    def half(data: Any, target: Any) -> None:
        target.write(old[:100])
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(InputError, match="cannot write"):
        save_checkpoint(path, content())
    assert path.read_bytes() == old and os.listdir(path.parent) == ["last.pt"]


def test_no_file_and_a_folder_are_refused(path: Path) -> None:
    assert refused(path.with_name("xyz")).endswith("no such checkpoint; runs are in saved/models/NAME")
    assert refused(path.with_name("best.pt")).endswith("no such checkpoint; its folder has last.pt")
    assert refused(path.with_name("lats.pt")).endswith(f"no such checkpoint; did you mean {path}?")
    refused(path.parent)


def test_of_runs_that_were_stopped_before_their_first_validation_what_they_have_is_named(path: Path) -> None:
    run = path.parent / "runs" / "1128_151022"
    run.mkdir(parents=True)
    path.rename(run / "last.pt")
    assert refused(run.parent / "best.pt").endswith("no such checkpoint; its folder has 1128_151022/last.pt")


def test_a_file_cut_at_any_length_is_refused(path: Path) -> None:
    whole = path.read_bytes()
    for length in [*range(0, 70), *range(70, len(whole), 97), len(whole) - 2, len(whole) - 1]:
        path.write_bytes(whole[:length])
        refused(path)


def test_a_flipped_byte_is_refused_or_changes_nothing(path: Path) -> None:
    whole, saved = path.read_bytes(), load_checkpoint(path)
    caught = 0
    for place in range(0, len(whole), 41):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        try:
            loaded = load_checkpoint(path)
        except InputError as error:
            assert "\n" not in str(error)
            caught += 1
        else:
            assert differences(saved, loaded) == [], f"byte {place}"
    assert caught > 20


def a_zip() -> bytes:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.writestr("readme.txt", "hello")
    return buffer.getvalue()


@pytest.mark.parametrize(
    "data",
    [
        *(b"", b"\0" * 4096, b"a text file\n" * 99, b"PK\x03\x04" + b"\0" * 99, a_zip(), b"\x80\x02.", b"((((("),
        "größe".encode("latin-1"),
    ],
)
def test_other_files_are_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    refused(path)


FOREIGN = "not a checkpoint of this project"


@pytest.mark.parametrize(
    ("data", "message"),
    [
        *((data, FOREIGN) for data in ([1, 2], "text", {"model": {}}, OrderedDict(), torch.ones(2))),
        *(({"format_version": version}, FOREIGN) for version in (None, True, False, 1.0, "1", [1])),
        *(({"format_version": n}, f"its format is {n}, and no such format") for n in (0, -1, -(2**62))),
        *(({"format_version": n}, rf"its format is {n}\b.*update") for n in (FORMAT_VERSION + 1, 2**63)),
    ],
)
def test_other_data_and_other_formats_are_refused(path: Path, data: Any, message: str) -> None:
    versioned = isinstance(data, dict) and "format_version" in data
    torch.save({**content(), **data} if versioned else data, path)
    assert re.search(message, refused(path))


def test_an_older_format_is_migrated_step_by_step(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def rename(old: dict[str, Any]) -> None:
        old["model"] = old.pop("weights")

    def name(old: dict[str, Any]) -> None:
        old["config"]["name"] += f" of {old['format_version']}"

    new = content()
    old = {("weights" if key == "model" else key): part for key, part in new.items()}
    torch.save({**old, "format_version": FORMAT_VERSION}, path)
    monkeypatch.setattr(checkpoint, "MIGRATIONS", {FORMAT_VERSION: rename, FORMAT_VERSION + 1: name})
    monkeypatch.setattr(checkpoint, "FORMAT_VERSION", FORMAT_VERSION + 2)
    migrated = load_checkpoint(path)
    assert migrated["config"]["name"] == f"tiny of {FORMAT_VERSION + 1}"
    assert migrated["format_version"] == FORMAT_VERSION + 2
    assert differences(migrated["model"], new["model"]) == []


@pytest.mark.parametrize("key", ["config", "facts", "model"])
@pytest.mark.parametrize("value", [None, [1], "gone"])
def test_a_checkpoint_without_a_part_is_refused_by_its_name(path: Path, key: str, value: Any) -> None:
    whole = content()
    save_checkpoint(path, {name: part for name, part in whole.items() if name != key})
    assert f"it has no {key}" in refused(path)
    save_checkpoint(path, {**whole, key: value})
    assert f"it has no {key}" in refused(path)


def test_a_checkpoint_whose_model_is_no_weights_is_refused(path: Path) -> None:
    save_checkpoint(path, {**content(), "model": {"weight": 1.5}})
    assert "it has no weights" in refused(path)


def test_a_checkpoint_without_training_is_one(path: Path) -> None:
    save_checkpoint(path, {name: part for name, part in content().items() if name != "training"})
    assert "training" not in load_checkpoint(path)


def test_numpy_scalars_do_not_slip_in(tmp_path: Path) -> None:
    save_checkpoint(tmp_path / "c.pt", {**content(), "facts": {"std": np.float64(1.5)}})
    refused(tmp_path / "c.pt")


FACTS: dict[str, Any] = {
    "corpus": "c",
    "alphabet": " ab",
    "std": [1.5, 2.0],
    "mean_points_per_char": 20.0,
    "points_per_char": 30.0,
    "points_per_line": 500,
    "chars_per_line": 30,
}


@pytest.mark.parametrize(
    ("fact", "value", "message"),
    [
        ("std", [1.5], "lack a std of two numbers"),
        ("std", [1.5, True], "lack a std of two numbers"),
        ("std", [1.5, float("nan")], "std is nan"),
        ("std", [0.0, 1.0], "std is 0.0"),
        ("points_per_char", 1e30, r"points_per_char is 1e\+30"),
        ("points_per_line", True, "lack points_per_line"),
        ("chars_per_line", 0, "chars_per_line is 0"),
        ("alphabet", "ba", "alphabet is not in order"),
        ("alphabet", "aab", "alphabet is not in order"),
        ("corpus", None, "lack corpus"),
    ],
)
def test_facts_that_no_data_have_are_refused(fact: str, value: Any, message: str) -> None:
    require_facts(FACTS, Path("c.pt"))
    with pytest.raises(InputError, match=rf"^c\.pt: not a whole checkpoint: its .*{message}"):
        require_facts({**FACTS, fact: value}, Path("c.pt"))


STATE: dict[str, Any] = {
    "epoch": 1,
    "best": 0.0,
    "on": True,
    "rng": torch.zeros(3),
    "pair": (0.5, {"a": "b"}),
    "raw": None,
}


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ({"epoch": "1"}, "training.epoch"),
        ({"epoch": True}, "training.epoch"),
        ({"epoch": -1}, "training.epoch"),
        ({"best": "low"}, "training.best"),
        ({"on": 1}, "training.on"),
        ({"rng": torch.zeros(4)}, "training.rng"),
        ({"rng": torch.zeros(3).half()}, "training.rng"),
        ({"pair": 0.5}, "training.pair"),
        ({"pair": (0.5, {"a": 1})}, "training.pair.1.a"),
    ],
)
def test_a_training_state_has_the_form_of_the_runs_own(changes: dict[str, Any], place: str) -> None:
    require_form({**STATE, "best": -3, "pair": [1, {"a": "c"}, 7], "raw": {"any": "thing"}, "new": 1}, STATE)
    require_form({"epoch": 5}, STATE)
    require_form({"raw": None}, {"raw": {"any": "thing"}})
    with pytest.raises(ValueError, match=f"not whole: {place} is not what it should be"):
        require_form({**STATE, **changes}, STATE)


@pytest.mark.parametrize("change", ["shape", "missing", "kind", "none"])
def test_what_an_optimizer_remembers_is_of_its_weights(change: str) -> None:
    model, optimizer = trained()
    require_own_state(optimizer)
    kept = optimizer.state[model.weight]
    if change == "shape":
        kept["exp_avg"] = torch.zeros(3, 2)
    elif change == "missing":
        del kept["exp_avg"]
    elif change == "kind":
        kept["exp_avg"] = 1.5
    else:
        optimizer.state[7] = dict(kept)
    with pytest.raises(ValueError, match="its optimizer is one of other weights"):
        require_own_state(optimizer)


def test_weights_that_fit_are_put_into_the_model() -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    load_weights(model, other.state_dict(), Path("c.pt"))
    assert differences(dict(model.state_dict()), dict(other.state_dict())) == []


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (nn.Linear(3, 4), r"it has weight of \(4, 3\), the model's is of \(2, 3\) \(and 1 more\)"),
        (nn.Linear(3, 2, bias=False), "it has no bias;"),
        (nn.Sequential(nn.Linear(3, 2)), "and 3 more"),
        (nn.PReLU(), "it has no bias"),
    ],
)
def test_weights_of_another_model_are_refused_and_change_nothing(other: nn.Module, message: str) -> None:
    model = nn.Linear(3, 2)
    before = {name: weight.clone() for name, weight in model.state_dict().items()}
    with pytest.raises(InputError, match=message) as caught:
        load_weights(model, other.state_dict(), Path("c.pt"))
    assert str(caught.value).startswith("c.pt: weights of another model") and "\n" not in str(caught.value)
    assert differences(before, dict(model.state_dict())) == []
