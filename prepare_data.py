"""Prepare raw pen data as corpora in data/<name>/, look at them, check them and export them."""

if __name__ == "__main__":
    from utils.packages import end_at_interrupt, require_packages

    end_at_interrupt()
    require_packages()

import argparse
import math
import shlex
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from commands.preparing import DATA_DIR, parse_arguments
from data_loader.corpus import Corpus
from data_loader.corpus_check import check_corpus
from data_loader.corpus_writer import CorpusWriter
from data_loader.cut_lines import ReadLines
from data_loader.formats.read_report import Report
from data_loader.formats.registry import FORMATS
from data_loader.ink_check import ink_notes
from data_loader.kinds_of_text import prepare_kinds
from data_loader.legible import prepare_legible
from data_loader.line_choice import DEFAULT_SPLITS, splits_to_use
from data_loader.prepare import (
    BUILT_IN,
    PRACTICE,
    corpus_folder,
    export,
    files_in_order,
    make_built_in,
    open_corpus,
    prepare,
)
from data_loader.prompts import choose_prompts
from data_loader.splits import SplitRule
from model.language.training import train_language_model
from results.pages.corpus import write_corpus_page
from results.reading.classifier import Classifier
from results.reading.embedder import Embedder
from results.reading.reader import Reader
from results.roles import load, load_as
from results.trained import TrainedModel, bundled
from results.writing.best_of import BestOf
from results.writing.lines import require_sane
from results.writing.practice import practice_lines
from results.writing.writer import Writer
from utils.errors import InputError, one_line_errors
from utils.files import atomic_path, file_hash
from utils.run_folders import checkpoint_of

RARE = 10
"""A character that occurs less often cannot be learned well, and is named."""


def describe(card: dict) -> list[str]:
    """The card in a few lines for the terminal."""
    lines = [f"{card['name']}: {card['lines']:,} lines, {card['points']:,} points, {len(card['alphabet'])} characters"]
    for name, split in card["splits"].items():
        lines.append(f"  {name:12} {split['lines']:7,} lines {split['points']:12,} points {split['writers']:5} writers")
    rare = [f"{character!r} {count}" for character, count in card["characters"].items() if count < RARE]
    if rare:
        lines.append(f"characters that occur less than {RARE} times: {', '.join(rare)}")
    return [*lines, f"split {card['how_split']}"]


def prepare_command(args: argparse.Namespace) -> None:
    report = Report()
    folder = corpus_folder(args.name or args.command, args.data_dir)
    if args.command in BUILT_IN:
        card = make_built_in(args.command, folder)
    else:
        rule = SplitRule(args.split_by, args.valid_share, args.seed)
        given = {name: getattr(args, name) for name in FORMATS[args.command].options}
        options = {name: value for name, value in given.items() if value is not None}
        if args.reader and not args.cut_lines:
            raise InputError("--reader shares out the text of pages that are cut into lines; give --cut-lines as well")
        read = texts_read_by(load_as(Reader, args.reader)) if args.reader else None
        texts = None if args.texts is None else given_texts(args)
        options |= {"cut_lines": args.cut_lines, "read": read, "texts": texts}
        card = prepare(args.command, args.source, folder, report, split_rule=rule, **options)
    print("\n".join(describe(card) + report.summary()))
    where = "" if args.data_dir == DATA_DIR else f" --data-dir {shlex.quote(str(args.data_dir))}"
    print(f"prepared in {folder}; look at it with: python prepare_data.py look {folder.name}{where}")


def given_texts(args: argparse.Namespace) -> list[str]:
    """Return the texts of the lines of ink, without empty ones; print the order of the ink's files if it is several."""
    files = files_in_order(args.command, args.source)
    if len(files) > 1:
        print(f"--texts goes through the files in this order: {', '.join(files)}")
    return [" ".join(text.split()) for text in text_lines(args.texts) if text.strip()]


def texts_read_by(reader: Reader) -> ReadLines:
    """Return the function that reads lines of ink with a network."""
    return lambda lines: [reading.text for reading in reader.read(lines)]


def compose_command(args: argparse.Namespace) -> None:
    """Compose lines of each kind of text of the writers held back, a split per kind."""
    folder = corpus_folder(args.target or f"{args.name}-kinds", args.data_dir)
    card = prepare_kinds(args.name, args.characters, folder, args.lines, args.seed)
    print("\n".join(describe(card)))
    splits = " ".join(card["splits"])
    print(f"prepared in {folder}; experiments.py -r RUN evaluate --corpus {folder.name} --split {splits}")


def legible_command(args: argparse.Namespace) -> None:
    """Write a corpus without the lines to train on that a network reads as another text."""
    corpus = open_corpus(args.name, args.data_dir)
    folder = corpus_folder(args.target or f"{args.name}-legible", args.data_dir)
    splits, report = args.splits or splits_to_use(corpus, None, None)[0], Report()
    reader = load(args.reader)
    if isinstance(reader, Classifier):
        read = [line.text for line in reader.evaluate(args.name, splits, data_dir=args.data_dir).readings]
    else:
        read = [
            line.read for line in load_as(Reader, args.reader).evaluate(args.name, splits, data_dir=args.data_dir).read
        ]
    readings = dict(zip(corpus.lines_of(splits).tolist(), read, strict=True))
    card = prepare_legible(corpus, folder, readings, named(reader), report, args.max_cer)
    print("\n".join(describe(card) + report.summary()))
    print(f"prepared in {folder}")


def named(network: TrainedModel[Any]) -> str:
    """Return the name of a network's file, and its hash."""
    file = checkpoint_of(network.path, "best.pt")
    return f"{file.name} (sha256 {file_hash(file)})"


def practice_command(args: argparse.Namespace) -> None:
    """Write a corpus of lines by people with what a network wrote behind them, and a reader reads as it was asked."""
    corpus = open_corpus(args.name, args.data_dir)
    folder = corpus_folder(args.target or f"{args.name}-practice", args.data_dir)
    writer, reader = load_as(Writer, args.writer), load_as(Reader, args.reader)
    splits = args.splits or splits_to_use(corpus, None, None)[0]
    choose = BestOf(reader, args.candidates, embedder=load_as(Embedder, bundled("compare handwriting")))
    require_sane(args.bias, args.seed)
    if args.lines < 1:
        raise InputError(f"lines is {args.lines}; it must be 1 or more")
    with CorpusWriter(folder) as made:
        settings = {"bias": args.bias, "seed": args.seed, "kinds": args.kinds}
        for line in practice_lines(writer, choose, corpus, splits, args.lines, **settings):
            made.add(line)
        texts = " and ".join(args.kinds or ["all kinds"])
        how = (
            f"{texts} behind lines of {args.name}, by {named(writer)} at bias {args.bias:g}, as read by {named(reader)}"
        )
        card = made.finish(source=PRACTICE, how_made=how, report={})
    print("\n".join(describe(card)))
    print(f"prepared in {folder}")


def look_command(args: argparse.Namespace) -> None:
    """Write the page with the odd lines of a corpus, some others, and its numbers."""
    target = args.out or Path("out") / f"look-{args.name}.html"
    target.parent.mkdir(parents=True, exist_ok=True)
    write_corpus_page(open_corpus(args.name, args.data_dir).folder, target, args.seed)
    print(f"open {target} in a browser")


def check_command(args: argparse.Namespace) -> None:
    """Print what is wrong with a prepared corpus; exit code 2 if anything is."""
    folder = corpus_folder(args.name, args.data_dir)
    findings = check_corpus(folder)
    notes = findings.notes
    if args.ink and not findings.faults:
        reader = load_as(Reader, args.reader)
        notes += ink_notes(Corpus(folder), texts_read_by(reader), reader.alphabet.characters)
    print("\n".join([*findings.faults, *(f"note: {note}" for note in notes)]))
    if findings.faults:
        raise InputError(f"{folder}: {len(findings.faults)} faults; prepare it again")
    print(f"{folder}: valid")


def export_command(args: argparse.Namespace) -> None:
    corpus = open_corpus(args.name, args.data_dir)
    count = export(corpus, args.format, args.target, args.split)
    print(f"{count:,} lines in {args.target}")


def prompts_command(args: argparse.Namespace) -> None:
    """Print sentences to write by hand, or save them, one per line."""
    alphabet = load(args.checkpoint).alphabet.characters if args.checkpoint else args.alphabet
    prompts = choose_prompts(args.n, alphabet, args.seed)
    text = "".join(f"{sentence}\n" for sentence in prompts.sentences)
    if args.out:
        with atomic_path(args.out) as path:
            path.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
    saved = [f"saved as {args.out}"] if args.out else []
    print(*prompts.notes(), *saved, sep="\n", file=sys.stdout if args.out else sys.stderr)


def language_model_command(args: argparse.Namespace) -> None:
    """Learn a language model from the transcriptions of corpora, and from more text where it is given."""
    corpora = [open_corpus(name, args.data_dir) for name in (args.name, *args.corpus)]
    train = args.split or splits_to_use(corpora[0], None, None)[0]
    valid = [split for _, usual in DEFAULT_SPLITS for split in usual if split in {*corpora[0].split_names} - {*train}]
    splits = [train, *(splits_to_use(corpus, None, None)[0] for corpus in corpora[1:])]
    texts: Iterable[str] = chain(*map(transcriptions, corpora, splits), *map(text_lines, args.texts))
    if args.unseen:
        measured = {text.strip() for text in transcriptions(corpora[0], valid)}
        texts = (text for text in texts if text.strip() not in measured)
    alphabet = {character for corpus in corpora for character in corpus.alphabet.characters}
    trained = train_language_model(texts, "".join(alphabet), args.order, args.min_count)
    trained.model.save(args.out)
    print(f"{trained.lines:,} lines, {trained.characters:,} characters; {args.out}")
    if valid:
        nats, count = trained.model.nats(transcriptions(corpora[0], valid))
        print(f"perplexity {math.exp(nats / max(count, 1)):.2f} per character of {args.name}, {', '.join(valid)}")
    if trained.foreign:
        foreign = sorted(trained.foreign.items(), key=lambda item: -item[1])
        names = ", ".join(f"{character!r} {count:,}" for character, count in foreign[:10])
        print(f"left out, as the corpus does not have them: {names}{' ...' if len(foreign) > 10 else ''}")


def transcriptions(corpus: Corpus, splits: list[str]) -> Iterator[str]:
    """Yield the texts of the lines in some splits of a corpus."""
    return (corpus.text(int(line)) for line in corpus.lines_of(splits))


def text_lines(path: Path) -> Iterator[str]:
    """The lines of a text file.

    Raises InputError where it cannot be read, or is no UTF-8 text.
    """
    try:
        with open(path, encoding="utf-8-sig") as file:
            yield from file
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


@one_line_errors
def main() -> None:
    args = parse_arguments()
    others = {
        **{"look": look_command, "check": check_command, "compose": compose_command, "prompts": prompts_command},
        **{"legible": legible_command, "practice": practice_command, "export": export_command},
        **{"language-model": language_model_command},
    }
    others.get(args.command, prepare_command)(args)


if __name__ == "__main__":
    main()
