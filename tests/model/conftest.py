import pytest
import torch
from torch import Tensor


@pytest.fixture
def in_float64(monkeypatch):
    """Whatever the models turn to float32 is turned to float64 instead: for comparisons to many digits."""
    monkeypatch.setattr(Tensor, "float", Tensor.double)


@pytest.fixture(autouse=True)
def one_thread():
    """Tiny tensors: more threads would only wait for each other."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)
