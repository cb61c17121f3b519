"""A network that reads needs lines with a text: without one it says so, in one line."""

from pathlib import Path

import pytest

from parse_config import ConfigParser
from tests.tiny import ink_line, tiny_config, write_corpus
from trainer.run import train
from utils.errors import InputError


def reading_config(tmp_path: Path) -> ConfigParser:
    changes = {"trainer__epochs": 1, "data_loader__args__corpus": "c"}
    return tiny_config(tmp_path / "data", tmp_path / "saved", "Seq2SeqRecognizer", **changes)


@pytest.mark.parametrize(
    ("train_text", "valid_text", "message"), [("", "", "nothing to learn"), ("ab", "", "was counted")]
)
def test_lines_without_text_teach_no_reading(tmp_path: Path, train_text: str, valid_text: str, message: str) -> None:
    lines = [ink_line(1, text=train_text), ink_line(2, text=valid_text, split="valid")]
    write_corpus(tmp_path / "data" / "c", lines)
    with pytest.raises(InputError, match=message) as caught:
        train(reading_config(tmp_path))
    assert "\n" not in str(caught.value)


def test_a_line_without_text_among_others_is_no_fault(tmp_path: Path) -> None:
    lines = [ink_line(n, text="ab" if n else "", split=split) for n in (0, 1) for split in ("train", "valid")]
    write_corpus(tmp_path / "data" / "c", lines)
    numbers = train(reading_config(tmp_path)).numbers
    assert numbers["val_cer"] >= 0
