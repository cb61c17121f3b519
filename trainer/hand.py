"""A person's handwriting learned from a few lines, in a small file: the bundled writer, and how it was changed."""

import tempfile
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from base.progress import Progress
from data_loader.corpus import Corpus
from data_loader.line_choice import notes_on_few, splits_to_use
from data_loader.transform import Transform, open_transformed
from ink.strokes import points_to_strokes
from parse_config import ConfigParser
from trainer.run import CATALOGUE, train
from utils.checkpoint import BUNDLED_FOLDER, load_checkpoint, save_difference
from utils.errors import InputError
from utils.run_folders import checkpoint_of, without_folders
from utils.strict_json import read_json

CONFIG = Path(__file__).parents[1] / "config_my_hand.json"
NOTE = "Made with the writer's consent; not to be used to pass as this person."
"""Sentence on the card of every hand."""
LINES_FOR_ALL, MIN_STRENGTH = 4, 0.25
"""Lines of several words from which a hand keeps all that it learned, and the share that it keeps at least: see
docs/my-hand.md. Between the two networks as in Wortsman et al. (2022, arXiv 2109.01903)."""
LINE_CHARACTERS = 36
"""Characters of the person's own line in the file, at most where there is such a line: as long as a usual style."""


class LearnedHand(NamedTuple):
    """The outcome of `learn_hand`.

    file     the small file; not there where the learning was stopped
    lines    number of lines that it was learned from, and their `characters`
    seconds  time that it took
    stopped  True if `should_stop` ended it
    notes    sentences for people on what can be expected
    """

    file: Path
    name: str
    lines: int
    characters: int
    seconds: float
    stopped: bool
    notes: list[str]


def learn_hand(
    corpus: str,
    out_file: str | Path,
    *,
    name: str,
    minutes: float | None = 5,
    data_dir: str | Path = Path("data"),
    base: str | Path = BUNDLED_FOLDER / "writer-iam.pt",
    strength: float | None = None,
    config: Mapping[str, Any] | None = None,
    on_progress: Callable[[Progress], object] | None = None,
    should_stop: Callable[[], bool] = lambda: False,
) -> LearnedHand:
    """Learn the handwriting of the lines of a prepared corpus, and write it to a small file.

    name     whose hand it is, by the user's own word
    minutes  time that it may take; None: as long as it takes
    base     the network that is changed; the file can be opened next to it alone
    strength share of the change that is in the file, above 0, at most 1; None: `usual_strength`
    config   of the training; None: config_my_hand.json. Its arch and transform become those of `base`

    The rest is as in `trainer.run.train`. Raises InputError for all that a user can fix.
    """
    start = monotonic()
    _require(name, strength)
    out_file, base = Path(out_file), Path(base)
    config = {**(config or read_json(CONFIG)), "init_from": str(base)}
    origin = load_checkpoint(base)
    config["arch"] = origin["config"]["arch"]
    loading = config["data_loader"]
    args = {**loading["args"], "corpus": corpus, "data_dir": str(data_dir), "transform": origin["facts"]["transform"]}
    config["data_loader"] = {**loading, "args": args}
    ink = _ink_of(args)
    lines, characters = len(ink), sum(len(text) for text, _ in ink)
    with tempfile.TemporaryDirectory() as scratch:
        config["trainer"] = {**config["trainer"], "save_dir": scratch}
        run = train(config, minutes=minutes, on_progress=on_progress, should_stop=should_stop)
        if not run.stopped:
            save_hand(run.folder, out_file, name, strength)
    return LearnedHand(out_file, name, lines, characters, monotonic() - start, run.stopped, notes_on_few(lines))


def usual_strength(texts: Iterable[str]) -> float:
    """Return the share of what was learned from lines with these texts that a hand keeps.

    A hand does not learn from single words, or from a line alone, how lines go on: with all of it little is legible.
    """
    several = sum(" " in text for text in texts)
    return min(1.0, max(MIN_STRENGTH, several / LINES_FOR_ALL))


def save_hand(run: Path, out_file: Path, name: str, strength: float | None = None) -> float:
    """Save the hand that a run of config_my_hand.json learned: a share, `strength`, of what it changed in its base.

    A line of the person's own is in the file, behind which the network writes. Returns the strength, that of
    `usual_strength` where it is None.

    Raises InputError where the run began from no network or is a hand already, its corpus is gone, `name` is empty, or
    `strength` is not in (0, 1].
    """
    _require(name, strength)
    path = checkpoint_of(run, "best.pt")
    content = load_checkpoint(path)
    config, facts = content["config"], content["facts"]
    base = config.get("init_from")
    if "hand" in facts:
        raise InputError(f"{path}: is a hand already, and has not the lines that it was learned from; export its run")
    if not base:
        raise InputError(f"{path}: its config has no init_from, so it changed no other network; export it as a whole")
    ink = _ink_of(config["data_loader"]["args"])
    strength = usual_strength(text for text, _ in ink) if strength is None else strength
    text, points = own_line(ink)
    strokes = points_to_strokes(points, (facts["std"][0], facts["std"][1]))
    hand = {
        "name": name,
        "note": NOTE,
        "lines": len(ink),
        "characters": sum(len(text) for text, _ in ink),
        "text": text,
        "strokes": strokes.tolist(),
    }
    model = ConfigParser(config, str(path)).build("arch", CATALOGUE, alphabet_size=len(facts["alphabet"]))
    base_file = checkpoint_of(Path(base), "best.pt")
    rates, own = load_checkpoint(base_file)["facts"].get("read_right"), {*"".join(text for text, _ in ink)}
    if isinstance(rates, dict):  # nothing is known yet of how it writes what the person wrote
        facts = {**facts, "read_right": {each: rate for each, rate in rates.items() if each not in own}}
    content = {"config": without_folders(config), "facts": {**facts, "hand": hand}, "model": content["model"]}
    out_file.parent.mkdir(parents=True, exist_ok=True)
    save_difference(out_file, content, base_file, model.character_axes(), strength)
    return strength


def _require(name: str, strength: float | None) -> None:
    """Raise InputError unless a hand may have this name and strength."""
    if not name.strip():
        raise InputError("the name of a hand is empty; it says whose handwriting it is")
    if strength is not None and not 0 < strength <= 1:
        raise InputError(f"the strength of a hand is {strength:g}; it must be above 0, and 1 at most")


def _ink_of(args: Mapping[str, Any]) -> list[tuple[str, np.ndarray]]:
    """Return text and transformed points of every line that a hand is learned from, by its data loader's arguments."""
    if not isinstance(args["corpus"], str):
        raise InputError("data_loader.args.corpus has several corpora; a hand is learned from one")
    transform = Transform(**args["transform"]) if args.get("transform") else None
    corpus: Corpus = open_transformed(args["corpus"], Path(args.get("data_dir", "data")), transform)
    splits, _ = splits_to_use(corpus, args.get("train"), args.get("valid"))
    lines = [(corpus.text(line), np.array(corpus.points(line))) for line in corpus.lines_of(splits).tolist()]
    ink = [(" ".join(text.split()), points) for text, points in lines if text.strip()]
    if not ink:
        raise InputError(f"{corpus.folder}: no line has a text; a hand is learned from ink and what it says")
    return ink


def own_line(ink: list[tuple[str, np.ndarray]]) -> tuple[str, np.ndarray]:
    """Return the line behind which a hand writes: the longest of LINE_CHARACTERS at most, one without words in capitals
    where there is one, else the shortest of all.
    """
    short = [(text, points) for text, points in ink if len(text) <= LINE_CHARACTERS]
    if not short:
        return min(ink, key=lambda line: len(line[0]))
    return max(short, key=lambda line: (not any(map(is_shouted, line[0].split())), len(line[0])))


def is_shouted(word: str) -> bool:
    """True of a word of two characters or more whose letters are capitals."""
    return len(word) > 1 and word.isupper()
