"""The one training loop on a tiny corpus: it learns, it keeps the best, it is a plain loop."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from base.batch import Batch
from data_loader.batching import collate
from model import MODELS
from model.loss import NegativeLogLikelihood
from parse_config import ConfigParser
from tests.tiny import ARCHS, differences, logged
from trainer import Trainer
from trainer.run import CATALOGUE, train
from trainer.weight_average import WeightAverage
from utils.checkpoint import load_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]


@pytest.mark.parametrize("cell", ["lstm", "gru"])
@pytest.mark.parametrize("arch", ARCHS)
def test_every_model_learns_and_its_best_epoch_is_kept(tiny: Tiny, arch: str, cell: str) -> None:
    run_dir, numbers, _ = train(tiny(arch, arch__args__cell=cell, trainer__epochs=4))
    epochs = [line for line in logged(run_dir) if "epoch" in line]
    assert [line["epoch"] for line in epochs] == [1, 2, 3, 4]
    assert epochs[-1]["loss"] < epochs[0]["loss"] - 0.4
    assert numbers == {name: value for name, value in epochs[-1].items() if name not in ("step", "epoch")}
    best, last = (load_checkpoint(run_dir / name) for name in ("best.pt", "last.pt"))
    assert best["training"]["best"] == last["training"]["best"] == min(line["val_loss"] for line in epochs)
    assert epochs[best["training"]["epoch"] - 2]["val_loss"] == best["training"]["best"]


def test_a_checkpoint_alone_is_enough_to_use_the_model(tiny: Tiny) -> None:
    run_dir = train(tiny("ConditionalHandwriting", trainer__epochs=1)).folder
    content = load_checkpoint(run_dir / "best.pt")
    args = content["config"]["arch"]["args"]
    model = MODELS[content["config"]["arch"]["type"]](alphabet_size=len(content["facts"]["alphabet"]), **args)
    model.load_state_dict(content["model"])
    assert {"alphabet", "std", "points_per_char", "corpus"} <= content["facts"].keys()


def merged(batches: list[Batch]) -> Batch:
    """Return the lines of some batches as one."""
    if len(batches) == 1:
        return batches[0]
    items = [batch.of([line]) for batch in batches for line in range(len(batch.ids))]
    return collate([(item.ids[0], item.strokes[0], item.text[0]) for item in items])


Weights = dict[str, torch.Tensor]


def plain_loop(config: ConfigParser, decay: float | None, together: int = 1) -> tuple[Weights, Weights, list[float]]:
    """The training that a config describes, written out: the model's weights, their average, the steps' losses.

    together: the number of the loader's batches in a step. The rate halves per epoch where the config has StepDecay.
    """
    torch.manual_seed(config["seed"])
    loader = config.build("data_loader", CATALOGUE, seed=config["seed"])
    model = config.build("arch", CATALOGUE, alphabet_size=len(loader.facts["alphabet"]))
    rate, halves = config["optimizer"]["args"]["lr"], config["lr_scheduler"]["type"] == "StepDecay"
    optimizer = torch.optim.Adam(model.parameters(), lr=rate)
    loss_of, losses = NegativeLogLikelihood(), []
    average: Weights = {}
    for epoch in range(1, config["trainer"]["epochs"] + 1):
        batches = list(loader.at(epoch))
        for first in range(0, len(batches), together):
            batch = merged(batches[first : first + together])
            optimizer.param_groups[0]["lr"] = rate * 0.5 ** ((epoch - 1) * halves)
            total, count = loss_of(model(batch), batch)
            optimizer.zero_grad()
            total.backward()
            for parameter in model.parameters():
                assert parameter.grad is not None
                parameter.grad /= count
            nn.utils.clip_grad_norm_(model.parameters(), config["trainer"].get("gradient_clip", 10.0))
            optimizer.step()
            losses.append(total.item() / count.item())
            weights = {name: weight.detach().clone() for name, weight in model.state_dict().items()}
            now = min(decay or 0, len(losses) / (len(losses) + 9))
            if len(losses) == 1:
                average = weights
            average = {name: now * average[name] + (1 - now) * weights[name] for name in weights}
    return weights, average, losses


@pytest.mark.parametrize(("clip", "decay"), [(10.0, None), (0.5, None), (10.0, 0.5), (10.0, 0.99)])
def test_the_trainer_is_a_plain_loop(tiny: Tiny, clip: float, decay: float | None) -> None:
    changes = {"arch__args__dropout": 0.2, "trainer__gradient_clip": clip, "trainer__ema_decay": decay}
    config = tiny(lr_scheduler={"type": "Constant", "args": {}}, **changes)
    run_dir = train(config).folder
    weights, average, losses = plain_loop(config, decay)
    assert [line["loss"] for line in logged(run_dir) if "epoch" not in line] == losses
    content = load_checkpoint(run_dir / "last.pt")
    raw = content["training"]["raw_model"] if decay else content["model"]
    assert differences(dict(raw), weights) == []
    if decay:
        assert differences(dict(content["model"]), weights), "the average is not the last weights"
        for name, weight in content["model"].items():
            torch.testing.assert_close(weight, average[name], rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("points", [1, 30, 60])
def test_a_batch_in_parts_gives_the_same_steps(tiny: Tiny, points: int) -> None:
    runs = [train(tiny(trainer__points_at_once=at_once, trainer__epochs=1)).folder for at_once in (None, points)]
    whole, parts = (load_checkpoint(run_dir / "last.pt")["model"] for run_dir in runs)
    for name, weight in whole.items():
        torch.testing.assert_close(parts[name], weight, rtol=1e-4, atol=1e-5)
    losses = [[line["loss"] for line in logged(run_dir) if "epoch" not in line] for run_dir in runs]
    assert losses[1] == pytest.approx(losses[0], rel=1e-5)


def test_the_average_tends_to_a_moving_average_of_the_given_decay() -> None:
    model = MODELS["UnconditionalHandwriting"](hidden_size=2, num_layers=1, num_mixtures=1)
    average, bias = WeightAverage(model, 0.9), next(iter(model.parameters()))
    torch.nn.init.zeros_(bias)
    average.update(model)
    average.count = 100
    torch.nn.init.ones_(bias)
    for _ in range(3):
        average.update(model)
    actual = next(iter(average.model.parameters()))
    torch.testing.assert_close(actual, torch.full_like(actual, 1 - 0.9**3))


def test_numbers_of_an_epoch_are_over_all_points_whatever_the_batches(tiny: Tiny) -> None:
    still = {"optimizer": {"type": "SGD", "args": {"lr": 1e-30}}, "trainer__epochs": 1}
    single, six = (train(tiny(data_loader__args__batch_size=size, **still)).numbers for size in (1, 6))
    assert single == pytest.approx(six, rel=1e-5)


def test_validation_changes_nothing(tiny: Tiny, monkeypatch: pytest.MonkeyPatch) -> None:
    looked = train(tiny(arch__args__dropout=0.3, trainer__show_epochs=1, trainer__tensorboard=True)).folder
    monkeypatch.setattr(Trainer, "validate", lambda trainer: {"val_loss": 0.0})
    blind = train(tiny(arch__args__dropout=0.3)).folder
    contents = [load_checkpoint(run_dir / "last.pt") for run_dir in (looked, blind)]
    assert differences(contents[0]["model"], contents[1]["model"]) == []
    assert torch.equal(contents[0]["training"]["rng"], contents[1]["training"]["rng"])


@pytest.mark.parametrize("arch", ARCHS)
def test_samples_are_shown_in_the_epochs_of_show_epochs(tiny: Tiny, arch: str, monkeypatch: pytest.MonkeyPatch) -> None:
    shown: list[tuple[int, str, tuple[int, ...]]] = []

    def picture(log: Any, step: int, name: str, image: Any) -> None:
        shown.append((step, name, image.shape[2:]))

    monkeypatch.setattr("logger.run_log.RunLog.picture", picture)
    train(tiny(arch, trainer__epochs=2, trainer__show_epochs=2, trainer__show_lines=2, trainer__tensorboard=True))
    assert shown == [(10, "samples/1", (3,)), (10, "samples/2", (3,))]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("log_steps", 0),
        ("show_epochs", -1),
        ("show_lines", 0),
        ("accumulate_batches", 0),
        ("max_batches", 0),
        ("skip_non_finite", -1),
        ("gradient_clip", 0.0),
        ("gradient_clip", -1.0),
        ("ema_decay", 1.0),
        ("ema_decay", 0.0),
    ],
)
def test_numbers_that_make_no_sense_are_refused_before_a_run_directory_is_made(
    tiny: Tiny, tmp_path: Path, name: str, value: float
) -> None:
    with pytest.raises(InputError, match=f"tiny.json: trainer: {name} is {value}"):
        train(tiny(**{f"trainer__{name}": value}))
    assert not (tmp_path / "saved").exists()


@pytest.mark.slow
def test_workers_change_nothing(tiny: Tiny) -> None:
    runs = [train(tiny(data_loader__args__num_workers=number)).folder for number in (0, 2)]
    entry, other = (load_checkpoint(run_dir / "last.pt") for run_dir in runs)
    assert differences(entry["model"], other["model"]) == [] and logged(runs[0]) == logged(runs[1])
