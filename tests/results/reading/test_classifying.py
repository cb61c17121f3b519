"""Drawings classified: a tiny network learns to, from nothing to numbers and single readings."""

from pathlib import Path

import numpy as np
import pytest

from ink.strokes import InkLine
from results.reading.classifier import Classifier
from results.reading.classifying import class_scores, wilson_interval
from results.reading.lines import LineReading
from results.roles import load_as
from tests.tiny import ink_line, tiny_config, write_corpus
from trainer.run import train
from utils.errors import InputError


def drawing(name: str, seed: int, split: str = "train") -> InkLine:
    """A "-" from left to right or a "/" upward, unsteady, of 8 to 11 points."""
    rng = np.random.default_rng((seed, ord(name)))
    path = np.linspace(0, 30, int(rng.integers(8, 12)))
    ink = np.stack([path, -path if name == "/" else 0 * path, 0 * path], axis=1)
    ink[:, :2] += rng.normal(0, 1, (len(path), 2))
    ink[-1, 2] = 1
    return InkLine(f"{name}{seed}", name, "", split, ink.astype(np.float32))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus "tiny" of two shapes, in its split "odd" one said to be the other."""
    folder = tmp_path_factory.mktemp("shapes")
    lines = [drawing(name, seed, split) for seed, split in enumerate(["train"] * 12 + ["valid"] * 4) for name in "-/"]
    odd = [drawing(name, 50 + seed, "odd") for seed in range(3) for name in "-/"]
    odd[0] = InkLine(odd[0].id, "/", "", "odd", odd[0].points)
    write_corpus(folder / "tiny", [*lines, *odd])
    return folder


@pytest.fixture(scope="module")
def loaded(folder: Path) -> Classifier:
    """A network that was trained on it for some epochs."""
    config = tiny_config(folder, folder / "saved", "StrokeClassifier", trainer__epochs=8)
    config.override("arch.args", {"hidden_size": 8, "num_layers": 2, "dropout": 0.1})
    config.override("loss.args.label_smoothing", 0.1)
    config.override("data_loader.args.augment", {"rotate": 5, "jitter": 0.1})
    config.override("trainer.monitor", "max val_accuracy")
    run_dir, numbers, _ = train(config)
    assert numbers["val_accuracy"] == 1
    return load_as(Classifier, run_dir)


def test_two_shapes_are_learned_and_a_wrong_label_is_found(loaded: Classifier, folder: Path) -> None:
    assert loaded.evaluate(data_dir=folder).numbers["accuracy"] == 1
    measured = loaded.evaluate("tiny", ["odd"], data_dir=folder, batch_size=4)
    numbers = measured.numbers
    assert (numbers["n_lines"], numbers["accuracy"]) == (6, pytest.approx(5 / 6))
    assert numbers["by_class"] == {"-": {"lines": 2, "right": 2}, "/": {"lines": 4, "right": 3}}
    assert numbers["confusion"] == [{"true": "/", "read": "-", "count": 1, "of": 4}]


def test_readings_keep_their_order_and_do_not_depend_on_the_batch(loaded: Classifier) -> None:
    lines = [drawing(name, 70 + seed) for seed, name in enumerate("-//-/")]
    together = loaded.read(lines)
    assert [reading.text for reading in together] == list("-//-/") and [reading.line for reading in together] == lines
    for line, reading in zip(lines, together, strict=True):
        (alone,) = loaded.read([line], batch_size=1)
        assert alone.confidence == pytest.approx(reading.confidence, abs=1e-5) and 0.5 < alone.confidence <= 1
        (character,) = alone.characters
        assert character.probability == alone.confidence and len(character.points) == len(line.points)
    assert loaded.read([]) == []


def test_a_class_that_the_network_does_not_know_is_misread(loaded: Classifier, tmp_path: Path) -> None:
    lines = [drawing("-", 1, "valid"), InkLine("x", "x", "", "valid", drawing("-", 2).points), drawing("/", 1)]
    write_corpus(tmp_path / "other", lines)
    assert loaded.evaluate("other", ["valid"], data_dir=tmp_path).numbers["by_class"]["x"]["right"] == 0


def test_bad_input_is_named(loaded: Classifier, folder: Path, tmp_path: Path) -> None:
    write_corpus(tmp_path / "words", [ink_line(1), ink_line(2, split="valid", text="")])
    for corpus, splits, batch_size, named in (
        ("words", ["train"], 64, "train-1: its text is 'ab'; a class is one character"),
        ("words", ["valid"], 64, "valid-2: its text is ''"),
        ("nowhere", None, 64, "no prepared corpus"),
        ("words", None, 0, "batch size is 0"),
    ):
        with pytest.raises(InputError, match=named):
            loaded.evaluate(corpus, splits, data_dir=tmp_path, batch_size=batch_size)
    with pytest.raises(InputError, match="one: points of shape"):
        loaded.read([InkLine("one", "", "", "", np.zeros((1, 3), np.float32))])


def test_the_interval_is_wilsons() -> None:
    low, high = wilson_interval(8, 10)
    for edge in (low, high):  # where the share seen lies 1.96 standard deviations of a binomial share away
        assert abs(0.8 - edge) == pytest.approx(1.959964 * (edge * (1 - edge) / 10) ** 0.5)
    assert low < 0.8 < high
    assert wilson_interval(20, 20)[1] == 1 and wilson_interval(0, 20)[0] == 0
    assert wilson_interval(20, 20)[0] == pytest.approx(1 - wilson_interval(0, 20)[1]) != 1


def test_scores_count_every_pair() -> None:
    ink = drawing("-", 1).points
    pairs = ["aa", "ab", "ab", "ba", "bb"]
    numbers = class_scores([LineReading(InkLine("", true, "", "", ink), read, 1, []) for true, read in pairs])
    assert (numbers["n_lines"], numbers["accuracy"]) == (5, 0.4)
    assert [tuple(pair.values()) for pair in numbers["confusion"]] == [
        ("a", "b", 2, 3),
        ("b", "a", 1, 2),
    ]
