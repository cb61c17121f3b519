"""The choice of precision and kernels, by timing a training's own steps."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from model import LOSSES, MODELS
from model.layers import recurrent
from tests.model.small import ALPHABET_SIZE, lines
from trainer import arithmetic
from trainer.arithmetic import Arithmetic, alternatives, beginnings, fastest_arithmetic

CPU = torch.device("cpu")
SIZES: dict[str, dict[str, Any]] = {
    "UnconditionalHandwriting": {"hidden_size": 4, "num_layers": 2, "dropout": 0.3},
    "Seq2SeqRecognizer": {"alphabet_size": ALPHABET_SIZE, "hidden_sizes": [4], "joins": [2], "decoder_size": 4},
}


def network(name: str = "UnconditionalHandwriting", **sizes: Any) -> torch.nn.Module:
    torch.manual_seed(1)
    return MODELS[name](**{**SIZES[name], **sizes})


def test_the_default_is_the_first_alternative() -> None:
    assert alternatives("auto", network(), CPU) == [
        Arithmetic("float32", "ours"),
        Arithmetic("float32", "torch"),
        Arithmetic("bfloat16", "ours"),
        Arithmetic("bfloat16", "torch"),
    ]
    assert alternatives("bfloat16", network(), CPU) == [Arithmetic("bfloat16", "ours"), Arithmetic("bfloat16", "torch")]
    assert alternatives("float32", network(cell="gru"), CPU) == [Arithmetic()]


@pytest.mark.parametrize(
    ("name", "loss"), [("UnconditionalHandwriting", "NegativeLogLikelihood"), ("Seq2SeqRecognizer", "ReadingLoss")]
)
def test_measuring_leaves_no_trace(name: str, loss: str) -> None:
    model, batch, random = network(name), lines([40, 30, 20], [4, 3, 2]), torch.get_rng_state()
    weights = {key: weight.clone() for key, weight in model.state_dict().items()}
    choices = alternatives("auto", model, CPU)
    assert fastest_arithmetic(choices, model, LOSSES[loss](), batch) in choices
    assert torch.equal(torch.get_rng_state(), random)
    assert all(torch.equal(weight, weights[key]) for key, weight in model.state_dict().items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_every_alternative_is_timed_in_its_own_precision_and_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    model, contexts = network(), []
    model.register_forward_hook(
        lambda *_: contexts.append((torch.is_autocast_enabled("cpu"), recurrent._kernels.get()))
    )

    def run_all(computations: dict[Arithmetic, Callable[[], None]], *_: Any) -> Arithmetic:
        for compute in computations.values():
            compute()
        return list(computations)[-1]

    monkeypatch.setattr(arithmetic, "fastest", run_all)
    choices, batch = alternatives("auto", model, CPU), lines([6], [2])
    assert fastest_arithmetic(choices, model, LOSSES["NegativeLogLikelihood"](), batch) == choices[-1]
    assert contexts == [(choice.precision == "bfloat16", choice.kernels) for choice in choices]


def test_beginnings_are_the_same_share_of_points_and_characters(monkeypatch: pytest.MonkeyPatch) -> None:
    batch = lines([99, 99], [20, 20])
    assert beginnings(batch).strokes.shape == batch.strokes.shape
    monkeypatch.setitem(arithmetic.LARGEST_SAMPLE, "cpu", 100)
    short = beginnings(batch)
    assert short.stroke_mask.shape == (2, 50) and short.text.shape == short.char_mask.shape == (2, 10)
