"""README's "Add a model", followed word by word: a new network trains, resumes, writes, is measured and reported."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn

import experiments
from base.batch import Batch
from model import MODELS
from model.layers.trunk import Trunk
from model.layers.window import Text
from model.writing.mixture_density import Mixture, MixtureDensity
from model.writing.pen_motion import Features, num_features, num_skip_features
from model.writing.sampling import HandwritingModel
from model.writing.trunk_writer import TrunkWriter
from parse_config import ConfigParser
from tests.tiny import differences, run_main
from trainer.run import train
from utils.checkpoint import load_checkpoint


class TinyWriter(HandwritingModel):
    """A writer that knows the last offset, the time, and the mean of its text's letters; see README, "Add a model"."""

    reads_text = True

    def __init__(self, *, alphabet_size: int, hidden_size: int = 8, points_per_char: int = 3) -> None:
        super().__init__()
        self.points_per_char = points_per_char
        self.letters = nn.Embedding(alphabet_size, hidden_size)
        self.hidden = nn.Linear(4 + hidden_size, hidden_size)
        self.density = MixtureDensity(hidden_size, num_mixtures=2)

    def forward(self, batch: Batch) -> Mixture:
        text, _ = self._text(batch)
        times = torch.arange(batch.inputs.shape[1], device=text.device).expand(batch.inputs.shape[:2])
        return self._density(batch.inputs, times, text.unsqueeze(1).expand(-1, times.shape[1], -1))

    def start(self, batch: Batch) -> tuple[Tensor, Tensor, Tensor]:
        text, lengths = self._text(batch)
        return text, lengths, torch.zeros_like(lengths)

    def step(self, stroke: Tensor, state: tuple[Tensor, Tensor, Tensor]) -> tuple[Mixture, tuple[Tensor, ...]]:
        text, lengths, time = state
        return self._density(stroke, time, text), (text, lengths, time + 1)

    def finished(self, state: tuple[Tensor, Tensor, Tensor]) -> Tensor:
        _, lengths, time = state
        return time >= self.points_per_char * lengths

    def _text(self, batch: Batch) -> tuple[Tensor, Tensor]:
        mask, lengths = batch.char_mask.unsqueeze(2), batch.char_mask.sum(1)
        return (self.letters(batch.text) * mask).sum(1) / lengths.clamp_min(1).unsqueeze(1), lengths

    def _density(self, strokes: Tensor, times: Tensor, text: Tensor) -> Mixture:
        inputs = torch.cat([strokes, (times / 100).unsqueeze(-1), text], -1)
        return self.density(torch.tanh(self.hidden(inputs)))


class TransformerTrunk(nn.Module):
    """A causal transformer as a trunk: its state is the features so far."""

    def __init__(self, num_features: int, hidden_size: int) -> None:
        super().__init__()
        self.embed = nn.Linear(num_features, hidden_size)
        self.layer = nn.TransformerEncoderLayer(hidden_size, 2, 2 * hidden_size, dropout=0.0, batch_first=True)

    def forward(self, features: Tensor, text: Text) -> Tensor:
        hiddens = self.embed(features) + _positions(features.shape[1], self.embed.out_features)
        mask = nn.Transformer.generate_square_subsequent_mask(features.shape[1])
        return self.layer(hiddens, mask, is_causal=True)

    def start(self, text: Text) -> tuple[Text, Tensor]:
        return text, text.mask.new_zeros(len(text.end), 0, self.embed.in_features)

    def step(self, features: Tensor, state: tuple[Text, Tensor]) -> tuple[Tensor, tuple[Text, Tensor]]:
        text, past = state
        past = torch.cat([past, features.unsqueeze(1)], 1)
        return self(past, text)[:, -1], (text, past)


def _positions(points: int, size: int) -> Tensor:
    angles = torch.arange(points).unsqueeze(1) * torch.exp(torch.arange(0, size, 2) * (-math.log(1e4) / size))
    return torch.stack([angles.sin(), angles.cos()], -1).flatten(1)


class TransformerWriter(TrunkWriter):
    """A free writer: the pen features and the mixture density of the other networks, another trunk."""

    def __init__(self, *, hidden_size: int = 8, features: Features = "motion") -> None:
        super().__init__()
        self.features = features
        self.trunk: Trunk = TransformerTrunk(num_features(features), hidden_size)
        self.density = MixtureDensity(hidden_size + num_skip_features(features), num_mixtures=2)


NEW = {"TinyWriter": TinyWriter, "TransformerWriter": TransformerWriter}


@pytest.fixture(params=NEW)
def config(request: pytest.FixtureRequest, tiny: Callable[..., ConfigParser], monkeypatch: pytest.MonkeyPatch) -> Any:
    """The copied config, with the new network's name and one argument of its own."""
    monkeypatch.setitem(MODELS, request.param, NEW[request.param])
    config = tiny()
    config.override("arch", {"type": request.param, "args": {"hidden_size": 12}})
    return config


def test_it_trains_and_resumes_bit_for_bit(config: ConfigParser) -> None:
    whole = train(config)
    steps = 0

    def should_stop() -> bool:
        nonlocal steps
        steps += 1
        return steps == 3

    stopped = train(config, should_stop=should_stop)
    assert stopped.stopped
    resumed = train(resume=stopped.folder)
    first, second = (load_checkpoint(run.folder / "last.pt")["model"] for run in (whole, resumed))
    assert differences(first, second) == [] and whole.numbers["val_loss"] == resumed.numbers["val_loss"]


def test_it_writes_and_is_measured_and_reported(
    config: ConfigParser, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    run, out = train(config).folder, tmp_path / "out"

    def command(*arguments: object) -> str:
        words = ["-r", str(run), "--device", "cpu", *map(str, arguments), "--out", str(out)]
        code, printed, err = run_main(experiments, words, monkeypatch, capsys)
        assert code == 0, err
        return printed

    reads_text = NEW[config["arch"]["type"]].reads_text
    command("write", *(["any"] if reads_text else []), "--seed", 2)
    assert list(out.glob("*.svg")) and list(out.glob("*.png"))
    data = ("--corpus", "tiny", "--split", "valid", "--data-dir", config["data_loader"]["args"]["data_dir"])
    command("evaluate", *data)
    assert math.isfinite(json.loads((out / "evaluate.json").read_text())["nats_per_line"])
    command("report", *data)
    assert (out / "report.html").stat().st_size > 10_000


def test_a_transformer_steps_as_it_sees_whole_lines() -> None:
    torch.manual_seed(0)
    model, generator = TransformerWriter().eval(), torch.Generator().manual_seed(1)
    strokes = torch.randn(2, 9, 3, generator=generator)
    strokes[..., 2] = (strokes[..., 2] > 1).float()
    no_text = torch.zeros(2, 0, dtype=torch.int64)
    batch = Batch(strokes, torch.ones(2, 9, dtype=torch.bool), no_text, no_text.bool())
    state = model.start(batch)
    for t, stroke in enumerate(batch.inputs.unbind(1)):
        mixture, state = model.step(stroke, state)
        for part, expected in zip(mixture, model(batch), strict=True):
            torch.testing.assert_close(part, expected[:, t], atol=1e-4, rtol=1e-4)
