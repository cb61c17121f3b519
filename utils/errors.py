"""One kind of error for all that a user can cause; everything else is a bug and keeps its traceback."""

import functools
import os
import signal
import sys
from collections.abc import Callable


class InputError(ValueError):
    """Bad input: a config, a checkpoint, a data file, a text. The message says where the problem is and how to fix it.

    The scripts print it without a traceback and leave with exit code 2.
    """


def at_least(minimum: float, **values: float | None) -> None:
    """Raise ValueError naming the first of the values that is below `minimum`; None passes."""
    for name, value in values.items():
        if value is not None and value < minimum:
            raise ValueError(f"{name} is {value}; it must be {minimum} or more")


def one_line_errors(main: Callable[[], None]) -> Callable[[], None]:
    """Wrap a script's `main`: an InputError becomes its own text on stderr and exit code 2, as does what the system
    refuses (a full disk, a path too long). A closed pipe ends it quietly. Ctrl-C ends with exit code 130,
    SIGTERM with 143, both after cleaning up.
    """

    @functools.wraps(main)
    def wrapped() -> None:
        previous = signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        if signal.getsignal(signal.SIGINT) is signal.SIG_DFL:  # see `end_at_interrupt`
            signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            main()
            sys.stdout.flush()
        except BrokenPipeError:  # what reads the output, such as `head`, has had enough; what is left goes nowhere
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        except InputError as error:
            print(f"error: {error}", file=sys.stderr)
            raise SystemExit(2) from None
        except OSError as error:
            print(f"error: {error.filename or 'input or output'}: {error.strerror or error}", file=sys.stderr)
            raise SystemExit(2) from None
        except KeyboardInterrupt:
            print("stopped by Ctrl-C", file=sys.stderr)
            raise SystemExit(130) from None
        finally:
            signal.signal(signal.SIGTERM, previous)

    return wrapped
