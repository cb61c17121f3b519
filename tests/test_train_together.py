"""train.py as torchrun starts it: all is said once, a signal to torchrun saves, and the run goes on."""

import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.test_train import has_begun, process
from tests.tiny import logged, run_dirs
from utils.checkpoint import load_checkpoint

TORCHRUN = ("-m", "torch.distributed.run", "--standalone", "--nproc-per-node=2")


@pytest.mark.slow
def test_torchrun_says_all_once_and_goes_on_after_a_signal(config_file: Any, tmp_path: Path) -> None:
    path = config_file(trainer__verbosity=1, trainer__epochs=400, data_loader__args__batch_size=2)
    with process("-c", path, by=TORCHRUN) as stopped:
        while not (actual := set(run_dirs(tmp_path))) or not has_begun(actual):
            assert stopped.poll() is None, stopped.communicate()[1]
            time.sleep(0.01)
        stopped.send_signal(signal.SIGTERM)
        out, err = stopped.communicate(timeout=120)
    (run_dir,) = actual
    assert (
        out == f"stopped by SIGTERM; go on with: python train.py --resume {run_dir / 'last.pt'}\n"
        and stopped.returncode != 0
    )
    assert err.count("run directory: ") == 1 and err.count("2 processes for steps of 2 times the batch size") == 1
    reached = load_checkpoint(run_dir / "last.pt")["training"]
    with process("--resume", run_dir, "--epochs", reached["epoch"], by=TORCHRUN) as going_on:
        out, err = going_on.communicate(timeout=120)
    assert (going_on.returncode, out) == (0, f"the best checkpoint is {run_dir / 'best.pt'}\n")
    assert err.count(f"epoch {reached['epoch']}: loss") == 1
    steps = [line["step"] for line in logged(run_dir) if "lr" in line]
    assert steps == list(range(1, 5 * reached["epoch"] + 1)), "no step twice, none missing"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("override", "message"), [("trainer.epochs=0", "epochs is 0"), ("optimizer.args.lr=1e30", " is ")]
)
def test_what_is_wrong_is_said_once_under_torchrun(config_file: Any, override: str, message: str) -> None:
    with process("-c", config_file(), "--set", override, by=TORCHRUN) as failing:
        out, err = failing.communicate(timeout=120)
    mine = [line for line in err.splitlines() if line.startswith("error: ")]
    assert failing.returncode != 0 and out == "" and len(mine) == 1 and message in mine[0]
    assert "train.py" not in err.partition("error: ")[0], "no traceback of ours"
