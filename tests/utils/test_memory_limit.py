"""A network that cannot be trained here is refused while it is made, before a number is written into it."""

import time
from collections.abc import Callable

import pytest
from torch import nn

from tests.test_soak import own_memory
from utils import memory_limit as room
from utils.memory_limit import memory, weights_within_memory


@pytest.mark.parametrize(
    "make", [lambda: nn.LSTM(2, 2, 10**5), lambda: nn.LSTM(2, int((memory() / 40) ** 0.5))], ids=["layers", "size"]
)
def test_a_network_too_large_is_refused_at_once(make: Callable[[], nn.Module]) -> None:
    started, before = time.process_time(), own_memory()
    with pytest.raises(ValueError, match="too large to be trained here"), weights_within_memory():
        make()
    assert own_memory() - before < 100 and time.process_time() - started < 5


def test_one_that_fits_is_made_and_nothing_is_counted_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "memory", lambda: 4 * 4 * (3 * 2 + 2))
    with weights_within_memory():
        nn.Linear(3, 2)
    with pytest.raises(ValueError, match="too large"), weights_within_memory():
        nn.Linear(3, 3)
    nn.Linear(300, 300)
