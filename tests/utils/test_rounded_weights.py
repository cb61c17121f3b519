"""Weights in 8 bits are those that were rounded, to half a 127th of the largest of their group."""

from pathlib import Path

import pytest
import torch

from utils.checkpoint import load_checkpoint, save_checkpoint, save_with_facts
from utils.errors import InputError
from utils.rounded_weights import GROUP, rounded, widened


def weights() -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(0)
    hidden = torch.randn(5, 2 * GROUP + 9, generator=generator)
    hidden[:, GROUP : 2 * GROUP] *= 100
    hidden[3] = 0
    return {"hidden": hidden, "bias": torch.randn(5, generator=generator), "output": torch.randn(4, 5)}


def test_a_matrix_comes_back_to_half_a_127th_of_its_groups():
    exact = weights()
    small, scales = rounded(exact)
    assert small["hidden"].dtype == torch.int8 and scales["hidden"].shape == (5, 3) and list(scales) == ["hidden"]
    actual = widened(small, scales)["hidden"]
    assert actual.dtype == torch.float32 and not actual[3].any()
    for group in (slice(0, GROUP), slice(GROUP, 2 * GROUP), slice(2 * GROUP, None)):
        error = (actual - exact["hidden"])[:, group].abs().amax(1)
        assert (error <= exact["hidden"][:, group].abs().amax(1) * (0.5001 / 127)).all()
    assert (actual != exact["hidden"]).any()


def test_vectors_and_the_output_layer_are_in_half_precision():
    exact = weights()
    actual = widened(*rounded(exact))
    for name in ("bias", "output"):
        assert torch.equal(actual[name], exact[name].half())


def test_what_has_no_scales_stays_as_it_is():
    exact = weights()
    assert all(torch.equal(widened(exact, {})[name], weight) for name, weight in exact.items())


@pytest.mark.parametrize(
    ("scales", "given"),
    [
        ({"hidden": torch.ones(5, 2)}, "the scales of hidden do not fit its weights"),
        ({"bias": torch.ones(5, 1)}, "the scales of bias do not fit its weights"),
        ({"nothing": torch.ones(5, 1)}, "the scales of nothing do not fit its weights"),
        ({"hidden": 3.0}, "its scales are no tensors"),
        ([], "its scales are no tensors"),
    ],
)
def test_a_checkpoint_with_odd_scales_is_refused(tmp_path: Path, scales: object, given: str):
    small, _ = rounded(weights())
    save_checkpoint(tmp_path / "odd.pt", {"config": {}, "facts": {}, "model": small, "scales": scales})
    with pytest.raises(InputError, match=f"odd.pt: not a whole checkpoint: {given}"):
        load_checkpoint(tmp_path / "odd.pt")


def test_a_checkpoint_is_read_with_weights_as_wide_as_they_are_trained(tmp_path: Path):
    small, scales = rounded(weights())
    save_checkpoint(tmp_path / "small.pt", {"config": {}, "facts": {}, "model": small, "scales": scales})
    content = load_checkpoint(tmp_path / "small.pt")
    assert "scales" not in content
    assert torch.equal(content["model"]["hidden"], widened(small, scales)["hidden"])


def test_other_facts_leave_weights_in_8_bits_as_they_are(tmp_path: Path):
    small, scales = rounded(weights())
    content = {"config": {"name": "a"}, "facts": {"a": 1, "b": 2}, "model": small, "scales": scales}
    save_checkpoint(tmp_path / "small.pt", content)
    for target in ("other.pt", "small.pt"):
        save_with_facts(tmp_path / "small.pt", tmp_path / target, {"b": [3]})
        saved = torch.load(tmp_path / target, weights_only=True)
        assert saved["facts"] == {"a": 1, "b": [3]} and saved["config"] == {"name": "a"}
        for part in ("model", "scales"):
            assert all(torch.equal(saved[part][name], value) for name, value in content[part].items())
