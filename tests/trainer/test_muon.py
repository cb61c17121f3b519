"""Muon against torch's own two optimizers on the same gradients, a closed form, and a run that goes on."""

import copy
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from base.stopping import Interrupted
from model import MODELS
from tests.tiny import assert_same, stop_after, tiny_config
from trainer.muon import Muon, orthogonalized
from trainer.run import train
from trainer.schedule import WarmupCosine

LR = 0.02


def network() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(5, 8), nn.Tanh(), nn.Linear(8, 6), nn.Tanh(), nn.Linear(6, 3))


def matrices(model: nn.Module) -> list[nn.Parameter]:
    return [weight for weight in model.parameters() if weight.ndim == 2]


def learn(model: nn.Module, optimizers: list[Any], steps: int) -> None:
    """Steps against the squared distance of the outputs of fixed inputs from 1, and of their schedules."""
    inputs = torch.randn(16, 5, generator=torch.Generator().manual_seed(2))
    for _ in range(steps):
        model.zero_grad()
        ((model(inputs) - 1) ** 2).mean().backward()
        for item in optimizers:
            item.step()


@pytest.mark.parametrize("decay", [0.0, 0.5])
def test_the_matrices_but_the_last_are_muons_and_the_rest_is_adams(decay: float) -> None:
    model, plain = network(), network()
    *hidden, output = matrices(plain)
    rest = [output, *(weight for weight in plain.parameters() if weight.ndim == 1)]
    muon = torch.optim.Muon(hidden, LR, weight_decay=decay, momentum=0.9, adjust_lr_fn="match_rms_adamw")
    learn(plain, [muon, torch.optim.Adam(rest, LR)], 7)
    learn(model, [Muon(list(model.parameters()), lr=LR, momentum=0.9, weight_decay=decay)], 7)
    for name, weight in model.state_dict().items():
        assert weight.allclose(plain.state_dict()[name], atol=LR / 4), name  # torch multiplies in bfloat16


def test_a_step_has_the_size_of_adams_and_pulls_all_directions_alike() -> None:
    """Liu et al. (2025), eq. 4: an orthogonal (A, B) times 0.2 sqrt(max(A, B)); torch's Newton-Schulz is near one."""
    model = network()
    before = matrices(copy.deepcopy(model))
    for weight in model.parameters():
        weight.grad = torch.randn(weight.shape)
    assert torch.linalg.cond(matrices(model)[1].grad) > 3
    Muon(list(model.parameters()), lr=LR).step()
    _, hidden, output = (old - new for old, new in zip(before, matrices(model), strict=True))
    singular = torch.linalg.svdvals(hidden) / (LR * 0.2 * 8**0.5)
    assert singular.numel() == 6 and singular.min() > 0.5 and singular.max() < 1.5
    assert output.abs().allclose(torch.tensor(LR), rtol=1e-3)


def test_the_products_are_in_the_autocasts_precision() -> None:
    matrix = torch.randn(6, 9)
    assert orthogonalized(matrix).dtype == torch.float32
    with torch.autocast("cpu", torch.bfloat16):
        assert orthogonalized(matrix).dtype == torch.bfloat16


def test_a_schedule_moves_both() -> None:
    optimizer = Muon(list(network().parameters()), lr=LR)
    schedule = WarmupCosine(optimizer=optimizer, steps_per_epoch=4, epochs=2, warmup_epochs=0.5)
    for _ in range(5):
        optimizer.step()
        schedule.step()
    rates = {group["lr"] for part in optimizer.parts for group in part.param_groups}
    assert rates == {schedule.get_last_lr()[0]} and rates != {LR}


@pytest.mark.parametrize("wrong", [{"lr": -1.0}, {"lr": 0.1, "momentum": 1.0}, {"lr": 0.1, "weight_decay": -1.0}])
def test_a_wrong_number_is_named(wrong: dict[str, float]) -> None:
    with pytest.raises(ValueError, match=r"should be >= 0|below 1"):
        Muon(list(network().parameters()), **wrong)


@pytest.mark.parametrize("arch", ["UnconditionalHandwriting", "ConditionalHandwriting"])
def test_a_stopped_run_goes_on_bit_for_bit(data_dir: Path, tmp_path: Path, monkeypatch: Any, arch: str) -> None:
    def config() -> Any:
        return tiny_config(data_dir, tmp_path / "saved", arch, optimizer__type="Muon", trainer__ema_decay=0.8)

    whole = train(config()).folder
    with monkeypatch.context() as patch:
        stop_after(patch, 7)
        with pytest.raises(Interrupted):
            train(config())
    stopped = max((tmp_path / "saved" / "models" / "tiny").iterdir(), key=lambda folder: folder.stat().st_mtime)
    assert stopped != whole
    train(config(), resume=stopped / "last.pt")
    assert_same(stopped, whole, "last.pt")


@pytest.mark.parametrize("arch", ["UnconditionalHandwriting", "ConditionalHandwriting"])
def test_the_last_matrix_of_a_network_that_writes_is_its_output_layer(arch: str) -> None:
    model = MODELS[arch](**({} if arch == "UnconditionalHandwriting" else {"alphabet_size": 5}))
    names = [name for name, weight in model.named_parameters() if weight.ndim == 2]
    assert names[-1] == "density.linear.weight"
