"""The commands of README and docs run as they are printed, page after page, in the state of a fresh clone.

Left out are those that need what a clone has not (raw data sets but a tiny IAM-OnDB, a server, a plotter, several
processes), and the benchmarks, which take minutes. Trainings take a step, and measurements two texts. RUN, mine.xopp
and the like are small runs and files.
"""

import io
import itertools
import re
import shlex
import shutil
import string
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import experiments
import prepare_data
import train
from data_loader.formats.inkml.export import write_inkml
from data_loader.formats.jsonl import write_jsonl
from data_loader.formats.read_report import Report
from data_loader.formats.xopp import write_xopp
from data_loader.prepare import BUILT_IN, prepare
from data_loader.prompts import choose_prompts
from data_loader.synthetic.digits import synthetic_digits
from data_loader.synthetic.lines import synthetic_lines
from data_loader.synthetic.writer import Writer, hershey_faces
from ink.strokes import InkLine, pen_strokes
from studio import __main__ as studio
from tests.data_loader.formats.mini_iam import MiniIam, ink_xml
from tests.data_loader.test_compose import ALL, drawn, word
from tests.test_docs import PAGES, ROOT, blocks, calls, name_of
from tests.tiny import run_main, write_corpus

SCRIPTS = {"train.py": train, "experiments.py": experiments, "prepare_data.py": prepare_data, "studio": studio}
BY_HAND = re.compile(
    r"^(?!python )|http\.server|-m (benchmarks|venv)|studio( --port|$)|\.py (-r \S+ )?alike|--machine"
    r"|_r01_v07|sentences\.tar|easybank|IMAGES|\bOLD\b|--ctc-weight 0"
)
"""Commands that are not run here: the module's docstring says why."""
WRITER, READER = "saved/pretrained/conditional.pt", "saved/pretrained/recognition.pt"
FORMS = {"a01-003": "trainset", "m06-759z": "testset_v", "p02-214z": "testset_f", "z99-999z": "testset_t"}
A_RUN = re.compile(r"(saved/models/(?!conditional)\w+)/(RUN(/best\.pt)?|\d{4}_\d{6})")
SHORT = ["--set", "trainer.max_batches=1", "--set", "trainer.show_epochs=0", "--set", "data_loader.args.batch_size=4"]


def ink_of(texts: list[str]) -> list[np.ndarray]:
    """The ink (T, 3) of texts in a made-up handwriting."""
    writer = Writer(np.random.default_rng(7), hershey_faces(), prints=True)
    return [writer.write(text, np.random.default_rng(n))[0] for n, text in enumerate(texts)]


def page_of_ink(texts: list[str]) -> InkLine:
    """A page with a line per text."""
    points = np.concatenate([line + np.float32([0, 160 * n, 0]) for n, line in enumerate(ink_of(texts))])
    return InkLine("page", "", "", "", points)


def raw_iam(folder: Path) -> None:
    """IAM-OnDB's archives with four lines to each of four lists, of all characters that IAM-OnDB has."""
    characters = string.ascii_letters + string.digits + "!\"#&'()*+,-./:;?[]"
    texts = [f"so {''.join(part)} it is" for part in np.array_split(list(characters), 4 * len(FORMS))]
    ink = {}
    for n, points in enumerate(ink_of(texts)):
        strokes = [np.rint(stroke).astype(int) + 1000 for stroke in pen_strokes(points)]
        name = f"{[*FORMS][n // 4]}-{n % 4 + 1:02d}"
        ink[name] = ink_xml(tuple(tuple((x, y, 1) for x, y in stroke) for stroke in strokes))
    parts = {form: texts[4 * n : 4 * n + 4] for n, form in enumerate(FORMS)}
    transcriptions = {
        form: ("CSR:\n\n" + "".join(f"{text}\n" for text in part)).encode() for form, part in parts.items()
    }
    lists = {name: f"{form}\n".encode() for form, name in FORMS.items()}
    MiniIam(ink, transcriptions, lists).write_archives(folder)


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory, tiny_runs: dict[str, Path]) -> Path:
    """A folder with the project's files but for runs and corpora, and the ink and texts that the pages name."""
    folder = tmp_path_factory.mktemp("clone")
    for path in ROOT.glob("*"):
        if path.name not in ("data", "docs", "out", "saved"):
            (folder / path.name).symlink_to(path)
    for name in ("docs", "saved/pretrained"):
        shutil.copytree(ROOT / name, folder / name)
    for date in ("1120_193512", "1121_080000"):
        shutil.copytree(tiny_runs["ConditionalHandwriting"], folder / "saved/models/conditional" / date)
    raw_iam(folder / "raw/iam-ondb")
    shutil.copy(folder / "docs/letter.txt", folder)
    prompts = choose_prompts(20)
    page = page_of_ink(prompts.sentences)
    (folder / "prompts.txt").write_text("".join(f"{text}\n" for text in prompts.sentences))
    write_xopp([page], folder / "mine.xopp")
    page = page_of_ink(["good morning", "and good night"])
    write_xopp([page], folder / "page.xopp")
    write_inkml([page], folder / "raw/inkml")
    shutil.copy(next((folder / "raw/inkml").iterdir()), folder / "page.inkml")
    polylines = "".join(f'<polyline points="{" ".join(map(str, ink.ravel()))}"/>' for ink in pen_strokes(page.points))
    (folder / "page.svg").write_text(f'<svg xmlns="http://www.w3.org/2000/svg" fill="none">{polylines}</svg>')
    write_jsonl(few_lines(2), folder / "ink.jsonl")
    write_jsonl(few_lines(12), folder / "mine.jsonl")
    write_inkml(few_lines(1), folder / "style")
    shutil.copy(next((folder / "style").iterdir()), folder / "mine.inkml")
    (folder / "text.txt").write_text("a line of free text\n" * 9)
    prepare("iam-ondb", folder / "raw/iam-ondb", folder / "data/iam-ondb", Report())
    write_other_corpora(folder / "data")
    return folder


def write_other_corpora(data: Path) -> None:
    """The corpora that cannot be prepared here, of the built-in ones' ink and down-strokes in the place of words."""
    for name in ("mnist-digits", "unipen-digits"):
        write_corpus(data / name, synthetic_digits(num_writers=3, times_each=1, valid_writers=1))
    for name in ("unipen-texts", "unipen-texts-legible", "imadocsen-lines"):
        write_corpus(data / name, few_lines())
    words = [word(text, writer, n) for writer in "ab" for n, text in enumerate(["minor", "sea", "review", "mean"] * 3)]
    write_corpus(
        data / "unipen-words", [*words, *(word(text, "v", n, "valid") for n, text in enumerate(["sure", "cave"]))]
    )
    characters = [drawn(c, writer, n, 2.0) for writer in "av" for c in ALL for n in range(3)]
    write_corpus(data / "unipen-characters", characters)
    kinds = ("words", "numbers", "dates", "capitals", "punctuation")
    write_corpus(
        data / "unipen-words-kinds", [replace(line, split=kind) for kind, line in zip(kinds, few_lines(5), strict=True)]
    )


def few_lines(count: int | None = None) -> Iterator[InkLine]:
    """Lines of the built-in corpus, as few as its splits need, or the first `count` of them."""
    return itertools.islice(synthetic_lines(num_writers=24, lines_per_writer=5, valid_writers=12), count)


def copied(page: Path, folder: Path) -> list[list[str]]:
    """Return what a page's commands call, without those that are left out."""
    folder.mkdir()
    return [call for call in calls("\n".join(blocks(page, "bash")), folder) if not BY_HAND.search(shlex.join(call))]


def shorter(script: str, words: list[str]) -> list[str]:
    """Return a script's arguments, with one step per epoch in place of minutes or many epochs, and few texts."""
    number = "--n" if script == "experiments.py" else "--lines"
    if number in words:
        words[words.index(number) + 1] = "2"
    if "report" in words:
        words = [*words, "--lines", "5"]
    if script != "train.py" or "--check" in words:
        return words
    if "--minutes" in words:
        at = words.index("--minutes")
        words = words[:at] + words[at + 2 :]
    return [*words, "--epochs", "2"] if "--resume" in words else [*words, "--epochs", "1", *SHORT]


def corpus_made(words: list[str]) -> str:
    """Return the name of the corpus that prepare_data.py makes by these arguments."""
    if "--name" in words:
        return words[words.index("--name") + 1]
    suffixes = {"compose": "-kinds", "legible": "-legible", "practice": "-practice"}
    return words[1] + suffixes[words[0]] if words[0] in suffixes else words[0]


def stand_in(word: str, page: Path) -> str:
    """Return what is here for a word of a command."""
    stand_ins = {
        "RUN": READER if page.name == "reading.md" else WRITER,
        "THAT": "saved/pretrained/digit_recognition.pt",
    }
    return A_RUN.sub(r"\1", stand_ins.get(word, word))


@pytest.mark.slow
@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_the_commands_of_a_page_run(
    page: Path,
    clone: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(clone)
    monkeypatch.setattr("data_loader.prepare.BUILT_IN", BUILT_IN | {"synthetic": few_lines})
    for _, *words in copied(page, tmp_path / "bin"):
        script, *words = [stand_in(word, page) for word in words if word != "-m"]
        words = shorter(script, words)
        if script == "prepare_data.py":  # it makes nothing over what is there, as pages say two ways to make the same
            shutil.rmtree(clone / "data" / corpus_made(words), ignore_errors=True)
            if words[0] == "export":
                Path(words[2]).unlink(missing_ok=True)
            words = [word.replace("FOLDER", f"raw/{words[0]}") for word in words]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(b"Dear Anna,\nthank you!")))
        code, _, error = run_main(SCRIPTS[script], words, monkeypatch, capsys)
        assert code == 0, f"{script} {shlex.join(words)}: {error}"
