from contextlib import contextmanager

import pytest
import torch
from torch import Tensor

from model.writing import compiled


@pytest.fixture
def in_float64(monkeypatch):
    """Whatever the models turn to float32 is turned to float64 instead: for comparisons to many digits."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)


@pytest.fixture
def point_by_point(monkeypatch):
    """A block within which models write with their own step."""

    @contextmanager
    def block():
        with monkeypatch.context() as patch:
            patch.setattr(compiled, "can_run", lambda trunk, density: False)
            yield

    return block


@pytest.fixture
def in_float32(monkeypatch):
    """The kernel with the weights as they are, not rounded."""
    monkeypatch.setattr(compiled, "PRECISION", torch.float32)
