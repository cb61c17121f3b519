"""Hands learned from a few lines of people whom the writer never saw, against the writer primed with one of the lines.

python -m benchmarks.my_hand --people 10 --lines 1 3 5 10 15 --out out/my_hand.jsonl

Nats per character are of lines held back, without the move to their first point; texts that none of them wrote are
written at bias 1 and read back, the hand's also as the best of 8 (`write --best-of 8 --alike`), by the reader that
chose these and by another. The texts of the lines held back, and of up to --alike others that were not learned, are
written too. The network that tells handwriting apart gives these and the real lines to one of all the people, and so
does another one (--embedding), which chose nothing.
The corpora are as in docs/formats.md; those that are not prepared are passed over.
"""

import argparse
import copy
import json
import resource
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from benchmarks.my_hand_people import SOURCES, Person, people_of
from benchmarks.reports import table
from data_loader.batching import collate
from data_loader.corpus_writer import CorpusWriter
from data_loader.prepare import corpus_folder
from ink.geometry import baseline
from ink.strokes import InkLine
from model.writing.mixture_density import Mixture, end_log_prob, offset_log_prob
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.roles import load_as
from results.trained import FOLDER
from results.writing.best_of import BestOf, inks_of, read_back
from results.writing.lines import SEEDS_PER_WRITING, Style
from results.writing.style_making import cer
from results.writing.writer import Draw, Writer
from trainer.hand import learn_hand, usual_strength
from utils.errors import InputError, one_line_errors

TEXTS = (
    "We met at the old mill on Friday",
    "Call 0451 739 268 before 10:30",
    "The quick brown fox jumps over it",
    "Mr. John Quincy Barnes, New York",
    "On 24 May 1987 we paid 65 dollars",
    "Zoe, Victor and Xavier went home",
)
"""Texts to write: words, names, capitals and all digits."""
GAP = 1.5
"""x-heights of paper between a style's line and the next."""
READER, EMBEDDER = FOLDER / "reader.pt", FOLDER / "embedding.pt"
JUDGE = FOLDER / "reader-iam.pt"
"""A reader that chose nothing: it reads the best of 8 too."""
BEST_OF = 8
REFERENCES = 8
"""Lines by which a person is known to the network that tells handwriting apart, at most."""


@torch.inference_mode()
def nats_per_character(writer: Writer, lines: Sequence[InkLine], style: Style | None = None) -> float:
    """Return the nats per character of lines, where there is a style as the continuation of its line."""
    rows = []
    for line in lines:
        points, _ = writer.prepared(line)
        text, skipped = line.text, 0
        if style:
            own = writer.points(style.strokes)
            own[:, 1] += baseline(points) - baseline(own)
            points[:, 0] += own[:, 0].max() + GAP - points[:, 0].min()
            text, points, skipped = f"{style.text} {text}", np.concatenate([own, points]), len(own)
        strokes, letters = torch.from_numpy(writer.strokes(points)), torch.from_numpy(writer.alphabet.encode(text))
        rows.append((skipped, (line.id, strokes, letters)))
    total = 0.0
    for skipped, row in rows:
        batch = collate([row])
        mixture, targets = Mixture(*(part[0, skipped:] for part in writer.model(batch)[:5])), batch.targets[0, skipped:]
        total -= float((end_log_prob(mixture, targets[:, 2]) + offset_log_prob(mixture, targets[:, :2])).sum())
    return total / sum(len(line.text) for line in lines)


def misread(
    writer: Writer, readers: Sequence[Reader], style: Style | None, texts: Sequence[str], draw: Draw = Writer.draw_lines
) -> list[float]:
    """Return the share of misread characters of the texts, written at bias 1, for each reader."""
    seeds = [SEEDS_PER_WRITING + n for n in range(len(texts))]
    drawn = draw(writer, texts, seeds, 1.0, style)
    return [cer(read_back(reader, writer, drawn), texts) for reader in readers]


def embeddings(
    choose: BestOf, embedders: Sequence[Embedder], hand: Writer, person: Person
) -> list[dict[str, list[Any]]]:
    """Return the embeddings of a person by each network: (E,) of the lines learned, (N, E) of other real ones, and of
    their texts as the hand writes them, and as `choose` has it write them.
    """
    texts = [line.text for line in person.alike]
    seeds = [SEEDS_PER_WRITING + n for n in range(len(texts))]
    drawn = {
        name: [*inks_of(hand, draw(hand, texts, seeds, 1.0, hand.own_line)).values()]
        for name, draw in (("written", Writer.draw_lines), ("best", choose))
    }
    return [
        {"known": embedder.centre(person.learned[:REFERENCES]).round(4).tolist()}
        | {name: embedder.embed(lines).round(4).tolist() for name, lines in {"real": person.alike, **drawn}.items()}
        for embedder in embedders
    ]


def share_of_own(rows: Sequence[dict[str, Any]], judge: int, kind: str) -> float:
    """Return the share of the lines of a kind ("real", "written", "best") that are nearest to their own person."""
    parts = [row["embeddings"][judge] for row in rows]
    known = np.array([part["known"] for part in parts])
    right = [(np.array(part[kind]) @ known.T).argmax(1) == number for number, part in enumerate(parts) if part[kind]]
    return float(np.concatenate(right).mean())


def learned(name: str, lines: Sequence[InkLine], base: Writer) -> tuple[Writer, int]:
    """Learn a hand from lines: the writer with all of what was learned, and the bytes of its file."""
    with tempfile.TemporaryDirectory() as folder:
        with CorpusWriter(Path(folder) / "mine") as corpus:
            for line in lines:
                corpus.add(replace(line, split="train"))
            corpus.finish(source="benchmark", how_made="by benchmarks.my_hand", report={})
        file = Path(folder) / "mine.pt"
        learn_hand("mine", file, name=name, minutes=None, data_dir=Path(folder), base=base.path, strength=1)
        return load_as(Writer, file, "cpu", base.path), file.stat().st_size


def weaker(hand: Writer, base: Writer, strength: float) -> Writer:
    """Return the hand with this share of what was learned, as `save_hand` saves it."""
    writer, start, end = copy.deepcopy(hand), base.model.state_dict(), hand.model.state_dict()
    writer.model.load_state_dict({name: torch.lerp(start[name], end[name], strength) for name in end})
    return writer


def measured(
    person: Person,
    count: int,
    strengths: Sequence[float] | None,
    base: Writer,
    readers: Sequence[Reader],
    embedders: Sequence[Embedder],
    texts: Sequence[str],
) -> Iterator[dict[str, Any]]:
    """Learn a hand from the first `count` lines of a person, and judge it by others, at each strength.

    readers    one that reads and chooses the best of 8, and one that judges what it chose
    embedders  one that chooses among those that are read best, and others that judge
    """
    held_back, start = person.judged, time.process_time()
    full, size = learned(person.name, person.learned[:count], base)
    same: dict[str, Any] = {
        "person": person.name,
        "lines": count,
        "cpu_seconds": time.process_time() - start,
        "bytes": size,
    }
    style = full.own_line
    same |= judged_as("base", base, style, held_back, readers, texts)
    choose = BestOf(readers[0], BEST_OF, embedder=embedders[0])
    for strength in strengths or [usual_strength(line.text for line in person.learned[:count])]:
        hand = weaker(full, base, strength)
        numbers = {**same, "strength": strength, **judged_as("hand", hand, style, held_back, readers, texts)}
        best = misread(hand, readers, style, texts, choose)
        numbers |= dict(zip(("cer_hand_best", "cer_hand_best_judge"), best, strict=True))
        numbers["embeddings"] = embeddings(choose, embedders, hand, person)
        yield numbers | {"peak_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}


def judged_as(
    label: str,
    writer: Writer,
    style: Style | None,
    held_back: Sequence[InkLine],
    readers: Sequence[Reader],
    texts: Sequence[str],
) -> dict[str, Any]:
    """Return nats per character and misread characters of a writer, behind a line and behind none, by their label."""
    numbers = {}
    for prime, suffix in ((None, ""), (style, "_primed")):
        numbers[f"nats_{label}{suffix}"] = nats_per_character(writer, held_back, prime)
        numbers[f"cer_{label}{suffix}"] = misread(writer, readers[:1], prime, texts)[0]
    return numbers


def summary(rows: Sequence[dict[str, Any]]) -> Iterator[str]:
    """Yield the table of means over people, a row per number of lines and strength."""
    keys = [
        f"{measure}_{label}{suffix}"
        for measure in ("nats", "cer")
        for label in ("base", "hand")
        for suffix in ("", "_primed")
    ]
    keys += ["cer_hand_best", "cer_hand_best_judge"]
    judges = range(len(rows[0]["embeddings"]))
    kinds = [(judge, kind) for judge in judges for kind in ("real", "written", "best")]
    titles = [f"own {kind}" + " judge" * judge for judge, kind in kinds]
    cells = [("lines", "strength", "people", *keys, *titles, "CPU s", "peak MiB")]
    for count, strength in sorted({(row["lines"], row["strength"]) for row in rows}):
        some = [row for row in rows if (row["lines"], row["strength"]) == (count, strength)]
        means = [float(np.mean([row[key] for row in some])) for key in keys]
        shown = [
            f"{100 * mean:.1f} %" if key.startswith("cer") else f"{mean:.2f}"
            for key, mean in zip(keys, means, strict=True)
        ]
        seconds = f"{np.mean([row['cpu_seconds'] for row in some]):.0f}"
        own = [f"{100 * share_of_own(some, judge, kind):.0f} %" for judge, kind in kinds]
        peak = f"{max(row['peak_mib'] for row in some):.0f}"
        cells.append((str(count), f"{strength:g}", str(len(some)), *shown, *own, seconds, peak))
    yield from table(*cells)


@one_line_errors
def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--base", type=Path, default=FOLDER / "writer-iam.pt")
    parser.add_argument("--data-dir", type=Path, default=Path("data"))
    parser.add_argument("--embedding", type=Path, help="another network that tells handwriting apart, as a judge")
    parser.add_argument("--people", type=int, default=10, help="of each corpus, at most (10)")
    parser.add_argument("--skip", type=int, default=0, help="people of each corpus that are passed over first (0)")
    parser.add_argument("--corpus", nargs="+", default=[source.corpus for source in SOURCES])
    parser.add_argument("--lines", type=int, nargs="+", default=[15], help="numbers of lines to learn from (15)")
    parser.add_argument("--strengths", type=float, nargs="+", help="of the hands (by the lines)")
    parser.add_argument("--texts", type=int, default=len(TEXTS), help="of the texts to write (all)")
    parser.add_argument(
        "--alike", type=int, default=0, help="texts of a person to see how alike they are (those judged)"
    )
    parser.add_argument("--out", type=Path, default=Path("out/my_hand.jsonl"), help="a line for each person is added")
    args = parser.parse_args()
    base = load_as(Writer, args.base, "cpu")
    embedders = [load_as(Embedder, path, "cpu") for path in (EMBEDDER, args.embedding) if path]
    readers = [load_as(Reader, path, "cpu") for path in (READER, JUDGE)]
    args.out.parent.mkdir(parents=True, exist_ok=True)
    rows = []
    for source in SOURCES:
        if source.corpus not in args.corpus or not corpus_folder(source.corpus, args.data_dir).is_dir():
            continue
        everyone = list(people_of(source, base, args.data_dir, args.alike))[args.skip : args.skip + args.people]
        for person in [person._replace(name=f"{source.corpus}/{person.name}") for person in everyone]:
            for count in [count * source.learned // 15 for count in args.lines]:
                for row in measured(person, count, args.strengths, base, readers, embedders, TEXTS[: args.texts]):
                    rows.append(row)
                    with open(args.out, "a", encoding="utf-8") as file:
                        file.write(json.dumps(row) + "\n")
                    shown = {key: value for key, value in row.items() if not isinstance(value, list)}
                    print(json.dumps(shown), flush=True)
    if not rows:
        raise InputError(f"{args.data_dir}: no corpus {', '.join(args.corpus)} in it; docs/formats.md makes them")
    print("\n".join(summary(rows)))


if __name__ == "__main__":
    main()
