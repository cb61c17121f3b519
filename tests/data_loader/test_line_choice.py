"""The lines that are trained and validated on: splits, digits, rules; the lines left out are counted."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.data_loader.loaders import TRAIN, VALID, flat, ids, loader_of, write_lines
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return write_lines(tmp_path)


@pytest.mark.parametrize("limit", [5, 40, 158, 159])
def test_max_points_leaves_out_longer_training_lines_and_no_others(data_dir: Path, limit: int) -> None:
    loader = loader_of(data_dir, max_points=limit)
    kept = [line.id for line in TRAIN if len(line.points) <= limit]
    assert sorted(flat(ids(loader))) == sorted(kept)
    dropped = len(TRAIN) - len(kept)
    assert loader.left_out == ({"max_points": dropped} if dropped else {})


def test_points_per_char_leaves_out_training_lines_outside_and_no_others(data_dir: Path) -> None:
    loader = loader_of(data_dir, points_per_char=[6, 18])
    kept = [line.id for line in TRAIN if 6 <= len(line.points) / len(line.text) <= 18]
    assert 0 < len(kept) < len(TRAIN) and sorted(flat(ids(loader))) == sorted(kept)
    assert {"train-1", "train-7"} <= set(kept), "lines on the bounds stay"
    assert loader.left_out == {"points_per_char": len(TRAIN) - len(kept)}


@pytest.mark.parametrize("limit", [2.25, 2.3])
def test_max_jump_leaves_out_training_lines_with_a_longer_move_and_never_validates_less(
    data_dir: Path, limit: float
) -> None:
    std = loader_of(data_dir).facts["std"]
    loader = loader_of(data_dir, max_jump=limit)
    longest = {line.id: np.linalg.norm(np.diff(line.points[:, :2], axis=0) / std, axis=1).max() for line in TRAIN}
    kept = [line for line, move in longest.items() if move <= limit]
    assert 0 < len(kept) < len(TRAIN) and sorted(flat(ids(loader))) == sorted(kept)
    assert loader.left_out == {"max_jump": len(TRAIN) - len(kept)}
    assert len(flat(ids(loader.validation()))) == len(VALID)


def test_lines_without_text_are_left_out_of_training_and_counted(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(1), ink_line(2, text=""), ink_line(3, split="valid", text="")])
    loader = loader_of(tmp_path)
    assert flat(ids(loader)) == ["train-1"] and loader.left_out == {"no text": 1}
    assert flat(ids(loader.validation())) == ["valid-3"]


def test_drawings_are_trained_on_where_no_line_has_a_text(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(n, text="") for n in range(3)] + [ink_line(3, split="valid")])
    loader = loader_of(tmp_path)
    assert sorted(flat(ids(loader))) == ["train-0", "train-1", "train-2"] and loader.left_out == {}
    assert next(iter(loader)).text.shape == (3, 0)


def test_std_does_not_hang_on_the_rules(data_dir: Path) -> None:
    assert loader_of(data_dir, max_points=30).facts["std"] == loader_of(data_dir).facts["std"]


@pytest.mark.parametrize(
    ("args", "message"),
    [
        ({"train": ["train"], "valid": ["valid", "train"]}, "train cannot be for both"),
        ({"train": ["trian"]}, "no split trian; it has train, valid"),
        ({"valid": ["nowhere"]}, "no split nowhere"),
        ({"max_points": 4}, "leave no line to train on"),
        ({"points_per_char": [1000, 2000]}, "leave no line to train on"),
        ({"points_per_char": [1.0]}, "two numbers"),
        ({"points_per_char": []}, "two numbers"),
        ({"max_jump": 0.0}, r"leave no line to train on \(max_jump\)"),
        ({"max_jump": -1.0}, "max_jump is -1"),
        ({"max_points": 0}, "max_points is 0"),
        ({"batch_size": 0}, "batch_size is 0"),
        ({"num_workers": -1}, "num_workers"),
        ({"corpus": "nowhere"}, "no prepared corpus; make it with: python prepare_data.py"),
    ],
)
def test_what_cannot_be_is_refused(data_dir: Path, args: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        loader_of(data_dir, **args)


def test_splits_without_a_usual_name_must_be_named(tmp_path: Path) -> None:
    write_corpus(tmp_path / "c", [ink_line(1, split="a"), ink_line(2, split="b"), ink_line(3, split="c")])
    with pytest.raises(InputError, match=r"its splits are a, b, c; name some as data_loader\.args\.train"):
        loader_of(tmp_path)
    with pytest.raises(InputError, match="name some"):
        loader_of(tmp_path, train=["a"])
    for valid, train in (([], ["a-1", "b-2", "c-3"]), (["b"], ["a-1", "c-3"])):
        loader = loader_of(tmp_path, train=["*"], valid=valid)
        assert sorted(flat(ids(loader))) == train and len(loader.validation()) == len(valid)
    loader = loader_of(tmp_path, train=["a", "c"], valid=["b"])
    assert sorted(flat(ids(loader))) == ["a-1", "c-3"] and flat(ids(loader.validation())) == ["b-2"]


def test_the_usual_splits_of_iam_are_known(tmp_path: Path) -> None:
    names = ["testset_f", "testset_v", "trainset"]
    write_corpus(tmp_path / "c", [ink_line(n, split=name) for n, name in enumerate(names)])
    loader = loader_of(tmp_path)
    assert flat(ids(loader)) == ["trainset-2"] and flat(ids(loader.validation())) == ["testset_v-1"]


def test_all_splits_are_those_that_are_not_usually_validated(tmp_path: Path) -> None:
    names = ["train", "valid", "more"]
    write_corpus(tmp_path / "c", [ink_line(n, split=name) for n, name in enumerate(names)])
    loader = loader_of(tmp_path, train=["*"])
    assert sorted(flat(ids(loader))) == ["more-2", "train-0"] and flat(ids(loader.validation())) == ["valid-1"]
