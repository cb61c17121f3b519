import pytest
from torch import Tensor


@pytest.fixture
def in_float64(monkeypatch):
    """Whatever the models turn to float32 is turned to float64 instead: for comparisons to many digits."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)
