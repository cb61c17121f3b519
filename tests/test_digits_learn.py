"""A small network learns to draw digits: from the config that ships, on a few writers of the built-in corpus."""

from pathlib import Path

import numpy as np
import pytest

from data_loader.synthetic.digits import synthetic_digits
from parse_config import ConfigParser
from results import load
from results.writing.digits import draw_characters
from tests.tiny import logged, write_corpus
from trainer.run import train

ROOT = Path(__file__).parent.parent
CHANGES = {
    "arch.args.hidden_size": 96,
    "arch.args.num_mixtures": 5,
    "optimizer.args.lr": 0.01,
    "data_loader.args.batch_size": 25,
    "trainer.epochs": 8,
    "trainer.tensorboard": False,
    "trainer.verbosity": 0,
    "trainer.precision": "float32",
    "device": "cpu",
}


def config(tmp_path: Path, **changes: object) -> ConfigParser:
    made = ConfigParser.from_file(ROOT / "config_digits.json")
    folders = {"data_loader.args.data_dir": str(tmp_path / "data"), "trainer.save_dir": str(tmp_path / "saved")}
    for path, value in {**CHANGES, **folders, **changes}.items():
        made.override(path, value)
    return made


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "data" / "synthetic-digits", synthetic_digits(num_writers=40, valid_writers=4))
    return tmp_path


@pytest.mark.slow
def test_digits_are_learned_and_end_by_themselves(digits: Path) -> None:
    run, numbers, _ = train(config(digits))
    losses = [line["val_loss"] for line in logged(run) if "val_loss" in line]
    assert losses[-1] < losses[0] - 0.5 and numbers["val_loss"] < 1.2
    texts = "0123456789" * 20
    drawn = draw_characters([load(run)] * len(texts), texts, list(range(len(texts))), 0.0)
    strokes = np.array([item.strokes[:, 2].sum() for item in drawn]).reshape(20, 10).mean(0)
    assert np.mean([item.stopped for item in drawn]) > 0.98
    assert strokes[[4, 5, 7]].mean() > strokes[[0, 2, 3, 6, 8]].mean() + 0.2, "some make these in two strokes"


@pytest.mark.slow
@pytest.mark.parametrize("changes", [{"arch.args.cell": "gru"}, {"arch.type": "UnconditionalHandwriting"}])
def test_the_config_takes_other_networks(digits: Path, changes: dict[str, object]) -> None:
    run, numbers, _ = train(config(digits, **changes, **{"trainer.epochs": 1}))
    assert np.isfinite(numbers["val_loss"]) and (run / "best.pt").exists()
