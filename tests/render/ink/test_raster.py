from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.ink.page import Page
from render.ink.pen import Pen
from render.ink.raster import GIF_MAX_PIXELS, GIF_MAX_SIDE, draw_page, write_gif, write_png
from tests.render.some_ink import small_page
from utils.errors import InputError

DPI = 127  # 5 pixels to the mm


def darkness(image: Image.Image) -> np.ndarray:
    """(H, W) how dark each pixel is: 0 white, 255 black."""
    return 255.0 - np.asarray(image.convert("L"), float)


def gif_frames(path: Path) -> tuple[list[np.ndarray], list[int]]:
    """The darkness (H, W) of each frame and the milliseconds that it stays."""
    frames, durations = [], []
    with Image.open(path) as gif:
        for k in range(getattr(gif, "n_frames", 1)):
            gif.seek(k)
            frames.append(darkness(gif.convert("RGB")))
            durations.append(gif.info["duration"])
    return frames, durations


def test_ink_lies_on_the_strokes_and_nowhere_else() -> None:
    page = small_page()
    ink = darkness(draw_page(page, Pen(0.6), dpi=DPI))
    assert ink.shape == (100, 150)
    dense = np.concatenate([np.linspace(a, b, 50) for s in page.strokes for a, b in pairwise(s)] + [page.strokes[1]])
    centres = (np.stack(np.meshgrid(np.arange(150), np.arange(100)), axis=-1) + 0.5) / 5
    distance = np.full((100, 150), np.inf)
    for point in dense:
        distance = np.minimum(distance, np.linalg.norm(centres - point, axis=-1))
    assert (ink[distance < 0.05] > 80).all()
    assert (ink[distance > 1.4 * 0.3 + 0.2] == 0).all()


def test_a_line_is_thinner_where_the_pen_was_faster() -> None:
    x = np.concatenate([np.arange(2, 15, 0.2), np.arange(15, 28, 0.8)])
    page = Page(30, 10, [[np.stack((x, np.full(len(x), 5.0)), axis=1)]])
    ink = darkness(draw_page(page, Pen(1.0, "black"), dpi=254)).sum(axis=0) / 2550  # mm at each x
    slow, fast = np.median(ink[50:130]), np.median(ink[170:260])
    assert 0.9 < slow < 1.1 and fast == pytest.approx(slow * 4**-0.3, rel=0.05)


def test_the_ruling_is_paler_than_the_ink_and_below_it() -> None:
    page = Page(20, 10, [[np.array([[10.0, 2.0], [10.0, 8.0]])]], [np.array([[2.0, 5.0], [18.0, 5.0]])])
    ink = darkness(draw_page(page, Pen(1.0, "black"), dpi=508))
    assert 40 < ink[100, 60] < 100 and ink[100, 200] == 255 and ink[50, 60] == 0


@pytest.mark.parametrize("dpi", [72, 200, 300])
def test_the_image_has_its_size_in_pixels_and_knows_its_dpi(tmp_path: Path, dpi: int) -> None:
    write_png(tmp_path / "a.png", small_page(), dpi=dpi)
    with Image.open(tmp_path / "a.png") as image:
        assert image.size == (round(30 * dpi / 25.4), round(20 * dpi / 25.4))
        assert image.mode == "RGB"
        assert image.info["dpi"] == pytest.approx((dpi, dpi), abs=0.1)
        np.testing.assert_array_equal(np.asarray(image), np.asarray(draw_page(small_page(), dpi=dpi)))


@pytest.mark.parametrize("to", [(25.0, 10.0), (5.0, 18.0), (20.0, 18.0)])
def test_the_pen_has_its_width_whatever_its_way(to: tuple[float, float]) -> None:
    stroke = np.array([[5.0, 5.0], to])
    page = Page(30, 20, [[stroke]])
    area = darkness(draw_page(page, Pen(0.5, "black"), dpi=254)).sum() / 255 / 100
    assert area == pytest.approx(np.linalg.norm(stroke[1] - stroke[0]) * 0.5 + np.pi / 16, rel=0.06)


def test_a_dot_is_a_dot_and_edges_are_smooth() -> None:
    image = darkness(draw_page(Page(10, 10, [[np.array([[4.0, 6.0]])]]), Pen(0.5, "black"), dpi=254))
    assert 15 < np.count_nonzero(image > 127) < 25
    assert ((image > 10) & (image < 245)).any()


@pytest.mark.parametrize("pen", [0.475, 0.5])
@pytest.mark.parametrize("move", [(0.0, 0.0), (3.0, 0.0), (0.0, 3.0), (3.0, 2.0)])
def test_ink_is_centred_on_its_stroke(pen: float, move: tuple[float, float]) -> None:
    errors = []
    for shift in np.linspace(0, 0.1, 17):
        stroke = np.array([[4.0, 6.0], np.add((4.0, 6.0), move)]) + shift
        image = darkness(draw_page(Page(10, 10, [[stroke]]), Pen(pen), dpi=254))
        centre = [np.average(np.arange(100) + 0.5, weights=image.sum(axis=axis)) for axis in (0, 1)]
        errors.append(centre - stroke.mean(axis=0) * 10)
    assert np.abs(errors).max() < 0.2 and np.abs(np.mean(errors, axis=0)).max() < 0.06


def test_paper_is_white_and_ink_has_its_color() -> None:
    image = np.asarray(draw_page(small_page(), Pen(color="#204080"), dpi=400))
    assert (image[0, 0] == 255).all()
    assert (image.reshape(-1, 3).min(axis=0) == (0x20, 0x40, 0x80)).all()


def test_too_many_pixels_are_refused_with_the_way_to_fix_it() -> None:
    with pytest.raises(InputError, match="lower the dpi"):
        draw_page(Page(20_000, 1000, []), dpi=300)


def test_ink_grows_frame_by_frame_to_the_whole_page(tmp_path: Path) -> None:
    page = small_page()
    write_gif(tmp_path / "a.gif", page, frames=12, dpi=DPI, fps=10, hold_s=1.5)
    frames, durations = gif_frames(tmp_path / "a.gif")
    assert 6 < len(frames) <= 12
    assert sum(durations) == 12 * 100 + 1500 and durations[-1] >= 1600
    for before, after in pairwise(frames):
        assert (after >= before).all() and after.sum() > before.sum()
    assert frames[0].sum() < 0.3 * frames[-1].sum()
    assert np.abs(frames[-1] - darkness(draw_page(page, dpi=DPI))).max() <= 8


def test_a_gif_of_ruled_paper_has_its_rules_in_every_frame(tmp_path: Path) -> None:
    page = small_page()
    page.rules = [np.array([[2.0, height], [28.0, height]]) for height in (8.0, 15.0)]
    write_gif(tmp_path / "a.gif", page, frames=6, dpi=DPI)
    with Image.open(tmp_path / "a.gif") as gif:
        first = np.asarray(gif.convert("RGB")).astype(int)
        gif.seek(gif.n_frames - 1)
        last = np.asarray(gif.convert("RGB")).astype(int)
    assert np.abs(last - np.asarray(draw_page(page, dpi=DPI)).astype(int)).max() <= 26
    bare = Page(page.width, page.height, [], page.rules)
    row = round(15 * DPI / 25.4)
    np.testing.assert_allclose(first[row, -40:], np.asarray(draw_page(bare, dpi=DPI))[row, -40:], atol=26)


def test_a_gif_of_a_large_page_stays_small(tmp_path: Path) -> None:
    x = np.linspace(10, 2990, 3000)
    long_line = Page(3000, 30, [[np.stack((x, 15 + 4 * np.sin(x)), axis=1)]])
    sheet = Page(400, 600, [[np.array([[10.0, 10.0], [390.0, 590.0]])]])
    for page in (long_line, sheet):
        write_gif(tmp_path / "a.gif", page, frames=5, dpi=300)
        with Image.open(tmp_path / "a.gif") as gif:
            assert max(gif.size) <= GIF_MAX_SIDE and gif.size[0] * gif.size[1] <= GIF_MAX_PIXELS * 1.01
            assert gif.size[0] / gif.size[1] == pytest.approx(page.width / page.height, rel=0.05)
        assert (tmp_path / "a.gif").stat().st_size < 300_000


def test_a_page_without_ink_can_be_drawn(tmp_path: Path) -> None:
    write_png(tmp_path / "a.png", Page(10, 10, []))
    write_gif(tmp_path / "a.gif", Page(10, 10, []))
    assert darkness(Image.open(tmp_path / "a.png")).sum() == darkness(Image.open(tmp_path / "a.gif")).sum() == 0


@pytest.mark.parametrize("write", [write_png, write_gif])
def test_a_failed_write_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write: Callable[[Path, Page], None]
) -> None:
    target = tmp_path / "picture"
    target.write_bytes(b"old")

    def fail(self: Image.Image, path: Path, **_: object) -> None:
        Path(path).write_bytes(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(Image.Image, "save", fail)
    with pytest.raises(OSError, match="disk full"):
        write(target, small_page())
    assert target.read_bytes() == b"old" and len(list(tmp_path.iterdir())) == 1
