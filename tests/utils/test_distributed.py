"""Communication between the processes of a training."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.together import together
from utils import distributed
from utils.errors import InputError


def everything() -> dict[str, Any]:
    rank = distributed.rank()
    network = nn.ParameterDict({name: nn.Parameter(torch.zeros(2)) for name in ("both", "second", "none", "still")})
    network["still"].requires_grad_(False)
    network["both"].grad = torch.tensor([1.0, rank])
    if rank == 1:
        network["second"].grad = torch.tensor([5.0, 6.0])
    distributed.sum_gradients(network.parameters())
    return {
        "place": (rank, distributed.world_size()),
        "most": distributed.all_max(rank, -rank, 3),
        "gathered": distributed.all_gather({"rank": rank}),
        "total": distributed.all_sum(torch.tensor([1.0, rank])).tolist(),
        "first": distributed.on_rank_zero(lambda: f"made by {rank}"),
        "message": [distributed.is_first_to_report("a"), distributed.is_first_to_report(f"b {rank}")],
        "grads": {name: None if item.grad is None else item.grad.tolist() for name, item in network.items()},
    }


def test_all_processes_know_the_same(tmp_path: Path) -> None:
    actual = together(tmp_path, everything, number=3)
    assert [item.pop("place") for item in actual] == [(0, 3), (1, 3), (2, 3)]
    message = [item.pop("message") for item in actual]
    assert sorted(first for first, _ in message) == [False, False, True] and all(own for _, own in message)
    assert actual[0] == actual[1] == actual[2]
    assert actual[0] == {
        "most": [2, 0, 3],
        "gathered": [{"rank": 0}, {"rank": 1}, {"rank": 2}],
        "total": [3, 3],
        "first": "made by 0",
        "grads": {"both": [3, 3], "second": [5, 6], "none": None, "still": None},
    }


def test_a_process_alone_is_the_first_of_one() -> None:
    alone = everything()
    assert alone["place"] == (0, 1) and alone["most"] == [0, 0, 3] and alone["gathered"] == [{"rank": 0}]
    assert alone["total"] == [1, 0] and alone["first"] == "made by 0" and alone["message"] == [True, True]
    assert alone["grads"] == {"both": [1, 0], "second": None, "none": None, "still": None}


@pytest.mark.parametrize("error", [InputError("the disk is full"), PermissionError(13, "not yours", "a file")])
def test_what_the_first_cannot_do_fails_on_all(tmp_path: Path, error: Exception) -> None:
    def fail() -> None:
        if distributed.rank():
            raise AssertionError("not mine to do")
        raise error

    actual = together(tmp_path, lambda: distributed.on_rank_zero(fail))
    assert [type(item) for item in actual] == [type(error)] * 2 and {str(item) for item in actual} == {str(error)}


def test_the_first_goes_through_alone(tmp_path: Path) -> None:
    def draw() -> list[str]:
        with distributed.rank_zero_first():
            before = sorted(os.listdir(tmp_path / "drawn"))
            (tmp_path / "drawn" / str(distributed.rank())).touch()
        return before

    (tmp_path / "drawn").mkdir()
    first, second = together(tmp_path, draw)
    assert first == [] and "0" in second


def test_a_process_that_ends_is_missed_in_one_line(tmp_path: Path) -> None:
    def leave() -> str:
        if distributed.rank():
            os._exit(0)
        with pytest.raises(InputError, match="another process of this training has ended"):
            distributed.all_max(1)
        distributed.all_max = lambda *values: list(values)  # the test's own last meeting
        return "told"

    with pytest.raises(FileNotFoundError):
        together(tmp_path, leave)
    assert torch.load(tmp_path / "outcome-0", weights_only=False) == "told"
