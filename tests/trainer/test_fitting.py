"""Losses and metrics of other networks, and two metrics of one name, are refused before anything is made."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from parse_config import ConfigParser
from tests.tiny import tiny_config
from trainer.fitting import require_fitting
from trainer.run import train
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
RATE = {"type": "CharacterErrorRate", "args": {}}
HOUSE = Path(__file__).parents[2]


@pytest.mark.parametrize("path", sorted(HOUSE.glob("config_*.json")), ids=lambda path: path.name)
def test_the_configs_of_the_house_fit(path: Path) -> None:
    require_fitting(ConfigParser.from_file(path))


@pytest.mark.parametrize(
    ("arch", "changes", "message"),
    [
        ("ConditionalHandwriting", {"loss__type": "ReadingLoss"}, "ReadingLoss is not for the output of Conditional"),
        ("ConditionalHandwriting", {"metrics": [RATE]}, "CharacterErrorRate is not for the output"),
        ("StrokeClassifier", {"loss__type": "NegativeLogLikelihood"}, "NegativeLogLikelihood is not for the output"),
        ("Seq2SeqRecognizer", {"metrics": [RATE, {**RATE, "args": {"raw": True}}]}, "2 metrics are logged as val_cer"),
    ],
)
def test_what_does_not_fit_is_named(
    data_dir: Path, tmp_path: Path, arch: str, changes: dict[str, Any], message: str
) -> None:
    config = tiny_config(data_dir, tmp_path / "saved", arch, **changes)
    with pytest.raises(InputError, match=message):
        train(config)
    assert not (tmp_path / "saved").exists()
