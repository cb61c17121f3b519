import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from render.ink.page import Page
from results.writing.animation import save_animation
from tests.render.some_ink import small_page
from utils.errors import InputError


def gif_seconds(path: str) -> tuple[int, float]:
    """Frames, and seconds that they are shown for."""
    with Image.open(path) as image:
        frames = image.n_frames
        return frames, sum((image.seek(frame), image.info["duration"])[1] for frame in range(frames)) / 1000


@pytest.mark.parametrize("speed", [0.5, 1.0, 2.0])
def test_both_animations_take_the_hands_time_by_the_speed(speed: float, tmp_path: Path) -> None:
    line = Page(120.0, 10.0, [[np.stack([np.linspace(5, 115, 300), np.full(300, 5.0)], 1)]])
    (saved,) = save_animation([line], tmp_path / "a", speed=speed)
    assert saved["seconds"] == pytest.approx(110 / 55 / speed) and saved["ink_mm"] == pytest.approx(110)
    assert gif_seconds(saved["files"][0])[1] == pytest.approx(saved["seconds"] + 2, rel=0.03)
    duration = re.search(r'dur="([\d.]+)s"', Path(saved["files"][1]).read_text())
    assert duration is not None and float(duration[1]) == pytest.approx(saved["seconds"] + 2, abs=1e-3)


def test_a_long_writing_has_few_frames_and_its_time(tmp_path: Path) -> None:
    (saved,) = save_animation([small_page()], tmp_path / "a", speed=0.05)
    frames, seconds = gif_seconds(saved["files"][0])
    assert frames <= 240 and seconds == pytest.approx(saved["seconds"] + 2, rel=0.05)


def test_every_page_has_its_files(tmp_path: Path) -> None:
    saved = save_animation([small_page()] * 2, tmp_path / "a", speed=50)
    names = ["a-page1.gif", "a-page1.svg", "a-page2.gif", "a-page2.svg"]
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert [Path(file).name for page in saved for file in page["files"]] == names
    with pytest.raises(InputError, match="speed is nan"):
        save_animation([small_page()], tmp_path / "a", speed=float("nan"))
