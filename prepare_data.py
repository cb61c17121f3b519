"""Read a raw data set into a prepared corpus in data/<name>/."""

import argparse
from pathlib import Path

from data_loader.formats.report import Report
from data_loader.prepare import BUILT_IN, FORMATS, corpus_folder, make_built_in, prepare
from utils.errors import InputError, one_line_errors


def describe(card: dict) -> list[str]:
    """The card in a few lines for the terminal."""
    lines = [f"{card['name']}: {card['lines']:,} lines, {card['points']:,} points, {len(card['alphabet'])} characters"]
    for name, split in card["splits"].items():
        lines.append(f"  {name:12} {split['lines']:7,} lines {split['points']:12,} points {split['writers']:5} writers")
    return lines


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("format", choices=[*FORMATS, BUILT_IN], help="how the source is written")
    parser.add_argument("source", nargs="?", type=Path, help="folder or file of the raw data set")
    parser.add_argument("--name", help="name of the prepared corpus (default: the format's)")
    parser.add_argument("--data-dir", type=Path, default=Path("data"), help="where corpora lie (default: data)")
    args = parser.parse_args()
    report = Report()
    folder = corpus_folder(args.name or args.format, args.data_dir)
    if args.format == BUILT_IN:
        card = make_built_in(folder)
    elif args.source is None:
        raise InputError(f"{args.format} wants the folder or file of the raw data set as second argument")
    else:
        card = prepare(args.format, args.source, folder, report)
    print("\n".join(describe(card) + report.summary()))
    print(f"prepared in {folder}")


if __name__ == "__main__":
    main()
