"""Picture of hands for docs/my-hand.md: lines of a person, and what is written after learning from few of them or more.

python -m benchmarks.my_hand_picture docs/my-hand.png unipen-texts ap/KristynLagae
"""

import argparse
from pathlib import Path

from benchmarks.my_hand import BEST_OF, EMBEDDER, READER, learned, weaker
from benchmarks.my_hand_people import Source, people_of
from render.figures.figure import lines_figure, save_figure
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.roles import load_as
from results.trained import FOLDER
from results.writing.best_of import BestOf
from results.writing.lines import SEEDS_PER_WRITING
from results.writing.writer import Writer
from trainer.hand import usual_strength
from utils.errors import InputError, one_line_errors

TEXTS = ("Dear Quentin, the 27 roses are here.", "Zoe and Victor, NEW YORK")
SHOWN = 3
"""Lines of the person in the picture."""


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=Path, help="file ending in .png or .svg")
    parser.add_argument("corpus", help="prepared corpus of the person")
    parser.add_argument("person", help="writer, among those of its split `valid` with enough lines")
    parser.add_argument("--lines", type=int, nargs="+", default=[1, 5, 15], help="numbers of lines to learn from")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    args = parser.parse_args()
    base = load_as(Writer, FOLDER / "writer-iam.pt", "cpu")
    choice = BestOf(load_as(Reader, READER, "cpu"), BEST_OF, embedder=load_as(Embedder, EMBEDDER, "cpu"))
    people = {person.name: person for person in people_of(Source(args.corpus, ["valid"]), base, args.data_dir)}
    if args.person not in people:
        raise InputError(f"{args.person}: is not among the people with enough lines: {', '.join(people)}")
    lines = people[args.person].learned
    inks = [base.prepared(line)[0] for line in lines[:SHOWN]]
    titles = [f"{args.person}: {line.text}" for line in lines[:SHOWN]]
    for count in args.lines:
        full, _ = learned(args.person, lines[:count], base)
        hand = weaker(full, base, usual_strength(line.text for line in lines[:count]))
        seeds = [SEEDS_PER_WRITING + number for number in range(len(TEXTS))]
        for text, sample in zip(TEXTS, choice(hand, TEXTS, seeds, 1.0, hand.own_line), strict=True):
            inks.append(hand.points(sample.strokes))
            titles.append(f"after {count} line{'s' * (count > 1)}: {text}")
    save_figure(lines_figure(inks, titles), args.out)
    print(args.out)


if __name__ == "__main__":
    main()
