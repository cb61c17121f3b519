"""Weights of another network: what both have is shared, the characters of both alphabets are as they were."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from base.base_model import BaseModel
from base.batch import Batch
from model import MODELS
from model.layers.recurrent import SkipStack
from utils.character_weights import with_alphabet
from utils.checkpoint import load_shared_parts
from utils.errors import InputError

OLD, NEW = "abdxz", "abcdy"
KEPT = "abd"
SIZES: dict[str, dict[str, Any]] = {
    "ConditionalHandwriting": {"hidden_size": 12, "num_mixtures": 2, "num_window_components": 2},
    "ClassConditionalHandwriting": {"hidden_size": 12, "num_mixtures": 2},
    "Seq2SeqRecognizer": {"hidden_sizes": [8, 8], "joins": [1, 2], "decoder_size": 8, "ctc_weight": 0.5},
    "StrokeClassifier": {"hidden_size": 8},
}


def both(arch: str, old: str = OLD, new: str = NEW, **changes: Any) -> list[BaseModel]:
    torch.manual_seed(1)
    models = [MODELS[arch](alphabet_size=len(some), **SIZES[arch], **changes).eval() for some in (old, new)]
    weights = with_alphabet(models[0].state_dict(), models[1].state_dict(), models[1].character_axes(), old, new)
    assert load_shared_parts(models[1], weights, Path("c.pt")) == []
    return models


def batch_of(texts: list[str], alphabet: str) -> Batch:
    torch.manual_seed(2)
    strokes = torch.randn(len(texts), 16, 3)
    strokes[..., 2] = (strokes[..., 2] > 1).float()
    text = torch.tensor([[alphabet.index(character) for character in text] for text in texts])
    return Batch(strokes, torch.ones(len(texts), 16, dtype=torch.bool), text, torch.ones_like(text, dtype=torch.bool))


@pytest.mark.parametrize(("arch", "texts"), [("ConditionalHandwriting", ["abd", "dab"]),
                                            ("ClassConditionalHandwriting", ["a", "d"])])  # fmt: skip
def test_a_writer_writes_the_characters_of_both_as_before(arch: str, texts: list[str]) -> None:
    old, new = both(arch)
    for before, after in zip(old(batch_of(texts, OLD)), new(batch_of(texts, NEW)), strict=True):
        torch.testing.assert_close(before, after, rtol=1e-5, atol=1e-6)


def chosen(logits: torch.Tensor, alphabet: str, *, end: bool) -> torch.Tensor:
    columns = [alphabet.index(character) for character in KEPT] + [len(alphabet)] * end
    return logits[..., columns]


def test_a_recognizer_gives_the_characters_of_both_and_the_end_as_before() -> None:
    old, new = both("Seq2SeqRecognizer")
    outputs = [model(batch_of(["abd", "bad"], alphabet)) for model, alphabet in ((old, OLD), (new, NEW))]
    for name in ("frame_logits", "char_logits"):
        before, after = (
            chosen(getattr(output, name), alphabet, end=True)
            for output, alphabet in zip(outputs, (OLD, NEW), strict=True)
        )
        torch.testing.assert_close(before, after)


def test_a_classifier_gives_the_characters_of_both_as_before() -> None:
    old, new = both("StrokeClassifier")
    before, after = (
        chosen(model(batch_of(["a", "d"], alphabet)), alphabet, end=False)
        for model, alphabet in ((old, OLD), (new, NEW))
    )
    torch.testing.assert_close(before, after)


@pytest.mark.parametrize("arch", SIZES)
def test_the_same_alphabet_changes_nothing(arch: str) -> None:
    old, new = both(arch, OLD, OLD)
    assert all(torch.equal(weight, new.state_dict()[name]) for name, weight in old.state_dict().items())


@pytest.mark.parametrize("arch", SIZES)
def test_what_is_new_is_as_the_network_is_made(arch: str) -> None:
    torch.manual_seed(1)
    models = [MODELS[arch](alphabet_size=len(some), **SIZES[arch]) for some in (OLD, NEW)]
    fresh = models[1].state_dict()
    axes = models[1].character_axes()
    moved = with_alphabet(models[0].state_dict(), fresh, axes, OLD, NEW)
    assert axes
    for name, (axis, first) in axes.items():
        for character in NEW:
            place = first + NEW.index(character)
            own = torch.equal(moved[name].select(axis, place), fresh[name].select(axis, place))
            assert own == (character not in OLD) or not fresh[name].select(axis, place).any()


def test_weights_of_another_size_are_left_to_be_refused() -> None:
    torch.manual_seed(1)
    small, large = (MODELS["StrokeClassifier"](alphabet_size=n, hidden_size=n) for n in (5, 6))
    weights = with_alphabet(small.state_dict(), large.state_dict(), large.character_axes(), OLD, "abcdef")
    with pytest.raises(ValueError, match="weights of another model"):
        load_shared_parts(large, weights, Path("c.pt"))


def test_shared_parts_are_loaded_and_the_others_returned() -> None:
    def network(**parts: int) -> nn.ModuleDict:
        return nn.ModuleDict({name: nn.Linear(2, size) for name, size in parts.items()})

    old, new = network(encoder=3, ctc=4), network(encoder=3, decoder=5)
    before = new["decoder"].weight.clone()
    assert load_shared_parts(new, old.state_dict(), Path("c.pt")) == ["ctc", "decoder"]
    assert torch.equal(new["encoder"].weight, old["encoder"].weight) and torch.equal(new["decoder"].weight, before)
    with pytest.raises(InputError, match=r"c.pt: .* it has encoder.weight of \(3, 2\), the model's is of \(7, 2\)"):
        load_shared_parts(network(encoder=7), old.state_dict(), Path("c.pt"))
    with pytest.raises(InputError, match=r"c.pt: .* it has none of decoder"):
        load_shared_parts(network(decoder=7), old.state_dict(), Path("c.pt"))


def test_a_part_may_be_one_of_a_part() -> None:
    old, new = (SkipStack("lstm", 3, 4, 2, attention_heads=heads) for heads in (0, 1))
    models = [nn.ModuleDict({"stack": stack}) for stack in (old, new)]
    assert load_shared_parts(models[1], models[0].state_dict(), Path("c.pt")) == ["stack.attention"]
    assert torch.equal(old.layers[1].weights[0], new.layers[1].weights[0])
