"""Names and archives of the files that the studio makes."""

import re
import unicodedata
import zipfile
from collections.abc import Sequence
from pathlib import Path


def file_name(title: str) -> str:
    """Return a title as the name of a file: letters, digits and hyphens; "" where it has no letter or digit."""
    return re.sub(r"[^\w-]+", "-", unicodedata.normalize("NFC", title)).strip("-_")[:40].lower()


def zipped(paths: Sequence[Path], archive: Path) -> bytes:
    """The files as a zip whose bytes depend on them alone."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        for path in paths:
            file.writestr(zipfile.ZipInfo(path.name), path.read_bytes(), zipfile.ZIP_DEFLATED)
    return archive.read_bytes()
