"""Prepare raw pen data as corpora in data/<name>/, look at them, check them and export them."""

if __name__ == "__main__":
    from utils.packages import require_packages

    require_packages()

import argparse
import math
import shlex
import sys
from collections.abc import Iterable, Iterator
from itertools import chain
from pathlib import Path

from data_loader.corpus import Corpus
from data_loader.corpus_check import check_corpus
from data_loader.cut_lines import ReadLines
from data_loader.formats.read_report import Report
from data_loader.formats.registry import FORMATS
from data_loader.ink_check import ink_notes
from data_loader.kinds_of_text import prepare_kinds
from data_loader.legible import MAX_CER, prepare_legible
from data_loader.line_choice import DEFAULT_SPLITS, splits_to_use
from data_loader.prepare import (
    BUILT_IN,
    EXPORTS,
    corpus_folder,
    export,
    make_built_in,
    open_corpus,
    prepare,
)
from data_loader.prompts import PRINTABLE, choose_prompts
from data_loader.splits import SPLIT_BY, SplitRule
from model.language.training import train_language_model
from results.pages.corpus import write_corpus_page
from results.reading.reader import Reader
from results.roles import load, load_as
from results.trained import BUNDLED, FOLDER
from utils.command_line import Parser
from utils.errors import InputError, one_line_errors
from utils.files import atomic_path, file_hash
from utils.version import add_version

DATA_DIR = Path("data")
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
        texts = None if args.texts is None else [text.strip() for text in text_lines(args.texts) if text.strip()]
        options |= {"cut_lines": args.cut_lines, "read": read, "texts": texts}
        card = prepare(args.command, args.source, folder, report, split_rule=rule, **options)
    print("\n".join(describe(card) + report.summary()))
    where = "" if args.data_dir == DATA_DIR else f" --data-dir {shlex.quote(str(args.data_dir))}"
    print(f"prepared in {folder}; look at it with: python prepare_data.py look {folder.name}{where}")


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
    reader = load_as(Reader, args.reader)
    read = reader.evaluate(args.name, splits, data_dir=args.data_dir)
    readings = dict(zip(read.lines.tolist(), (line.read for line in read.read), strict=True))
    file = reader.path / "best.pt" if reader.path.is_dir() else reader.path
    named = f"{file.name} (sha256 {file_hash(file)})"
    card = prepare_legible(corpus, folder, readings, named, report, args.max_cer)
    print("\n".join(describe(card) + report.summary()))
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
        with open(path, encoding="utf-8") as file:
            yield from file
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8 text ({error.reason} at byte {error.start})") from None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from None


def parse_arguments() -> argparse.Namespace:
    parser = Parser(description=__doc__, example="python prepare_data.py jsonl mine.jsonl --name mine")
    add_version(parser)
    commands = parser.add_subparsers(
        dest="command", required=True, title="formats and subcommands", metavar="FORMAT|SUBCOMMAND"
    )
    for name, entry in FORMATS.items():
        example = f"python prepare_data.py {name} SOURCE --name mine"
        reading = commands.add_parser(name, help=entry.source, example=example)
        reading.add_argument("source", type=Path, help=entry.source)
        for option, arguments in entry.options.items():
            reading.add_argument(f"--{option.replace('_', '-')}", **arguments)
        reading.add_argument("--cut-lines", action="store_true", help="cut pages into lines, and their texts with them")
        reading.add_argument("--reader", type=Path, metavar="CHECKPOINT", help="a network that reads, to cut the texts")
        reading.add_argument(
            "--texts", type=Path, metavar="FILE", help="texts of ink without any: a line for each line"
        )
        reading.add_argument("--split-by", choices=SPLIT_BY, help="split anew (default: as the source says)")
        reading.add_argument("--valid-share", type=float, default=0.1, help="for validation (default: 0.1)")
        reading.add_argument("--seed", type=int, default=1, help="of the random split (default: 1)")
    for name in BUILT_IN:
        commands.add_parser(name, help="draw this built-in corpus")
    for name in (*FORMATS, *BUILT_IN):
        commands.choices[name].add_argument("--name", help="name of the prepared corpus (default: the format's)")
    looking = commands.add_parser("look", help="make a page of pictures and numbers, the odd lines first")
    looking.add_argument("--out", type=Path, help="the page (default: out/look-NAME.html)")
    looking.add_argument("--seed", type=int, default=1, help="of the random lines")
    checking = commands.add_parser("check", help="say what is wrong with a prepared corpus")
    checking.add_argument("--ink", action="store_true", help="look at every line's ink, and read it, before a training")
    checking.add_argument("--reader", type=Path, default=FOLDER / BUNDLED["read lines"], help="network that reads it")
    composing = commands.add_parser("compose", help="compose lines of each kind of text by held-back writers")
    choosing = commands.add_parser("legible", help="leave out the lines to train on that are read as another text")
    prompting = commands.add_parser("prompts", help="print sentences to write by hand that hold every character")
    add_prompts_arguments(prompting)
    exporting = commands.add_parser("export", help="write a prepared corpus in another format")
    learning = commands.add_parser("language-model", help="learn a character n-gram model, for read --lm")
    for command in (looking, checking, composing, choosing, exporting, learning):
        command.add_argument("name", help="the prepared corpus")
    exporting.add_argument("target", type=Path, help="the file or folder to be made")
    exporting.add_argument("--format", choices=EXPORTS, default="jsonl", help="default: jsonl")
    exporting.add_argument("--split", nargs="+", help="these splits only")
    add_compose_arguments(composing)
    add_legible_arguments(choosing)
    add_language_model_arguments(learning)
    for command in commands.choices.values():
        command.add_argument("--data-dir", type=Path, default=DATA_DIR, help="folder of the corpora (default: data)")
    return parser.parse_args()


def add_prompts_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--n", type=int, default=20, help="sentences at most (default: 20)")
    alphabet = parser.add_mutually_exclusive_group()
    alphabet.add_argument("--alphabet", default=PRINTABLE, help="characters to write (default: printable ASCII)")
    alphabet.add_argument("-r", "--checkpoint", type=Path, help="a network whose alphabet is to be written")
    parser.add_argument("--out", type=Path, metavar="FILE", help="a text file, a sentence per line (default: printed)")
    parser.add_argument("--seed", type=int, default=1, help="other sentences (default: 1)")


def add_compose_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--characters", required=True, metavar="NAME", help="the prepared corpus of characters")
    parser.add_argument("--lines", type=int, default=250, help="of each kind (default: 250)")
    parser.add_argument("--seed", type=int, default=1, help="of the random texts and ink (default: 1)")
    parser.add_argument("--name", dest="target", metavar="NAME", help="of the corpus made (default: NAME-kinds)")


def add_legible_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--max-cer", type=float, default=MAX_CER, help=f"edits per character allowed ({MAX_CER})")
    parser.add_argument("--reader", type=Path, default=FOLDER / BUNDLED["read lines"], help="network that reads them")
    parser.add_argument("--splits", nargs="+", help="whose lines are read (default: those usually trained on)")
    parser.add_argument("--name", dest="target", metavar="NAME", help="of the corpus made (default: NAME-legible)")


def add_language_model_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("texts", nargs="*", type=Path, metavar="TEXT", help="more text: UTF-8, in lines as written")
    parser.add_argument(
        "--corpus", nargs="+", default=[], metavar="NAME", help="more prepared corpora, their training splits"
    )
    parser.add_argument(
        "--unseen",
        action="store_true",
        help="leave out lines whose text a line to validate has, which many people copied",
    )
    parser.add_argument("--split", nargs="+", help="whose transcriptions (default: the training splits)")
    parser.add_argument(
        "--order", type=int, default=8, help="characters in context, the predicted one included (default: 8)"
    )
    parser.add_argument(
        "--min-count", type=int, default=2, help="times that a context came, at least; more make a smaller file (2)"
    )
    parser.add_argument("--out", type=Path, required=True, metavar="LM.npz", help="the file to be made")


@one_line_errors
def main() -> None:
    args = parse_arguments()
    others = {
        **{"look": look_command, "check": check_command, "compose": compose_command, "prompts": prompts_command},
        **{"legible": legible_command, "export": export_command, "language-model": language_model_command},
    }
    others.get(args.command, prepare_command)(args)


if __name__ == "__main__":
    main()
