"""Differences of weights in thin factors."""

import pytest
import torch

from utils.weight_difference import difference, with_difference


def weights(seed: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    shapes = {"matrix": (40, 30), "small": (4, 3), "vector": (7,), "same": (20, 20)}
    return {name: torch.randn(shape, generator=generator) for name, shape in shapes.items()}


def test_no_difference_is_the_base_bit_for_bit() -> None:
    base = {**weights(1), "vector": torch.randn(7).half()}
    assert difference(base, base) == {}
    again = with_difference(base, {})
    assert all(torch.equal(again[name], weight) and again[name].dtype == weight.dtype for name, weight in base.items())


def test_a_difference_of_low_rank_comes_back_and_any_other_as_its_best_product() -> None:
    base, other = weights(1), weights(2)
    changed = {
        **base,
        "matrix": base["matrix"] + other["matrix"][:, :3] @ other["matrix"][:3],
        "vector": other["vector"],
    }
    parts = difference(changed, base, rank=3)
    assert {name: part.shape for name, part in parts.items()} == {
        **{"matrix.left": (40, 3), "matrix.right": (3, 30)},
        "vector": (7,),
    }
    back = with_difference(base, parts)
    for name, weight in changed.items():
        torch.testing.assert_close(back[name], weight, rtol=0, atol=2e-2)
    change = other["matrix"].double()
    parts = difference({"matrix": base["matrix"].double() + change}, {"matrix": base["matrix"].double()}, rank=5)
    left = torch.linalg.matrix_norm(parts["matrix.left"].double() @ parts["matrix.right"].double() - change)
    assert float(left) == pytest.approx(float(torch.linalg.svdvals(change)[5:].norm()), rel=1e-3)


@pytest.mark.parametrize(
    ("parts", "message"),
    [
        ({"matrix.left": torch.zeros(40, 2)}, "changes matrix"),
        ({"matrix.left": torch.zeros(9**6, 1), "matrix.right": torch.zeros(1, 9**6)}, "changes matrix"),
        ({"matrix.left": torch.zeros(40, 2), "matrix.right": torch.zeros(3, 30)}, "changes matrix"),
        ({"vector": torch.zeros(8)}, "changes vector"),
        ({"other": torch.zeros(8)}, "changes other"),
    ],
)
def test_parts_of_another_network_are_refused(parts: dict[str, torch.Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        with_difference(weights(1), parts)
