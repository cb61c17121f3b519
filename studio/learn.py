"""A training of a handwriting, in a process of its own: python -m studio.learn FOLDER MINUTES [CHECKPOINT].

It reports to its parent in lines of JSON on standard output, stops where standard input ends, as it does when the
parent is gone, and leaves the handwriting's older weights until the new ones are whole.
"""

import json
import os
import shutil
import sys
import tempfile
import threading
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from base.progress import Progress
from data_loader.corpus_writer import CorpusWriter
from data_loader.formats.jsonl import write_jsonl
from ink.strokes import InkLine
from results.roles import load_as
from results.writing.writer import Writer
from studio.hand import SAMPLE, WEIGHTS, Hand
from studio.styles import TEXT, card
from trainer.hand import learn_hand
from utils.errors import InputError

GENTLENESS = 10
"""Priority below that of the page: the system's nice value."""
SCRATCH = ".training-"
SAMPLE_BIAS, SAMPLE_SEED = 1.0, 1


def main(folder: Path, minutes: float, base: Path | None) -> None:
    """Learn the handwriting in a folder."""
    if hasattr(os, "nice"):  # not on Windows
        os.nice(GENTLENESS)
    channel = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what a training prints goes to the log
    over = threading.Event()

    def wait_for_parent() -> None:
        sys.stdin.read()
        over.set()

    threading.Thread(target=wait_for_parent, daemon=True).start()

    def report(kind: str, data: Any) -> None:
        try:
            print(json.dumps([kind, data]), file=channel, flush=True)
        except OSError:  # the parent is gone
            over.set()

    def progress(now: Progress) -> None:
        report("progress", {"done": now.done, "seconds_left": now.seconds_left})
        for sample in now.samples[:1]:
            report("sample", card("", "", InkLine("", sample.text, "", "", sample.points)))

    try:
        report("end", _learn(Hand.of(folder), minutes, base, progress, over.is_set))
    except InputError as error:
        report("error", str(error))
    except OSError as error:
        report("error", f"the system refused: {error.strerror or error}")


def _learn(hand: Hand, minutes: float, base: Path | None, progress: Any, should_stop: Any) -> dict[str, Any]:
    """Learn a handwriting, and write a line in it for its card; returns the facts of the training."""
    for left_over in hand.folder.glob(f"{SCRATCH}*"):  # by a training that was killed
        shutil.rmtree(left_over)
    with TemporaryDirectory(dir=hand.folder, prefix=SCRATCH) as scratch:
        data = Path(scratch)
        tempfile.tempdir = scratch  # the run is made there too, and deleted with the handwriting
        with CorpusWriter(data / "sentences") as corpus:
            for line in hand.lines().values():
                corpus.add(line)
            corpus.finish(source="studio", how_made="written in the studio", report={})
        learn = learn_hand if base is None else partial(learn_hand, base=base)
        made = learn(
            "sentences",
            data / WEIGHTS,
            name=hand.title,
            minutes=minutes or None,
            data_dir=data,
            on_progress=progress,
            should_stop=should_stop,
        )
        if not made.stopped:
            writer = load_as(Writer, made.file, base=base)
            text = "".join(character for character in TEXT if character in writer.characters)
            points = writer.write(text, bias=SAMPLE_BIAS, seed=SAMPLE_SEED).lines[0]
            write_jsonl([InkLine("sample", text, hand.title, "", points)], hand.folder / SAMPLE)
            os.replace(made.file, hand.folder / WEIGHTS)
        return {"stopped": made.stopped, "seconds": made.seconds, "notes": made.notes}


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[2]), Path(sys.argv[3]) if sys.argv[3:] else None)
