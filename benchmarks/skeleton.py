"""Draw docs/skeleton.png: strokes found in images of characters, over the images that they were found in.

python -m benchmarks.skeleton                        characters of the built-in corpus, drawn into images of 28 x 28
python -m benchmarks.skeleton IMAGES --out out.png   the first images of an idx file, e.g. t10k-images-idx3-ubyte.gz
"""

import argparse
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from data_loader.formats.idx import open_idx
from data_loader.formats.mnist_images import load_skeletonize
from data_loader.formats.skeleton import image_points
from data_loader.synthetic.writer import Writer, hershey_faces
from ink.strokes import pen_strokes
from utils.errors import one_line_errors
from utils.files import atomic_path

SIZE = 28
COLUMNS, ROWS = 10, 10
ZOOM = 8  # of the picture
CHARACTERS = "0123456789" * 5 + "abcdefghijklmnopqrstuvwxyABDEFGHKLMNPQRTWY23456789"
COLORS = ("#c00000", "#0050dc", "#008000", "#a000a0", "#c87800")  # of the first stroke, the second, and so on
_FINE = 8


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


def characters(seed: int = 1) -> Iterator[tuple[list[np.ndarray], np.ndarray]]:
    """CHARACTERS, each by a writer of the built-in corpus: the strokes that were written, and their image."""
    faces = hershey_faces()
    rng = np.random.default_rng(seed)
    for character in CHARACTERS:
        points, _ = Writer(rng, faces).write(character, rng)
        low, high = points[:, :2].min(0), points[:, :2].max(0)
        points[:, :2] = (points[:, :2] - (low + high) / 2) * (20 / (high - low).max()) + (SIZE - 1) / 2
        strokes = pen_strokes(points)
        yield strokes, drawn(strokes, pen=float(rng.uniform(1.6, 3.4)))


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


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("images", nargs="?", type=Path, help="an idx file of images (default: the built-in corpus)")
    parser.add_argument("--out", type=Path, default=Path("docs/skeleton.png"))
    args = parser.parse_args()
    images = open_idx(args.images, 3)[1] if args.images else (image for _, image in characters())
    skeletonize = load_skeletonize()
    tiles = [tile(image, image_points(image, skeletonize)) for image in islice(images, COLUMNS * ROWS)]
    width, height = tiles[0].size
    page = Image.new("RGB", (COLUMNS * width, ROWS * height), "white")
    for k, picture in enumerate(tiles):
        page.paste(picture, (k % COLUMNS * width, k // COLUMNS * height))
    with atomic_path(args.out) as path:
        page.quantize(64).save(path, "png", optimize=True)


if __name__ == "__main__":
    main()
