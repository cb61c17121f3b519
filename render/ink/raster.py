"""Pages as pixels: PNG, and GIF of the pen at work."""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageColor, ImageDraw

from render.ink.page import RULE_COLOR, RULE_MM, Page, Stroke
from render.ink.pen import Pen, line_widths, pen_times, writing_seconds
from utils.errors import InputError
from utils.files import atomic_path

MM_PER_INCH = 25.4
PNG_DPI = 200.0
SUPERSAMPLE = 4  # Pillow draws no smooth edges: draw finer and average
MAX_PIXELS = 40_000_000  # of a picture: A4 at 600 dpi; each takes 16 bytes of memory while it is drawn
GIF_MAX_PIXELS = 1_200_000  # of a GIF's frame
GIF_MAX_SIDE = 2_000
GIF_MAX_FRAMES = 240
GIF_SHADES, RULE_SHADES = 32, 8  # from paper to ink, and to a rule: a GIF has 256 colors, one for each pair


class _Canvas:
    """The ink that has been drawn so far, at several times the resolution of the picture."""

    def __init__(self, page: Page, dpi: float) -> None:
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

    def add(self, points: Stroke, widths: np.ndarray) -> None:
        """Draw a pen path (n, 2), whose line has a width (n,) at each point, all in mm; a single point is a dot."""
        at, pens = points * self.scale, self._pixels(widths)
        between = self._pixels((widths[1:] + widths[:-1]) / 2)
        ends = [(self._corner(end, between) + (between - 1)[:, None] // 2).tolist() for end in (at[:-1], at[1:])]
        for begin, end, width in zip(*ends, between.tolist(), strict=True):
            self.draw.line((*begin, *end), fill=255, width=width)
        for (x, y), width in zip(self._corner(at, pens).tolist(), pens.tolist(), strict=True):
            self.draw.ellipse((x, y, x + width - 1, y + width - 1), fill=255)

    def _pixels(self, widths: np.ndarray) -> np.ndarray:
        """Return widths (n,) in mm as fine pixels, at least as many as a pixel of the picture has."""
        return np.rint(widths * self.scale).astype(int).clip(SUPERSAMPLE)

    @staticmethod
    def _corner(at: np.ndarray, pens: np.ndarray) -> np.ndarray:
        """Return the upper left corner (n, 2) of the pen's print, (n,) wide, around points (n, 2), in fine pixels."""
        return np.rint(at - pens[:, None] / 2).astype(int)

    def coverage(self) -> Image.Image:
        """Return the share of ink in each pixel: an image of mode "L", 0 paper, 255 ink."""
        return self.fine.reduce(SUPERSAMPLE)


def draw_page(page: Page, pen: Pen | None = None, *, dpi: float = 200, transparent: bool = False) -> Image.Image:
    """Return the page as an image, smooth at its edges; its sides are mm * dpi / 25.4, rounded.

    It is RGB, ink on white; or `transparent`, RGBA, the ink alone, without paper and ruling. The line is thinner where
    the pen was faster, see `line_widths`.

    Raises:
        InputError: the image would have more than 40 million pixels.
    """
    pen = pen or Pen()
    canvas = _Canvas(page, dpi)
    for stroke, widths in zip(page.strokes, line_widths(page.strokes, pen.width), strict=True):
        canvas.add(stroke, widths)
    ink = Image.new("RGB", canvas.size, pen.color)
    if transparent:
        ink.putalpha(canvas.coverage())
        return ink
    return Image.composite(ink, _ruled_paper(page, dpi), canvas.coverage())


def _ruled_paper(page: Page, dpi: float) -> Image.Image:
    """Return the page's paper, white but for its ruling, as an RGB image."""
    coverage = _ruling(page, dpi)
    color, white = (Image.new("RGB", coverage.size, ground) for ground in (RULE_COLOR, "white"))
    return Image.composite(color, white, coverage)


def _ruling(page: Page, dpi: float) -> Image.Image:
    """Return the share of ruling in each pixel: an image of mode "L", 0 paper, 255 a rule."""
    canvas = _Canvas(page, dpi)
    for rule in page.rules:
        canvas.add(rule, np.full(2, RULE_MM))
    return canvas.coverage()


def write_png(
    path: Path, page: Page, pen: Pen | None = None, *, dpi: float | None = None, transparent: bool = False
) -> None:
    """Write `draw_page` as PNG; the file knows its dpi, so that it prints in its true size.

    dpi  None: 200, less for a page that is larger than A2
    """
    if dpi is None:
        dpi = min(PNG_DPI, MM_PER_INCH * math.sqrt(0.99 * MAX_PIXELS / (page.width * page.height)))
    image = draw_page(page, pen, dpi=dpi, transparent=transparent)
    with atomic_path(path) as temporary:
        image.save(temporary, format="PNG", dpi=(dpi, dpi), optimize=True)


def write_gif(
    path: Path,
    page: Page,
    pen: Pen | None = None,
    *,
    frames: int | None = None,
    fps: float = 20,
    hold_s: float = 2.0,
    dpi: float = 120,
) -> None:
    """Write the pen at work as a GIF that loops; its last frame, held `hold_s` seconds longer, is the whole page.

    frames   number of pictures (the file merges those that are equal);
             None: as many as writing by hand takes at `fps`, at most 240
    dpi      lowered for a large page to keep a frame within 1.2 million pixels and 2000 pixels a side
    """
    if frames is None:
        frames = min(max(round(writing_seconds(page) * fps), 2), GIF_MAX_FRAMES)
    duration = max(round(100 / fps), 2) * 10  # ms; a GIF counts in hundredths, and browsers slow down below two
    pictures = list(_gif_frames(page, frames, _gif_dpi(page, dpi), pen or Pen()))
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


def _gif_frames(page: Page, frames: int, dpi: float, pen: Pen) -> Iterator[Image.Image]:
    """Yield pictures of the page after each of `frames` equal steps of the pen's time."""
    canvas = _Canvas(page, dpi)
    rule_shades = RULE_SHADES if page.rules else 1
    palette = _palette(pen.color, rule_shades)
    shades = [value * (GIF_SHADES - 1) // 255 * rule_shades for value in range(256)]
    paper = _ruling(page, dpi).point([value * (rule_shades - 1) // 255 for value in range(256)])
    times, widths = pen_times(page), line_widths(page.strokes, pen.width)
    end = max((float(time[-1]) for time in times), default=0.0)
    drawn = [0] * len(times)
    for frame in range(1, frames + 1):
        now = end * frame / frames if frame < frames else np.inf
        for k, (stroke, time) in enumerate(zip(page.strokes, times, strict=True)):
            reached = int(np.searchsorted(time, now, side="right"))
            if reached > drawn[k]:
                new = slice(max(drawn[k] - 1, 0), reached)  # from the last point on, so that nothing is torn
                canvas.add(stroke[new], widths[k][new])
                drawn[k] = reached
        picture = ImageChops.add(canvas.coverage().point(shades), paper)
        picture.putpalette(palette)
        yield picture


def _palette(color: str, rule_shades: int) -> list[int]:
    """Return RGB bytes of every shade of ink over every shade of ruling, of which 1 is white paper alone."""
    ink, rule = (np.array(ImageColor.getrgb(name)[:3]) for name in (color, RULE_COLOR))
    paper = 255 + (rule - 255) * np.linspace(0, 1, rule_shades)[:, None]
    shares = np.linspace(0, 1, GIF_SHADES)[:, None, None]
    return np.rint(paper + (ink - paper) * shares).astype(int).ravel().tolist()
