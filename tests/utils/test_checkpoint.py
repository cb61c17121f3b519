"""Checkpoints: what was saved comes back bit for bit, and a file from anywhere can be opened without fear."""

import os
import pickle
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.tiny import differences
from utils.checkpoint import FORMAT_VERSION, load_checkpoint, load_shared_parts, load_weights, save_checkpoint
from utils.errors import InputError


def content() -> dict[str, Any]:
    model = nn.Linear(3, 2)
    optimizer = torch.optim.Adam(model.parameters())
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step()
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
    save_checkpoint(tmp_path / "last.pt", saved)
    loaded = load_checkpoint(tmp_path / "last.pt")
    assert loaded.pop("format_version") == FORMAT_VERSION
    assert differences(saved, loaded) == []


def test_a_failed_save_keeps_the_old_file(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    old = path.read_bytes()

    def half(data: Any, target: Any) -> None:
        Path(target).write_bytes(old[:100])
        raise OSError("disk full")

    monkeypatch.setattr(torch, "save", half)
    with pytest.raises(OSError, match="disk full"):
        save_checkpoint(path, content())
    assert path.read_bytes() == old and os.listdir(path.parent) == ["last.pt"]


def test_no_file_and_a_folder_are_refused(path: Path) -> None:
    assert "no such checkpoint" in refused(path.with_name("best.pt"))
    refused(path.parent)


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


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\0" * 4096,
        b"a text file\n" * 99,
        b"PK\x03\x04" + b"\0" * 99,
        b"\x80\x02.",
        b"(((((",
        "größe".encode("latin-1"),
    ],
)
def test_other_files_are_refused(path: Path, data: bytes) -> None:
    path.write_bytes(data)
    refused(path)


def test_another_zip_is_refused(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("readme.txt", "hello")
    refused(path)


class Payload:
    """Unpickled, it makes a file."""

    def __init__(self, target: Path) -> None:
        self.target = target

    def __reduce__(self) -> Any:
        return (os.mkdir, (str(self.target),))


@pytest.mark.parametrize("form", ["torch", "legacy", "pickle"])
def test_a_payload_is_refused_and_not_run(path: Path, form: str) -> None:
    planted = path.with_name("planted")
    data = {"format_version": FORMAT_VERSION, **content(), "config": Payload(planted)}
    if form == "pickle":
        path.write_bytes(pickle.dumps(data["config"]))
    else:
        torch.save(data, path, _use_new_zipfile_serialization=form == "torch")
    assert ("more than plain data" if form == "torch" else "not a checkpoint") in refused(path)
    assert not planted.exists()
    torch.load(path, weights_only=False) if form != "pickle" else pickle.loads(path.read_bytes())
    assert planted.exists(), "the payload works where it is let"


def test_a_pickled_model_is_refused(path: Path) -> None:
    torch.save(nn.Linear(2, 2), path)
    assert "more than plain data" in refused(path)


@pytest.mark.parametrize("data", [[1, 2], "text", {"model": {}}, {"format_version": "1"}, OrderedDict(), torch.ones(2)])
def test_plain_data_of_another_kind_are_refused(path: Path, data: Any) -> None:
    torch.save(data, path)
    assert "not a checkpoint of this project" in refused(path)


def test_a_newer_format_is_refused_by_its_number(path: Path) -> None:
    torch.save({**content(), "format_version": FORMAT_VERSION + 1}, path)
    assert f"its format is {FORMAT_VERSION + 1}" in refused(path) and "update" in refused(path)


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


def test_weights_that_fit_are_put_into_the_model() -> None:
    model, other = nn.Linear(3, 2), nn.Linear(3, 2)
    load_weights(model, other.state_dict(), Path("c.pt"))
    assert differences(dict(model.state_dict()), dict(other.state_dict())) == []


@pytest.mark.parametrize(
    ("other", "message"),
    [
        (nn.Linear(3, 4), r"its weight is \(4, 3\), the model's \(2, 3\) \(and 1 more\)"),
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


def test_parts_that_only_one_has_are_told_and_those_that_both_have_are_shared() -> None:
    def network(**parts: int) -> nn.ModuleDict:
        return nn.ModuleDict({name: nn.Linear(2, size) for name, size in parts.items()})

    old, new = network(encoder=3, ctc=4), network(encoder=3, decoder=5)
    before = new["decoder"].weight.clone()
    assert load_shared_parts(new, old.state_dict(), Path("c.pt")) == ["ctc", "decoder"]
    assert torch.equal(new["encoder"].weight, old["encoder"].weight) and torch.equal(new["decoder"].weight, before)
    with pytest.raises(InputError, match=r"c.pt: .* its encoder.weight is \(3, 2\), the model's \(7, 2\)"):
        load_shared_parts(network(encoder=7), old.state_dict(), Path("c.pt"))
    with pytest.raises(InputError, match=r"c.pt: .* it has none of decoder"):
        load_shared_parts(network(decoder=7), old.state_dict(), Path("c.pt"))
