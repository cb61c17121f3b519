"""What a trained network can show: writing, reading, and how good either is."""

from results.loaded import Loaded, load
from results.reading import LineReading, read
from results.writing import Writing, write

__all__ = ["LineReading", "Loaded", "Writing", "load", "read", "write"]
