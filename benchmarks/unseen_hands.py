"""Texts of all kinds, written behind a line of people whom the writer never saw, and read back.

python -m benchmarks.unseen_hands --best-of 8

Of every corpus (as in docs/formats.md; those that are not prepared are passed over) ten people and a line of each, of
own-hand ten words of its one person, and behind each line texts of every kind of `legibility --kinds`, at bias 1. The
twelve bundled styles are a row too, and texts behind no line. Two readers tell how many characters are misread in all
texts, with the 95 % interval of a bootstrap over hands; with --best-of the first of these readers chooses.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from benchmarks.my_hand_people import Source, people_of
from benchmarks.reports import table
from data_loader.prepare import corpus_folder
from model.reading.error_rates import character_edits, plain
from results.measuring.by_kind import known_to_both, lines_of_kinds
from results.measuring.texts import KINDS
from results.reading.reader import Reader
from results.reading.scores import interval, rate
from results.roles import load_as
from results.trained import FOLDER
from results.writing.best_of import BestOf, read_back
from results.writing.lines import SEEDS_PER_WRITING, Style
from results.writing.styles import load_style, style_of
from results.writing.writer import Draw, Writer
from utils.errors import one_line_errors

SOURCES = (
    Source("iam-ondb", ["testset_v"], learned=1, judged=0, shortest=12),
    Source("unipen-texts", ["valid"], learned=1, judged=0, shortest=12),
    Source("imadocsen-lines", learned=1, judged=0, shortest=12),
    Source("own-hand", learned=10, judged=0, shortest=6),
)
STYLES = 12


def hands(writer: Writer, people: int, data_dir: Path) -> Iterator[tuple[str, list[Style | None]]]:
    """Yield the name of a group of hands, and a style of each of them; None is to write behind no line."""
    yield "bundled styles", [load_style(writer, str(number)) for number in range(1, STYLES + 1)]
    for source in SOURCES:
        if corpus_folder(source.corpus, data_dir).is_dir():
            lines = [line for person in people_of(source, writer, data_dir) for line in person.learned][:people]
            yield source.corpus, [style_of(writer, line) for line in lines]
    yield "no line", [None] * people


def misread(
    writer: Writer, style: Style | None, number: int, n: int, readers: Sequence[Reader], draw: Draw
) -> np.ndarray:
    """Return the edits by each reader and, last, the characters of n texts of each kind behind a style."""
    kinds = lines_of_kinds(known_to_both(writer, readers[0]), list(KINDS), n, seed=number + 1)
    texts = [line.text for lines in kinds.values() for line in lines]
    seeds = [(number * len(texts) + place) * SEEDS_PER_WRITING for place in range(len(texts))]
    drawn = draw(writer, texts, seeds, 1.0, style)
    edits = [
        sum(
            character_edits(plain(read), plain(text))
            for (read, _), text in zip(read_back(reader, writer, drawn), texts, strict=True)
        )
        for reader in readers
    ]
    return np.array([*edits, sum(len(plain(text)) for text in texts)])


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--writer", type=Path, default=FOLDER / "writer-iam.pt")
    parser.add_argument("--reader", type=Path, default=FOLDER / "reader.pt", help="reads, and chooses with --best-of")
    parser.add_argument("--judge", type=Path, default=FOLDER / "reader-iam.pt", help="reads too, and chooses nothing")
    parser.add_argument("--best-of", type=int, default=1, metavar="K", help="write each text K times at once (1)")
    parser.add_argument("--people", type=int, default=10, help="hands of each corpus, at most (10)")
    parser.add_argument("--n", type=int, default=3, help="texts of each kind in each hand (3)")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    args = parser.parse_args()
    writer = load_as(Writer, args.writer, "cpu")
    readers = [load_as(Reader, path, "cpu") for path in (args.reader, args.judge)]
    draw: Draw = BestOf(readers[0], args.best_of) if args.best_of > 1 else Writer.draw_lines
    rows = [("behind", "hands", *(f"misread by {path.name}" for path in (args.reader, args.judge)))]
    for group, styles in hands(writer, args.people, args.data_dir):
        counts = [misread(writer, style, number, args.n, readers, draw) for number, style in enumerate(styles)]
        edits, characters = np.array(counts)[:, :-1], np.array(counts)[:, -1]
        shares = [(rate(some, characters), *interval(some, characters)) for some in edits.T]
        shown = ["{:.1f} % [{:.1f}, {:.1f}]".format(*(100 * part for part in share)) for share in shares]
        rows.append((group, str(len(styles)), *shown))
        print(*rows[-1], flush=True)
    print("\n".join(table(*rows)))


if __name__ == "__main__":
    main()
