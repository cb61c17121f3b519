"""Measurements, each a module: `python -m benchmarks.NAME`. `python -m benchmarks` is all of docs/performance.md."""

from utils.packages import require_packages

require_packages(("numpy", "torch"))  # before a module's own imports; benchmarks.gpu does without the others
