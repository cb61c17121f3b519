"""What there is to show of a corpus, of a trained network and of a run; here is what most need."""

from results.reading.lines import LineReading, read
from results.trained import Loaded, load
from results.writing.text import Writing, write

__all__ = ["LineReading", "Loaded", "Writing", "load", "read", "write"]
