"""Trainings on an emulated GPU: every network, with the numbers of a CPU, mixing no devices, waiting for nothing."""

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
import torch
from torch import nn

from base.base_data_loader import workers_for_a_gpu
from base.progress import Progress
from data_loader.synthetic.digits import synthetic_digits
from model import MODELS
from parse_config import ConfigParser
from tests.base.test_batch import batch_of
from tests.emulated_gpu import CPU, GPU, EmulatedGpu, emulated_gpu
from tests.tiny import KINDS, tiny_config, write_corpus
from trainer import Trainer
from trainer.muon import Muon
from trainer.run import train
from trainer.sums import add, ratios
from trainer.weight_average import WeightAverage

OF_DIGITS = ("ClassConditionalHandwriting", "StrokeClassifier")
CHANGES: dict[str, dict[str, Any]] = {
    "ConditionalHandwriting": {
        "arch__args__num_layers": 3,
        "arch__args__attention_heads": 1,
        "arch__args__features": "motion",
        "optimizer": {"type": "Muon", "args": {"lr": 1e-3}},
        "trainer__ema_decay": 0.9,
    },
    "Seq2SeqRecognizer": {"arch__args__ctc_weight": 0.5, "trainer__accumulate_batches": 2},
}
"""Parts of the bundled configs that take a path of their own on a GPU."""
WAITS = {
    "ClassConditionalHandwriting": {"aten._local_scalar_dense.default"},  # has every line a text?
    "Seq2SeqRecognizer": {"aten._ctc_loss.Tensor", "aten._ctc_loss_backward.Tensor", "aten.index.Tensor"},
}
"""Operations in a step that wait for the GPU; there are none in any other network's."""


@pytest.fixture(scope="module")
def digits_dir(data_dir: Path) -> Path:
    write_corpus(data_dir / "tiny-digits", synthetic_digits(num_writers=3, times_each=1, valid_writers=1))
    return data_dir


def config_of(arch: str, data_dir: Path, saved: Path, device: str = "cuda", **changes: Any) -> ConfigParser:
    corpus = {"data_loader__args__corpus": "tiny-digits"} if arch in OF_DIGITS else {}
    fixed = {"lr_scheduler__type": "Constant", "trainer__log_steps": 50, "trainer__max_batches": 2}
    return tiny_config(data_dir, saved, arch, device=device, **fixed, **corpus, **CHANGES.get(arch, {}), **changes)


@contextmanager
def steps_of(gpu: EmulatedGpu) -> Iterator[list[list[str]]]:
    """Yield a list that is filled with the waits of each training step, from its batch on the GPU to its end."""
    waits: list[list[str]] = []
    one_step = Trainer._one_step

    def stepping(trainer: Trainer, batches: Any) -> Any:
        gpu.waits.clear()
        numbers = one_step(trainer, batches)
        waits.append(list(gpu.waits))
        return numbers

    with patch.object(Trainer, "_one_step", stepping):
        yield waits


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("arch", list(KINDS))
def test_a_gpu_gives_what_a_cpu_does(arch: str, digits_dir: Path, tmp_path: Path) -> None:
    """Training, validation, samples and resuming; a tensor of the CPU among those of the GPU is an error."""
    shown: list[Progress] = []
    config = config_of(arch, digits_dir, tmp_path / "gpu", trainer__epochs=1, trainer__show_epochs=1)
    with emulated_gpu() as gpu:
        first = train(config, on_progress=shown.append)
        longer = config_of(arch, digits_dir, tmp_path / "gpu", trainer__epochs=2)
        with steps_of(gpu) as waits:
            resumed = train(longer, resume=first.folder)
    assert bool(shown[-1].samples) == (arch != "HandwritingEmbedding")  # which has nothing to show
    expected = train(config_of(arch, digits_dir, tmp_path / "cpu", "cpu", trainer__epochs=2)).numbers
    assert resumed.numbers == pytest.approx(expected, rel=2e-3)
    assert {name for step in waits for name in step} <= WAITS.get(arch, set())


@pytest.mark.filterwarnings("ignore")
def test_sums_are_kept_where_they_began_whatever_device_a_metric_computes_on() -> None:
    with emulated_gpu():
        zero, total, count = torch.zeros(2, dtype=torch.float64, device=GPU), torch.tensor(6), torch.tensor(4)
        sums = {"val_cer": zero}
        for device in (CPU, GPU):
            add(sums, "val_cer", total.to(device), count)
            add(sums, "new", total.to(device), count)
        assert sums["val_cer"].device == GPU and sums["new"].device == CPU
        assert ratios(sums) == {"val_cer": 1.5, "new": 1.5}


@pytest.mark.filterwarnings("ignore")
def test_muon_multiplies_the_matrices_of_one_shape_at_once() -> None:
    shapes = [(8, 5), (8, 5), (5, 8), (8, 5), (3, 8)]
    starts = [torch.randn(shape) for shape in shapes]

    def moved(device: torch.device) -> list[torch.Tensor]:
        weights = [nn.Parameter(start.to(device)) for start in starts]
        optimizer = Muon(weights, lr=0.1, weight_decay=0.1)
        for weight, start in zip(weights, starts, strict=True):
            weight.grad = (start.roll(1, 0) - 1).to(device)
        for _ in range(3):
            optimizer.step()
        return [weight.detach().cpu() for weight in weights]

    with emulated_gpu():
        moved_on_gpu = moved(GPU)
    torch.testing.assert_close(moved_on_gpu, moved(CPU))


def test_fewer_operations_are_launched_for_matrices_of_one_shape() -> None:
    def operations(shapes: list[tuple[int, int]]) -> int:
        with emulated_gpu() as gpu:
            weights = [nn.Parameter(torch.randn(shape).to(GPU)) for shape in (*shapes, (3, 8))]
            for weight in weights:
                weight.grad = weight.detach().clone()
            optimizer = Muon(weights, lr=0.1)
            optimizer.step()
            before = gpu.operations
            optimizer.step()
            return gpu.operations - before

    alike, unlike = operations([(8, 5)] * 4), operations([(8, 5), (8, 6), (8, 7), (8, 4)])
    assert alike < unlike / 2


def test_the_averaged_copys_weights_are_joined_for_cudnn(monkeypatch: pytest.MonkeyPatch) -> None:
    joined: list[nn.Module] = []
    model = MODELS["ConditionalHandwriting"](alphabet_size=5, **KINDS["ConditionalHandwriting"][0])
    monkeypatch.setattr(nn.LSTM, "flatten_parameters", lambda module: joined.append(module))
    average = WeightAverage(model, 0.9)
    recurrent = [module for module in average.model.modules() if isinstance(module, nn.LSTM)]
    assert len(recurrent) == 2 and joined == recurrent


@pytest.mark.skipif(not torch.cuda.is_available(), reason="this machine has no GPU")
def test_the_averaged_copy_needs_no_joining_at_every_call() -> None:
    model = MODELS["UnconditionalHandwriting"](**KINDS["UnconditionalHandwriting"][0]).cuda()
    average = WeightAverage(model, 0.9)
    average.update(model)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        average.model(batch_of([5, 4], [2, 3]).to(torch.device("cuda")))


def test_workers_draw_batches_for_a_gpu_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    assert workers_for_a_gpu() == 0 or torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    counts = []
    for processors in (1, 2, 4, 64):
        monkeypatch.setattr(os, "sched_getaffinity", lambda _, processors=processors: range(processors))
        counts.append(workers_for_a_gpu())
    assert counts == [0, 1, 3, 4]
