"""A recognizer measured on a corpus: every line counts, as in training."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from data_loader.data_loaders import HandwritingDataLoader
from data_loader.transform import Transform
from ink.strokes import InkLine
from model.metric import CharacterErrorRate
from results.reading.corpus import CorpusRead
from results.reading.decoding import Decoding
from results.reading.reader import Reader
from tests.results.recognizers import line_of, recognizer
from tests.tiny import write_corpus
from utils.errors import InputError


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the corpus "letters": 3 lines to train on, and 5 to validate: 2 of these with wrong texts."""
    folder = tmp_path_factory.mktemp("data")
    lines = [line_of(text, split="train", writer="ann") for text in ("abc", "defg", "gab")]
    lines += [line_of(text, split="valid", writer="bob") for text in ("cabbage", "bed", "face")]
    lines += [wrong("bad", "dad"), wrong("deed", "de,d <b>")]
    write_corpus(folder / "letters", lines)
    return folder


def wrong(written: str, labelled: str) -> InkLine:
    return replace(line_of(written, split="valid", writer="eve"), text=labelled)


def measure(reader: Reader, data_dir: Path, **changes: Any) -> CorpusRead:
    return reader.evaluate(data_dir=data_dir, **{"splits": ["valid"], "batch_size": 3, **changes})


def test_every_line_is_read_and_scored(data_dir: Path) -> None:
    measured = measure(recognizer(), data_dir)
    assert [line.read for line in measured.read] == ["cabbage", "bed", "face", "bad", "deed"]
    numbers = measured.numbers
    assert numbers["n_lines"] == 5 and numbers["n_characters"] == 7 + 3 + 4 + 3 + 8
    assert numbers["cer"] == pytest.approx(6 / 25) and numbers["wer"] == pytest.approx(3 / 6)
    assert {name: row["edits"] for name, row in numbers["by_writer"].items()} == {"bob": 0, "eve": 6}
    assert numbers["seconds"] > 0 and numbers["lines_per_second"] == pytest.approx(5 / numbers["seconds"])
    assert (numbers["corpus"], numbers["splits"]) == ("letters", ["valid"])


def test_each_of_several_splits_has_its_own_rate(data_dir: Path) -> None:
    numbers = measure(recognizer(), data_dir, splits=["valid", "train"]).numbers
    alone = measure(recognizer(), data_dir).numbers
    assert {f"cer/valid{end}": alone[f"cer{end}"] for end in ("", "_low", "_high")}.items() <= numbers.items()
    assert numbers["cer/train"] == 0 and numbers["cer"] == pytest.approx(6 / 35)
    assert not any("/" in name for name in alone)


@pytest.mark.parametrize("options", [{}, {"beam": 3}, {"ctc_weight": 1.0}])
def test_neither_batches_nor_decoding_change_what_is_clear(data_dir: Path, options: dict) -> None:
    for batch_size in (1, 64):
        measured = measure(recognizer(), data_dir, batch_size=batch_size, decoding=Decoding(**options))
        assert [line.read for line in measured.read] == ["cabbage", "bed", "face", "bad", "deed"]


@pytest.mark.parametrize("settings", [{}, {"resample_distance": 0.3, "normalise_slant": True}])
def test_it_is_the_error_rate_of_validation(tmp_path: Path, settings: dict) -> None:
    lines = [line_of("cabbage", split="valid"), wrong("deed", "face"), line_of("fg", split="valid")]
    write_corpus(tmp_path / "letters", [line_of("abcdefg", split="train"), *lines])
    loader = HandwritingDataLoader(corpus="letters", data_dir=str(tmp_path), transform=Transform(**settings))
    loaded = recognizer(transform=settings)
    loaded = replace(loaded, facts={**loaded.facts, "std": loader.facts["std"]})
    metric = CharacterErrorRate(alphabet=loader.facts["alphabet"])
    parts = [metric(loaded.model(batch), batch) for batch in loader.validation()]
    cer = sum(float(edits) for edits, _ in parts) / sum(float(size) for _, size in parts)
    assert 0 < cer == pytest.approx(measure(loaded, tmp_path).numbers["cer"])


def test_words_are_joined_as_in_training(data_dir: Path) -> None:
    measured = measure(recognizer(transform={"join_words": 8}), data_dir, splits=["train"])
    assert measured.name == "letters"
    assert [line.true for line in measured.read] == ["abc defg", "gab"]
    assert [line.read for line in measured.read] == ["abcdefg", "gab"]


def test_the_splits_are_those_of_validation_unless_named(data_dir: Path) -> None:
    assert measure(recognizer(), data_dir, splits=None).splits == ["valid"]
    assert len(measure(recognizer(), data_dir, splits=["valid", "train"]).read) == 8


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"corpus": "nowhere"}, "no prepared corpus"),
        ({"splits": ["test"]}, "no split test"),
        ({"batch_size": 0}, "batch size is 0"),
    ],
)
def test_what_is_not_there_is_named(data_dir: Path, changes: dict, named: str) -> None:
    with pytest.raises(InputError, match=named):
        measure(recognizer(), data_dir, **changes)


def test_a_corpus_without_text_cannot_be_scored(tmp_path: Path) -> None:
    lines = [replace(line_of("abc", seed), text="", split=split) for seed, split in enumerate(("train", "valid"))]
    write_corpus(tmp_path / "letters", lines)
    with pytest.raises(InputError, match="has a text to compare a reading with"):
        measure(recognizer(), tmp_path)
