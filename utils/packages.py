"""The packages that the scripts need, missed in one line where a Python without them runs a script."""

import importlib.util
import signal
import sys

NEEDED = ("numpy", "torch", "tqdm")
"""Packages of requirements.txt that stand for all."""
OLDEST = (3, 11)


def end_at_interrupt() -> None:
    """Have Ctrl-C just end a script while it imports, which takes seconds; its `main` then catches it again."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)


def require_packages(needed: tuple[str, ...] = NEEDED) -> None:
    """Leave with exit code 2 and a line that says what to do, if this Python is too old or lacks a needed package.

    A script calls it before its other imports; this file imports nothing else.
    """
    missing = [name for name in needed if importlib.util.find_spec(name) is None]
    if sys.version_info < OLDEST:
        problem = "is Python {}.{}; Ductus needs {}.{} or newer".format(*sys.version_info[:2], *OLDEST)
    elif missing:
        problem = f"has no {', '.join(missing)}"
    else:
        return
    hint = "run `source .venv/bin/activate` first (`make install` makes .venv; without make see docs/README.md)"
    print(f"error: {sys.executable} {problem}: {hint}", file=sys.stderr)
    raise SystemExit(2)
