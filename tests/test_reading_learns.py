"""A recognizer learns to read from nothing."""

import json
from pathlib import Path

import pytest

from experiments import load
from parse_config import ConfigParser
from results.reading.decoding import Decoding
from trainer.run import train

CONFIG = {
    "name": "learns",
    "device": "cpu",
    "arch": {
        "type": "Seq2SeqRecognizer",
        "args": {
            "hidden_sizes": [64, 64],
            "joins": [2, 2],
            "ctc_weight": 0.5,
            "decoder_size": 64,
            "embedding_size": 16,
            "attention_size": 32,
            "dropout": 0.1,
        },
    },
    "data_loader": {
        "type": "HandwritingDataLoader",
        "args": {
            "corpus": "synthetic",
            "batch_size": 16,
            "max_points": 200,
            "transform": {"normalise_baseline": True, "normalise_slant": True, "resample_distance": 0.35},
        },
    },
    "optimizer": {"type": "AdamW", "args": {"lr": 6e-3}},
    "loss": {"type": "ReadingLoss", "args": {}},
    "metrics": [{"type": "CharacterErrorRate", "args": {}}],
    "lr_scheduler": {"type": "WarmupCosine", "args": {"warmup_epochs": 0.3, "final_ratio": 0.05}},
    "trainer": {
        "epochs": 7,
        "monitor": "min val_cer",
        "gradient_clip": 1.0,
        "precision": "float32",
        "show_epochs": 0,
        "tensorboard": False,
        "verbosity": 0,
    },
}


@pytest.mark.slow
def test_a_tiny_recognizer_learns_to_read_hands_that_it_has_not_seen(tmp_path: Path) -> None:
    config = ConfigParser(json.loads(json.dumps(CONFIG)), "learns.json")
    config.override("data_loader.args.data_dir", str(tmp_path / "data"))
    config.override("trainer.save_dir", str(tmp_path / "saved"))
    run_dir = train(config).folder
    loaded = load(run_dir)
    greedy, search = (
        loaded.evaluate(None, ["valid"], data_dir=tmp_path / "data", decoding=decoding).numbers
        for decoding in (Decoding(), Decoding(beam=4))
    )
    assert greedy["n_lines"] == search["n_lines"] == 600
    assert greedy["cer"] < 0.1
    assert search["cer"] < greedy["cer"] + 0.01
