"""Pages as pixels: PNG, and GIF of the pen at work."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageColor, ImageDraw

from render.ink.page import INK_COLOR, PEN_MM, Page, Stroke
from render.ink.pen import pen_times, writing_seconds
from utils.errors import InputError
from utils.files import atomic_path

MM_PER_INCH = 25.4
SUPERSAMPLE = 4  # Pillow draws no smooth edges: draw finer and average
MAX_PIXELS = 40_000_000  # of a picture: A4 at 600 dpi; each takes 16 bytes of memory while it is drawn
GIF_MAX_PIXELS = 1_200_000  # of a GIF's frame
GIF_MAX_SIDE = 2_000
GIF_MAX_FRAMES = 240
GIF_SHADES = 32  # from paper to ink: as many as the eye can tell at the edge of a line


class _Canvas:
    """The ink that has been drawn so far, at several times the resolution of the picture."""

    def __init__(self, page: Page, dpi: float, pen_mm: float) -> None:
        self.size = _pixel_size(page, dpi)
        if self.size[0] * self.size[1] > MAX_PIXELS:
            sides = "{} x {}".format(*self.size)
            raise InputError(
                f"a page of {page.width:.0f} x {page.height:.0f} mm at {dpi:g} dpi has {sides} pixels, "
                f"more than {MAX_PIXELS:,}: lower the dpi"
            )
        self.fine = Image.new("L", (self.size[0] * SUPERSAMPLE, self.size[1] * SUPERSAMPLE), 0)
        self.draw = ImageDraw.Draw(self.fine)
        self.scale = SUPERSAMPLE * dpi / MM_PER_INCH
        self.pen = max(round(pen_mm * self.scale), SUPERSAMPLE)  # at least one pixel wide

    def add(self, points: Stroke) -> None:
        """Draw a pen path (n, 2) in mm, round at its ends and joints; a single point is a dot."""
        corners = np.rint(points * self.scale - self.pen / 2).astype(int)  # upper left, of the pen's print at a point
        middle = (self.pen - 1) // 2
        self.draw.line(list(map(tuple, (corners + middle).tolist())), fill=255, width=self.pen)
        for x, y in corners.tolist():
            self.draw.ellipse((x, y, x + self.pen - 1, y + self.pen - 1), fill=255)

    def coverage(self) -> Image.Image:
        """Return the share of ink in each pixel: an image of mode "L", 0 paper, 255 ink."""
        return self.fine.reduce(SUPERSAMPLE)


def draw_page(page: Page, *, dpi: float = 200, pen_mm: float = PEN_MM, color: str = INK_COLOR) -> Image.Image:
    """Return the page as an RGB image, ink on white, smooth at its edges; its sides are mm * dpi / 25.4, rounded.

    Raises:
        InputError: the image would have more than 40 million pixels.
    """
    canvas = _Canvas(page, dpi, pen_mm)
    for stroke in page.strokes:
        canvas.add(stroke)
    ink, paper = (Image.new("RGB", canvas.size, ground) for ground in (color, "white"))
    return Image.composite(ink, paper, canvas.coverage())


def write_png(path: Path, page: Page, *, dpi: float = 200, pen_mm: float = PEN_MM, color: str = INK_COLOR) -> None:
    """Write `draw_page` as PNG; the file knows its dpi, so that it prints in its true size."""
    image = draw_page(page, dpi=dpi, pen_mm=pen_mm, color=color)
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG", dpi=(dpi, dpi), optimize=True)


def write_gif(
    path: Path,
    page: Page,
    *,
    frames: int | None = None,
    fps: float = 20,
    hold_s: float = 2.0,
    dpi: float = 120,
    pen_mm: float = PEN_MM,
    color: str = INK_COLOR,
) -> None:
    """Write the pen at work as a GIF that loops; its last frame, held `hold_s` seconds longer, is the whole page.

    frames   number of pictures (the file merges those that are equal);
             None: as many as writing by hand takes at `fps`, at most 240
    dpi      lowered for a large page to keep a frame within 1.2 million pixels and 2000 pixels a side
    """
    if frames is None:
        frames = min(max(round(writing_seconds(page) * fps), 2), GIF_MAX_FRAMES)
    duration = max(round(100 / fps), 2) * 10  # ms; a GIF counts in hundredths, and browsers slow down below two
    pictures = list(_gif_frames(page, frames, _gif_dpi(page, dpi), pen_mm, color))
    durations = [duration] * (len(pictures) - 1) + [duration + round(1000 * hold_s)]
    with atomic_path(path) as temporary:
        pictures[0].save(temporary, format="GIF", save_all=True, append_images=pictures[1:], duration=durations, loop=0)


def _pixel_size(page: Page, dpi: float) -> tuple[int, int]:
    """Return width and height of a page in pixels, each at least 1."""
    return max(round(page.width * dpi / MM_PER_INCH), 1), max(round(page.height * dpi / MM_PER_INCH), 1)


def _gif_dpi(page: Page, dpi: float) -> float:
    """Return the dpi, lowered so far that a frame of the GIF keeps within its limits."""
    width, height = _pixel_size(page, dpi)
    return dpi * min(1.0, GIF_MAX_SIDE / max(width, height), math.sqrt(GIF_MAX_PIXELS / (width * height)))


def _gif_frames(page: Page, frames: int, dpi: float, pen_mm: float, color: str) -> Iterator[Image.Image]:
    """Yield pictures of the page after each of `frames` equal steps of the pen's time."""
    canvas = _Canvas(page, dpi, pen_mm)
    palette = _palette(color)
    shades = [value * (GIF_SHADES - 1) // 255 for value in range(256)]
    times = pen_times(page)
    end = max((float(time[-1]) for time in times), default=0.0)
    drawn = [0] * len(times)
    for frame in range(1, frames + 1):
        now = end * frame / frames if frame < frames else np.inf
        for k, (stroke, time) in enumerate(zip(page.strokes, times, strict=True)):
            reached = int(np.searchsorted(time, now, side="right"))
            if reached > drawn[k]:
                canvas.add(stroke[max(drawn[k] - 1, 0) : reached])  # from the last point on, so that nothing is torn
                drawn[k] = reached
        picture = canvas.coverage().point(shades)
        picture.putpalette(palette)
        yield picture


def _palette(color: str) -> list[int]:
    """Return RGB bytes of the shades from white paper to the ink's color."""
    ink = ImageColor.getrgb(color)[:3]
    return [round(255 + (value - 255) * shade / (GIF_SHADES - 1)) for shade in range(GIF_SHADES) for value in ink]
