"""Draw the pictures of docs/digits.md.

python -m benchmarks.digits CHECKPOINT   docs/digits.png: digits that a network wrote, a row for each
python -m benchmarks.digits              docs/digits-strokes.png: strokes found in images of digits, over the images
"""

import argparse
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data_loader.formats.mnist_images import load_skeletonize
from data_loader.formats.skeleton import image_points
from data_loader.synthetic.digits import synthetic_digits
from ink.strokes import pen_strokes
from render.ink.raster import write_png
from results.roles import load_as
from results.writing.digits import CharacterWriter, digit_grid
from utils.errors import one_line_errors
from utils.files import atomic_path

SIZE = 28
"""Width and height of an image, in pixels."""
ZOOM = 8  # of the picture
COLORS = ("#c00000", "#0050dc", "#008000", "#a000a0", "#c87800")  # of the first stroke, the second, and so on
_FINE = 8
COLUMNS, ROWS = 10, 3
INK = 20
"""Pixels of an image that a digit is high or wide at most, as in MNIST."""


def drawn(strokes: list[np.ndarray], pen: float, size: int = SIZE) -> np.ndarray:
    """The image (size, size) uint8 of strokes (n, 2) in its pixels, written with a round pen of this width."""
    fine = Image.new("L", (size * _FINE, size * _FINE))
    draw = ImageDraw.Draw(fine)
    half = pen * _FINE / 2
    for stroke in strokes:
        places = (stroke + 0.5) * _FINE - 0.5
        draw.line([(float(x), float(y)) for x, y in places], fill=255, width=round(2 * half))
        for x, y in places:
            draw.ellipse((x - half, y - half, x + half, y + half), fill=255)
    return np.asarray(fine.reduce(_FINE))


def tile(image: np.ndarray, points: np.ndarray) -> Image.Image:
    """An image in grey on white, enlarged, with its strokes in colours; a dot where each begins."""
    picture = Image.fromarray(255 - image // 2).resize((image.shape[1] * ZOOM, image.shape[0] * ZOOM), 0).convert("RGB")
    draw = ImageDraw.Draw(picture)
    for k, stroke in enumerate(pen_strokes(points)):
        color = COLORS[k % len(COLORS)]
        places = [(float(x), float(y)) for x, y in (stroke + 0.5) * ZOOM]
        draw.line(places, fill=color, width=2)
        x, y = places[0]
        draw.ellipse((x - 4, y - 4, x + 4, y + 4), fill=color)
    return picture


def image_of(points: np.ndarray, pen: float) -> np.ndarray:
    """A digit of points (T, 3) in the middle of an image, written with a round pen of this width."""
    xy = points[:, :2]
    low, high = xy.min(axis=0), xy.max(axis=0)
    xy = (xy - (low + high) / 2) * (INK / (high - low).max()) + (SIZE - 1) / 2
    return drawn(pen_strokes(np.column_stack([xy, points[:, 2]])), pen)


def strokes_over_images() -> Image.Image:
    """Digits of the built-in corpus as images, and the strokes that `mnist-images` finds in them."""
    skeletonize, rng = load_skeletonize(), np.random.default_rng(1)
    page: Image.Image | None = None
    for k, line in enumerate(islice(synthetic_digits(times_each=1), COLUMNS * ROWS)):
        image = image_of(line.points, float(rng.uniform(1.6, 3.4)))
        picture = tile(image, image_points(image, skeletonize))
        page = page or Image.new("RGB", (COLUMNS * picture.width, ROWS * picture.height))
        page.paste(picture, (k % COLUMNS * picture.width, k // COLUMNS * picture.height))
    assert page
    return page


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("checkpoint", nargs="?", type=Path, help="a network that writes digits, or its run directory")
    parser.add_argument("--bias", type=float, default=1.0, help="0 as varied as the data, higher more regular (1)")
    parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same digits (1)")
    parser.add_argument("--out", type=Path, help="the picture (default: docs/digits.png or docs/digits-strokes.png)")
    args = parser.parse_args()
    if args.checkpoint:
        page = digit_grid(load_as(CharacterWriter, args.checkpoint), bias=args.bias, seed=args.seed)
        target = args.out or Path("docs/digits.png")
        write_png(target, page, dpi=150)
    else:
        target = args.out or Path("docs/digits-strokes.png")
        with atomic_path(target) as path:
            strokes_over_images().quantize(64).save(path, "png", optimize=True)
    print(target)


if __name__ == "__main__":
    main()
