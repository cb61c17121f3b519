"""The version of the project: it is in every checkpoint, and each script prints it with --version."""

import argparse
import functools
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parent.parent / "pyproject.toml"


@functools.cache
def version() -> str:
    """Return the version in pyproject.toml; a clone need not be installed, so package metadata may be missing."""
    return tomllib.loads(PYPROJECT.read_text(encoding="utf-8"))["project"]["version"]


def add_version(parser: argparse.ArgumentParser) -> None:
    """Add --version, which prints name and version and exits, to a script's parser."""
    parser.add_argument("--version", action="version", version=f"Ductus {version()}", help="print the version and exit")
