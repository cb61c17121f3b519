"""The soft window is eqs. 46-51 of Graves (2013), forgets no step, and is the same alone and in company."""

import math

import pytest
import torch

from model.layers.window import GaussianWindow, Text, WindowLayer, encode_text, window_weights
from tests.model.small import ALPHABET_SIZE, assert_close, lines, stir

HIDDEN_SIZE = 6
POINTS_PER_CHAR = 25.0


def texts(*lengths: int) -> Text:
    batch = lines([2] * len(lengths), list(lengths))
    return encode_text(batch.text, batch.char_mask)


def gaussian_window(num_components: int = 2) -> GaussianWindow:
    return stir(GaussianWindow(HIDDEN_SIZE, num_components, ALPHABET_SIZE, POINTS_PER_CHAR).double())


def test_text_is_its_characters_and_an_end_position():
    text = encode_text(torch.tensor([[3, 1, 2], [4, 0, 0]]), torch.tensor([[True, True, True], [True, False, False]]))
    assert text.characters.tolist() == [[3, 1, 2, 0], [4, 0, 0, 0]]
    assert text.written.tolist() == [[1, 1, 1, 0], [1, 0, 0, 0]]
    assert text.mask.tolist() == [[1, 1, 1, 1], [1, 1, 0, 0]]
    assert text.end.tolist() == [3, 1]


def test_weights_are_the_sum_of_gaussians_at_the_real_positions():
    generator = torch.Generator().manual_seed(0)
    alpha, beta = torch.rand(2, 3, 4, generator=generator, dtype=torch.float64)
    kappa = 6 * torch.rand(3, 4, generator=generator, dtype=torch.float64)
    text = texts(5, 1, 3)
    phi = window_weights(alpha, beta, kappa, text.mask)
    for line, length in enumerate((5, 1, 3)):
        for u in range(6):
            expected = sum(
                alpha[line, k].item() * math.exp(-beta[line, k].item() * (kappa[line, k].item() - (u + 1)) ** 2)
                for k in range(4)
            )
            assert phi[line, u].item() == pytest.approx(expected if u <= length else 0, abs=1e-12)


def test_window_adds_up_the_weights_of_each_character_and_none_of_the_end():
    text = encode_text(torch.tensor([[3, 1, 3], [2, 0, 0]]), torch.tensor([[True] * 3, [True, False, False]]))
    hidden = torch.randn(2, HIDDEN_SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    window, _, phi = gaussian_window()(hidden, hidden.new_ones(2, 2), text)
    expected = torch.zeros(2, ALPHABET_SIZE, dtype=torch.float64)
    expected[0, 3], expected[0, 1], expected[1, 2] = phi[0, 0] + phi[0, 2], phi[0, 1], phi[1, 0]
    assert_close(window, expected)
    assert (phi[0] > 0).all()
    assert (phi[1] > 0).tolist() == [True, True, False, False]


def test_kappa_goes_on_by_the_exponential_of_its_output_and_never_falls():
    gaussians = gaussian_window(num_components=3)
    hidden = 5 * torch.randn(100, HIDDEN_SIZE, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    before = torch.linspace(0, 40, 300, dtype=torch.float64).reshape(100, 3)
    _, kappa, _ = gaussians(hidden, before, texts(*[4] * 100))
    assert (kappa > before).all()
    assert_close(kappa - before, gaussians.linear(hidden)[:, 6:].exp())


def test_a_new_window_is_one_bump_that_moves_at_the_given_pace():
    gaussians, kappa = GaussianWindow(HIDDEN_SIZE, 2, ALPHABET_SIZE, POINTS_PER_CHAR), torch.full((1, 2), 3.0)
    for _ in range(25):
        _, kappa, phi = gaussians(torch.zeros(1, HIDDEN_SIZE), kappa, texts(8))
    assert_close(kappa, torch.full((1, 2), 4.0), 1e-5)
    distance = torch.arange(1, 10) - 4.0
    assert_close(phi[0], torch.exp(-0.5 * (distance / GaussianWindow.START_WIDTH).square()), 1e-5)


def test_small_steps_are_not_lost_under_autocast():
    gaussians = GaussianWindow(HIDDEN_SIZE, 1, ALPHABET_SIZE, POINTS_PER_CHAR)
    torch.nn.init.constant_(gaussians.linear.bias, math.log(1e-3))
    kappa = torch.full((1, 1), 100.0)
    with torch.autocast("cpu", torch.bfloat16):
        for _ in range(100):
            _, kappa, phi = gaussians(torch.zeros(1, HIDDEN_SIZE, dtype=torch.bfloat16), kappa, texts(4))
    assert kappa.item() == pytest.approx(100.1, abs=1e-3)
    assert phi.dtype == torch.float32


@pytest.mark.parametrize("cell", ["lstm", "gru"])
def test_a_line_sees_the_same_window_alone_and_with_longer_texts(cell, in_float64):
    layer = stir(WindowLayer(cell, 3, ALPHABET_SIZE, HIDDEN_SIZE, 2, POINTS_PER_CHAR).double())
    batch = lines([12, 12, 12], [2, 7, 4], dtype=torch.float64)
    hiddens, windows = layer(batch.strokes, encode_text(batch.text, batch.char_mask))
    for line, length in enumerate((2, 7, 4)):
        text = encode_text(batch.text[line : line + 1, :length], batch.char_mask[line : line + 1, :length])
        own_hiddens, own_windows = layer(batch.strokes[line : line + 1], text)
        assert_close(hiddens[line : line + 1], own_hiddens)
        assert_close(windows[line : line + 1], own_windows)


def test_the_window_feeds_back_into_the_layer(in_float64):
    layer = stir(WindowLayer("lstm", 3, ALPHABET_SIZE, HIDDEN_SIZE, 2, POINTS_PER_CHAR).double())
    batch = lines([5], [3], dtype=torch.float64)
    before, _ = layer(batch.strokes, encode_text(batch.text, batch.char_mask))
    after, _ = layer(batch.strokes, encode_text((batch.text + 1) % ALPHABET_SIZE, batch.char_mask))
    assert_close(before[:, 0], after[:, 0])
    assert (before[:, 1:] - after[:, 1:]).abs().amax(-1).min() > 1e-3
