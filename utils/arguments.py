"""Types of command-line arguments."""

import argparse


def seed_number(text: str) -> int:
    """Return a seed: a whole number from 0 to 2**32 - 1.

    Raises ArgumentTypeError where the text is none.
    """
    try:
        seed = int(text)
    except ValueError:
        seed = -1
    if not 0 <= seed < 2**32:
        raise argparse.ArgumentTypeError(f"the seed is {text}; it must be a whole number from 0 to 2**32 - 1")
    return seed
