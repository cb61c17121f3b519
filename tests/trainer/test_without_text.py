"""A network that reads needs lines with a text: without one it says so, in one line."""

from pathlib import Path

import pytest

from parse_config import ConfigParser
from tests.tiny import ink_line, write_corpus
from trainer.run import train
from utils.errors import InputError


def reading_config(tmp_path: Path) -> ConfigParser:
    return ConfigParser(
        {
            "name": "tiny",
            "device": "cpu",
            "arch": {"type": "Seq2SeqRecognizer", "args": {"hidden_sizes": [4], "joins": [1], "ctc_weight": 1.0}},
            "data_loader": {
                "type": "HandwritingDataLoader",
                "args": {"corpus": "c", "data_dir": str(tmp_path / "data")},
            },
            "optimizer": {"type": "Adam", "args": {}},
            "loss": {"type": "ReadingLoss", "args": {}},
            "metrics": [{"type": "CharacterErrorRate", "args": {}}],
            "lr_scheduler": {"type": "Constant", "args": {}},
            "trainer": {"epochs": 1, "save_dir": str(tmp_path / "saved"), "tensorboard": False, "verbosity": 0},
        },
        "tiny",
    )


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
