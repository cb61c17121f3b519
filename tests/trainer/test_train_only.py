"""A training of one part of a network, such as the end of a line on top of a network that was trained without it."""

from collections.abc import Callable

import pytest
import torch

from parse_config import ConfigParser
from results.roles import load
from tests.tiny import logged
from trainer.optimization import set_training_mode
from trainer.run import build_trainer, train
from utils.checkpoint import load_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
CONDITIONAL = "ConditionalHandwriting"
METRICS = [{"type": "NatsPerLine", "args": {}}, {"type": "EndOfLineNats", "args": {}}]


def test_the_end_of_a_line_is_trained_on_top_of_a_network_that_stays_as_it_is(tiny: Tiny) -> None:
    old = train(tiny(CONDITIONAL, arch__args__line_end=False, trainer__epochs=1, metrics=METRICS))
    changes = {"trainer__train_only": ["line_end"], "optimizer__args__lr": 0.03}
    monitor = "min val_end_of_line_nats"
    new = train(
        tiny(CONDITIONAL, **changes, metrics=METRICS, trainer__epochs=4, trainer__monitor=monitor),
        init_from=old.folder,
    )
    before, after = (load_checkpoint(run.folder / "best.pt")["model"] for run in (old, new))
    assert all(torch.equal(after[name], weight) for name, weight in before.items())
    assert after["line_end.weight"].any()
    assert new.numbers["val_loss"] == pytest.approx(old.numbers["val_loss"], rel=1e-5)
    epochs = [line["val_end_of_line_nats"] for line in logged(new.folder) if "epoch" in line]
    assert old.numbers["val_end_of_line_nats"] == 0 < epochs[-1] < epochs[0]
    assert load(new.folder, "cpu").write("no one").samples


def test_a_part_that_is_not_there_is_named(tiny: Tiny) -> None:
    with pytest.raises(InputError, match="train_only has line_end; this network has window_layer, stack"):
        train(tiny(CONDITIONAL, arch__args__line_end=False, trainer__train_only=["line_end"]))


def test_muon_needs_matrices(tiny: Tiny) -> None:
    config = tiny(CONDITIONAL, trainer__train_only=["line_end"])
    config.override("optimizer", {"type": "Muon", "args": {}})
    with pytest.raises(InputError, match="take Adam"):
        train(config)


@pytest.mark.parametrize("train_only", [["decoder"], ["encoder", "ctc"], None])
def test_parts_that_are_not_trained_run_as_in_evaluation(tiny: Tiny, train_only: list[str] | None) -> None:
    trainer = build_trainer(tiny("Seq2SeqRecognizer", arch__args__ctc_weight=0.4, trainer__train_only=train_only), None)
    model, batch = trainer.optimization.model, next(iter(trainer.loader.at(1)))
    set_training_mode(model)
    parts = dict(model.named_children())
    assert {name for name, part in parts.items() if part.training} == set(train_only or parts)
    is_trained = train_only != ["decoder"]
    reading = model(batch)
    assert reading.frames.requires_grad == is_trained and reading.char_logits.requires_grad
    assert torch.equal(reading.frames, model.eval().encode(batch).frames) != is_trained
