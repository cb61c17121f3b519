"""Weights of another network: the parts that both have are shared, the others told."""

from pathlib import Path

import pytest
import torch
from torch import nn

from model.layers.recurrent import SkipStack
from utils.checkpoint import load_shared_parts
from utils.errors import InputError


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
