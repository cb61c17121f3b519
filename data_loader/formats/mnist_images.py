"""Images of characters, MNIST or any set in its format, as strokes drawn along their skeletons.

    train-images-idx3-ubyte.gz  train-labels-idx1-ubyte.gz    t10k-images-idx3-ubyte.gz  t10k-labels-idx1-ubyte.gz

plain or gzipped, bright ink on black. The images of EMNIST are stored with x and y exchanged; a file whose name begins
with "emnist" is turned back.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from data_loader.formats.idx import given_labels, open_idx, read_labels, split_of
from data_loader.formats.mnist_strokes import UNIT, label_of
from data_loader.formats.read_report import BadFileError, Progress, Report
from data_loader.formats.skeleton import image_points
from ink.strokes import InkLine
from utils.errors import InputError

SCIKIT_IMAGE = "scikit-image==0.26.0"
Skeletonize = Callable[[np.ndarray], np.ndarray]


def read_mnist_images(
    source: Path, report: Report, progress: Progress | None = None, *, labels: Path | None = None
) -> Iterator[InkLine]:
    """Yield the strokes of every image in an idx file, or in the train and test files of a folder; unit "px".

    Ids are such as "test-00012", or "image-00012" where the file's name has no split. The text is the label where
    labels are digits (see `read_labels`); they are found next to the images by their usual name, or are `labels`. The
    split is "train" or "test" if both are there, else "". Needs scikit-image.

    Raises:
        InputError: scikit-image is not installed, a file is none in idx, damaged or too large, the number of labels
            is not that of the images, or no image is left.
    """
    skeletonize = load_skeletonize()
    files = _files(source)
    given = given_labels(labels, list(files), report) if labels else {}
    num_lines = 0
    for split, path in files.items():
        texts = given[split] if split in given else _labels_next_to(path, report)
        (count, *_), images = open_idx(path, 3)
        if texts and len(texts) != count:
            raise InputError(f"{path}: {count} images, but {len(texts)} labels; take those that belong to it")
        turned = path.name.lower().startswith("emnist")
        if turned:
            report.note("images turned", path.name, "EMNIST stores them with x and y exchanged")
        for number, image in enumerate(progress(images, count, f"drawing {path.name}") if progress else images):
            line_id = f"{split or 'image'}-{number:05d}"
            try:
                text = label_of(number, texts) if texts else ""
                points = _drawn(image.T if turned else image, skeletonize)
            except BadFileError as bad:
                report.dropped(bad.kind, line_id, bad.problem)
                continue
            num_lines += 1
            yield InkLine(line_id, text, "", split if len(files) == 2 else "", points, None, UNIT)
    if not num_lines:
        raise InputError(f"{source}: no image in it can be used; {'; '.join(report.summary()[:3])}")


def load_skeletonize() -> Skeletonize:
    """scikit-image's `skeletonize`, which thins a bool image to lines of one pixel (Zhang and Suen, 1984).

    Raises InputError where scikit-image is not installed.
    """
    try:
        from skimage.morphology import skeletonize
    except ImportError:
        raise InputError(f"mnist-images needs scikit-image; install it: pip install {SCIKIT_IMAGE}") from None
    return skeletonize


def _drawn(image: np.ndarray, skeletonize: Skeletonize) -> np.ndarray:
    try:
        points = image_points(image, skeletonize)
    except ValueError as error:
        raise BadFileError("no line drawing", str(error)) from None
    if len(points) < 2:
        raise BadFileError("no ink", f"{len(points)} points; a drawing needs 2")
    return points


def _files(source: Path) -> dict[str, Path]:
    """The images files by split: the source itself, or those in the folder; a plain file goes before its gzip."""
    if not source.is_dir():
        return {split_of(source.name): source}
    files: dict[str, Path] = {}
    for path in sorted(source.iterdir()):
        if "images" not in path.name.lower() or "idx3" not in path.name.lower() or not path.is_file():
            continue
        other = files.setdefault(split_of(path.name), path)
        if path.name.removesuffix(".gz") != other.name.removesuffix(".gz"):
            raise InputError(f"{source}: holds {other.name} and {path.name}; name one of them")
    if len(files) > 1 and "" in files:
        raise InputError(f"{source}: is {files[''].name} of train or of test? Put that into its name, or name one file")
    if not files:
        raise InputError(f"{source}: holds no images such as train-images-idx3-ubyte.gz; name the file")
    return dict(sorted(files.items(), key=lambda item: item[0] != "train"))


def _labels_next_to(path: Path, report: Report) -> list[str]:
    """The labels of a file of images, by their usual name next to it; none, and a note, where there are none."""
    name = path.name.replace("images", "labels").replace("idx3", "idx1").removesuffix(".gz")
    for labels in (path.with_name(name), path.with_name(name + ".gz")):
        if name not in (path.name, path.name.removesuffix(".gz")) and labels.is_file():
            return read_labels(labels, report)
    report.note("no labels", path.name, "the texts are empty; give --labels")
    return []
