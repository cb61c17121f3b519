"""A GPU tried and timed: `python -m benchmarks.gpu --everything` tries all that the configs do, in minutes.

Without it: training steps compared with torch's bare LSTM and a lower bound. Packages that a borrowed machine lacks are
named, not needed, but for torch and numpy.
"""

import argparse
import sys
from pathlib import Path

import torch

from benchmarks.bare_machine import stand_in_for_missing_packages
from utils.errors import InputError, one_line_errors

MEAN_POINTS = 620
"""Points of a line of IAM-OnDB, on the average."""


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--everything", action="store_true", help="train, validate, resume and use every config")
    parser.add_argument("--tiny", action="store_true", help="with --everything: tiny sizes, on a CPU too")
    parser.add_argument("--minutes", type=float, default=4.0, help="begin nothing more after this long")
    parser.add_argument(
        "--data-dir", type=Path, help="folder of a prepared corpus of lines; else random lines are drawn"
    )
    parser.add_argument("--corpus", default="iam-ondb", help="its name in --data-dir")
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--points", type=int, default=MEAN_POINTS, help="points per line")
    parser.add_argument("--repeats", type=int, default=10)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    args = arguments()
    if not torch.cuda.is_available() and not args.tiny:
        raise InputError("benchmarks.gpu: there is no GPU that torch can use here; `make bench` measures a CPU")
    missing = stand_in_for_missing_packages()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    name = torch.cuda.get_device_name() if device == "cuda" else "a CPU"
    print(f"{name}, torch {torch.__version__}; packages that are missing: {', '.join(missing) or 'none'}.\n")
    if args.everything:
        # imported only now, after the stand-ins
        from benchmarks.gpu_everything import FULL, TINY, try_everything

        sizes = TINY if args.tiny else FULL
        sys.exit(try_everything(sizes, device, args.minutes, args.data_dir, args.corpus))
    from benchmarks.gpu_steps import reports

    for line in reports(args.batch_size, args.points, args.repeats):
        print(line, flush=True)


if __name__ == "__main__":
    main()
