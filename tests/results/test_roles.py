"""Roles of trained networks: their verbs, and the message where a network has no such verb."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from model import MODELS
from results import LineReading, Writing, evaluate, read, write
from results.reading.reader import Reader
from results.roles import in_role, load, load_as
from results.trained import BUNDLED
from results.writing.digits import CharacterWriter
from results.writing.writer import Writer
from tests.results.recognizers import ALPHABET, line_of, recognizer
from tests.results.writers import writer
from tests.tiny import write_corpus
from utils.errors import InputError

PRETRAINED = Path(__file__).parents[2] / "saved" / "pretrained"
ABILITIES = {
    "ConditionalHandwriting": ("Writer", "write", "write lines"),
    "UnconditionalHandwriting": ("Writer", "write", "write lines"),
    "ClassConditionalHandwriting": ("CharacterWriter", "write", "write characters"),
    "Seq2SeqRecognizer": ("Reader", "read", "read lines"),
    "StrokeClassifier": ("Classifier", "read", "read characters"),
    "HandwritingEmbedding": ("Embedder", "compare handwriting", "compare handwriting"),
}


def network(arch: str) -> Any:
    """An untrained network in its role."""
    sizes: dict[str, Any] = (
        {} if arch in ("UnconditionalHandwriting", "HandwritingEmbedding") else {"alphabet_size": len(ALPHABET)}
    )
    facts = {"corpus": "letters", "alphabet": ALPHABET, "std": [5.0, 4.0]}
    return in_role(MODELS[arch](**sizes), facts, {"arch": {"type": arch}}, Path(f"{arch}.pt"))


@pytest.mark.parametrize("arch", ABILITIES)
def test_a_network_has_the_verbs_of_its_role_and_names_what_to_try_for_others(arch: str) -> None:
    role, *abilities = ABILITIES[arch]
    model = network(arch)
    assert type(model).__name__ == role and arch in repr(model) and len(repr(model)) < 120
    assert all(model.can(ability) for ability in abilities)
    for ability in {ability for _, *others in ABILITIES.values() for ability in others} - set(abilities):
        with pytest.raises(InputError, match=rf"{arch}.pt: {arch} .*; it does not {ability}; try -r saved/pre.*\.pt"):
            model.require(ability)
    if not model.can("write"):
        with pytest.raises(InputError, match="does not write"):
            model.write("abc")
    if not model.can("read"):
        with pytest.raises(InputError, match="does not read"):
            model.read([])


@pytest.mark.parametrize("name", ["writer-iam.pt", "digits.pt", "reader.pt", "digit_recognition.pt", "embedding.pt"])
def test_bundled_checkpoints_that_a_message_names_can_do_it(name: str) -> None:
    abilities = [ability for ability, bundled in BUNDLED.items() if bundled == name]
    bundled = load(PRETRAINED / name, "cpu")
    assert abilities and all(bundled.can(ability) for ability in abilities)


@pytest.mark.parametrize(("name", "hardly_known"), [("conditional.pt", ["@", "Z"]), ("writer-iam.pt", ["@"])])
def test_bundled_writers_know_what_they_hardly_learned(name: str, hardly_known: list[str]) -> None:
    assert load_as(Writer, PRETRAINED / name, "cpu").spelling.well_known.missing("me@example.org Zoe") == hardly_known


def test_a_role_that_is_needed_is_loaded_or_refused() -> None:
    assert load_as(CharacterWriter, PRETRAINED / "digits.pt", "cpu").characters == "0123456789"
    assert load_as(Writer, PRETRAINED / "digits.pt", "cpu").can("write characters")
    with pytest.raises(InputError, match="does not read"):
        load_as(Reader, PRETRAINED / "digits.pt", "cpu")


def test_of_a_folder_of_runs_the_newest_is_loaded(tmp_path: Path) -> None:
    for age, run in enumerate(("1231_235900", "0101_000100", "0101_000200")):
        (tmp_path / run).mkdir()
        if age < 2:
            shutil.copy(PRETRAINED / "digits.pt", tmp_path / run / "best.pt")
            os.utime(tmp_path / run / "best.pt", (age, age))
    assert load(tmp_path, "cpu").path == tmp_path / "0101_000100"
    assert load(tmp_path / "1231_235900", "cpu").path == tmp_path / "1231_235900"
    with pytest.raises(InputError, match="0101_000200"):
        load(tmp_path / "0101_000200", "cpu")


def test_functions_and_verbs_do_the_same(tmp_path: Path) -> None:
    lines = [line_of("cab", split="train"), line_of("bed", split="valid")]
    write_corpus(tmp_path / "letters", lines)
    copies = write(writer(), "dad cab", n=2, seed=3)
    assert [copy.lines[0].tolist() for copy in copies] == [
        writer().write("dad cab", seed=seed).lines[0].tolist() for seed in (3, 4)
    ]
    readings: list[LineReading] = read(recognizer(), lines, beam=2)
    assert [reading.text for reading in readings] == [reading.text for reading in recognizer().read(lines)]
    measured = recognizer().evaluate(None, ["valid"], data_dir=tmp_path).numbers
    numbers = evaluate(recognizer(), splits=["valid"], data_dir=tmp_path)
    assert numbers["cer"] == measured["cer"] and numbers["n_lines"] == 1


def test_what_a_beam_is_not_for_is_refused() -> None:
    with pytest.raises(InputError, match="does not read lines"):
        read(network("StrokeClassifier"), [], beam=3)


@pytest.mark.parametrize(
    ("name", "first"), [("a.svg", b"<"), ("a.PNG", b"\x89PNG"), ("a.gif", b"GIF"), ("a.animated.svg", b"<")]
)
def test_a_writing_is_saved_by_its_suffix(name: str, first: bytes, tmp_path: Path) -> None:
    writing = writer().write("dad", seed=3)
    assert writing.save(tmp_path / name) == [tmp_path / name]
    assert (tmp_path / name).read_bytes().startswith(first)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_a_writing_of_several_pages_has_a_file_for_each(tmp_path: Path) -> None:
    line = writer().write("dad", seed=3).lines[0]
    writing = Writing(["dad"] * 60, [line] * 60, [])
    paths = writing.save(tmp_path / "text.svg")
    assert len(paths) > 1 and [path.name for path in paths[:2]] == ["text-page1.svg", "text-page2.svg"]
    assert repr(writing).startswith("Writing('dad dad") and len(repr(writing)) < 120
    with pytest.raises(InputError, match=r"text.docx: .*\.svg"):
        writing.save(tmp_path / "text.docx")
