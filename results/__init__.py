"""What a trained network can show: writing, reading, and how good either is."""

from results.loaded import Loaded, load
from results.writing import Writing, write

__all__ = ["Loaded", "Writing", "load", "write"]
