"""`export`: weights alone, in fewer bits, and the mean of two runs."""

from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import torch

from experiments import load
from tests.tiny import refused
from utils.checkpoint import load_checkpoint, save_checkpoint

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def conditional(tiny_runs: dict[str, Path]) -> Path:
    return tiny_runs["ConditionalHandwriting"]


@pytest.fixture
def export(conditional: Path, experiments_cli: Run) -> Run:
    """`experiments.py export` of a tiny network, in an empty folder."""
    return partial(experiments_cli, "-r", conditional, "export")


@pytest.mark.parametrize(("bits", "error"), [(16, 1e-3), (8, 0.02)])
def test_export_holds_weights_alone_and_smaller_ones_still_write(
    conditional: Path, export: Run, experiments_cli: Run, tmp_path: Path, bits: int, error: float
) -> None:
    assert export("whole.pt")[0] == 0 == export("new/whole.pt")[0]
    assert export("small.pt", "--bits", str(bits))[0] == 0
    content = torch.load(tmp_path / "small.pt", weights_only=True)
    assert "training" not in content and str(tmp_path) not in str(content["config"])  # no folders of this machine
    kinds = {tensor.dtype for tensor in content["model"].values()}
    assert kinds == ({torch.float16} if bits == 16 else {torch.float16, torch.int8})
    whole, small = (load(tmp_path / name).model.state_dict() for name in ("whole.pt", "small.pt"))
    assert all(torch.equal(whole[name], tensor) for name, tensor in load(conditional).model.state_dict().items())
    assert all(torch.allclose(whole[name], small[name], atol=error) for name in whole)
    assert experiments_cli("-r", "small.pt", "write", "ab")[0] == 0


def test_export_writes_the_mean_of_two_runs_of_one_network(
    conditional: Path, tiny_runs: dict[str, Path], export: Run, tmp_path: Path
) -> None:
    content = load_checkpoint(conditional / "best.pt")
    moved = {name: weight + 1 for name, weight in content["model"].items()}
    save_checkpoint(tmp_path / "moved.pt", {**content, "model": moved})
    with_rates = {**content, "facts": {**content["facts"], "read_right": {"a": 1.0}}}
    save_checkpoint(tmp_path / "rated.pt", with_rates)
    assert export("mean.pt", "-r", "rated.pt", "--mean-with", "moved.pt")[0] == 0
    assert load_checkpoint(tmp_path / "mean.pt")["facts"] == content["facts"]
    for share, options in ((0.5, []), (0.75, ["--share", "0.75"])):
        assert export("mean.pt", "--mean-with", "moved.pt", *options)[0] == 0
        mean = load(tmp_path / "mean.pt").model.state_dict()
        assert all(
            torch.allclose(mean[name], weight + 1 - share, atol=1e-6) for name, weight in content["model"].items()
        )
    (tmp_path / "mean.pt").unlink()
    other = tiny_runs["UnconditionalHandwriting"]
    assert "other weights than" in refused(export("new/mean.pt", "--mean-with", other))
    facts = {**content["facts"], "std": [1.0, 2.0]}
    save_checkpoint(tmp_path / "odd.pt", {**content, "facts": facts})
    assert "other std than" in refused(export("mean.pt", "--mean-with", "odd.pt"))
    assert "from 0 to 1" in refused(export("mean.pt", "--mean-with", "moved.pt", "--share", "2"))
    assert "add --mean-with" in refused(export("mean.pt", "--share", "0.5"))
    assert "leave it out" in refused(export("me.pt", "--mean-with", "moved.pt", "--hand", "me"))
    assert not (tmp_path / "mean.pt").exists() and not (tmp_path / "new").exists()
