"""Handwritings that are given to the studio: their sentences, their check, their file."""

import errno
import io
import json
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.formats.ink_files import ink_of
from data_loader.formats.read_report import Report
from ink.strokes import InkLine
from results.writing.styles import BUNDLED
from studio.hand import COUNT, FACTS, INK, WEIGHTS, Hands, check
from studio.hand_file import export, import_hand
from studio.reading import plain_page
from tests.studio.conftest import HOST, Page
from tests.tiny import assert_same_ink
from utils.errors import InputError


@pytest.fixture
def hands(tmp_path: Path) -> Hands:
    return Hands(tmp_path / "hands", " " + "".join(map(chr, range(33, 127))))


def real_line(number: int = 0) -> InkLine:
    """A line of handwriting with its text."""
    return ink_of([BUNDLED], Report())[number]


def two_lines() -> InkLine:
    """A line of handwriting, and the same once more below it."""
    line = real_line()
    points = np.concatenate([line.points, line.points + np.array([0, 6 * np.ptp(line.points[:, 1]), 0])])
    return replace(line, points=points.astype(np.float32), text=f"{line.text} {line.text}", times=None)


def never_lifted() -> InkLine:
    line = real_line()
    points = line.points.copy()
    points[:-1, 2] = 0
    return replace(line, points=points)


FAULTS: list[tuple[InkLine, str, list[str]]] = [
    (real_line(), real_line().text, []),
    (replace(real_line(), points=real_line().points[:30]), "", ["too little ink"]),
    (real_line(), "nothing of that kind is here", ["hardly be read"]),
    (two_lines(), two_lines().text, ["2 lines"]),
    (never_lifted(), real_line().text, ["never lifted"]),
]


@pytest.mark.parametrize(("line", "reading", "faults"), FAULTS)
def test_what_is_wrong_with_a_sentence_is_named(line: InkLine, reading: str, faults: list[str]) -> None:
    made = check(line, lambda _: reading)
    assert len(made["faults"]) == len(faults)
    for part, fault in zip(faults, made["faults"], strict=True):
        assert part in fault and "prepare" not in fault  # no word of the command line


def test_characters_that_are_not_read_are_marked_and_a_word_left_out_is_named() -> None:
    line = replace(real_line(), text="Bring the red jam")
    assert check(line, lambda _: "bring the red jam")["unread"] == []
    assert check(line, lambda _: "Brng the rod jam")["unread"] == [2, 11]
    assert check(line, lambda _: "Bring red jam")["faults"] == ["“the” may be missing"]
    assert check(line, lambda _: "Bring thc red jam")["faults"] == []


def test_a_handwriting_is_begun_written_gone_on_with_and_deleted(hands: Hands) -> None:
    hand = hands.new("  Ada  Lovelace ")
    assert (hand.title, hand.folder.name, len(hand.sentences)) == ("Ada Lovelace", "ada-lovelace", COUNT)
    line = real_line()
    added = hands.add("ada-lovelace", 2, plain_page(line), lambda _: hand.sentences[2])
    assert added["hand"]["written"] == 1 and added["check"]["reading"] == hand.sentences[2]
    hands.add("ada-lovelace", 0, plain_page(real_line(1)), lambda _: "other")
    hands.add("ada-lovelace", 0, plain_page(line), lambda _: "other")  # written again
    again = Hands(hands.folder, "abc").get("ada-lovelace")  # another day
    lines = again.lines()
    assert sorted(lines) == [0, 2] and [again.checks[0]["reading"], again.checks[2]["faults"]] == ["other", []]
    for number, kept in lines.items():
        named = replace(line, id=str(number + 1), text=hand.sentences[number], writer="Ada Lovelace")
        assert_same_ink([replace(kept, unit="", times=None)], [replace(named, unit="", times=None, split="")])
    shown = again.pages()["sentences"]
    assert [bool(sentence["ink"]) for sentence in shown[:4]] == [True, False, True, False]
    assert again.summary()["missing"] and not again.is_learned
    hands.remove("ada-lovelace")
    assert [*hands.folder.iterdir()] == [] and hands.all() == []


@pytest.mark.parametrize(
    ("title", "named"), [("", "letters or digits"), (" ../ ", "letters or digits"), ("ada", "there already")]
)
def test_a_handwriting_needs_a_name_of_its_own(title: str, named: str, hands: Hands) -> None:
    hands.new("Ada")
    with pytest.raises(InputError, match=named):
        hands.new(title)
    assert [path.name for path in hands.folder.iterdir()] == ["ada"]


def test_a_handwriting_comes_back_from_its_file_under_a_name_of_its_own(hands: Hands) -> None:
    hands.new("Ada")
    hands.add("ada", 3, plain_page(real_line()), lambda _: "so")
    name, media, content = export(hands.get("ada"))
    assert (name, media) == ("ada.handwriting.zip", "application/zip") and content == export(hands.get("ada"))[2]
    again = import_hand(hands, content)
    assert again.folder.name == "ada-2" and export(again)[2] == content
    assert sorted(path.name for path in hands.folder.iterdir()) == ["ada", "ada-2"]


def test_a_name_has_no_character_that_a_file_of_ink_cannot_hold(hands: Hands) -> None:
    hand = hands.new("Ay\u200cda \ud800\u2069!")  # as between Persian letters, and in the middle of a pasted text
    assert hand.title == "Ayda !"
    hands.add(hand.folder.name, 0, plain_page(real_line()), lambda _: "so")
    assert [each["written"] for each in hands.all()] == [1]


@pytest.mark.parametrize(("name", "content"), [(FACTS, "{"), (INK, "{"), (FACTS, '{"title": "\\ud800"}')])
def test_a_damaged_handwriting_is_named_leaves_the_others_alone_and_can_be_deleted(
    name: str, content: str, hands: Hands
) -> None:
    hands.new("Ada")
    hands.new("Bob")
    (hands.folder / "ada" / name).write_text(content)
    damaged, sound = hands.all()
    assert damaged["id"] == "ada" and name in damaged["fault"] and damaged["card"] is None
    assert sound["title"] == "Bob" and "fault" not in sound
    hands.remove("ada")
    assert [path.name for path in hands.folder.iterdir()] == ["bob"]


def packed(method: int = zipfile.ZIP_DEFLATED, **changes: Any) -> bytes:
    """A handwriting's file, with files of other contents; None: without that file."""
    facts = {"title": "Ada", "sentences": ["one"], "checks": {}}
    files = {FACTS: json.dumps(facts), **{name.replace("__", "."): text for name, text in changes.items()}}
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, text in files.items():
            if text is not None:
                archive.writestr(name, text)
    return buffer.getvalue()


BAD_FILES: list[tuple[bytes, str]] = [
    (b"", "damaged"),
    (b"PK\x03\x04 no zip", "damaged"),
    (packed()[:-30], "damaged"),
    (packed(zipfile.ZIP_LZMA), "no file of a handwriting"),
    (packed(**{"é": "x"}).replace("é".encode(), b"\xff\xff"), "damaged"),
    (packed(hand__json="[" * 100_000), "damaged"),
    (packed(hand__json='{"title": "A", "sentences": ["one"], "checks": {"0": {"unread": [1e999]}}}'), "damaged"),
    (packed(hand__json='{"title": "\\ud800", "sentences": ["one"], "checks": {}}'), "damaged"),
    (packed(hand__json=None), "no file of a handwriting"),
    (packed(**{"../evil": "x"}), "no file of a handwriting"),
    (packed(ink__jsonl="\0" * 101_000_000), "larger than 100 MB"),
    (packed(hand__json="{}"), "damaged"),
    (packed(hand__json=json.dumps({"title": "A", "sentences": ["one"], "checks": {"0": 5}})), "damaged"),
    (packed(hand__json=json.dumps({"title": 5, "sentences": ["one"], "checks": {}})), "damaged"),
    (packed(ink__jsonl="{"), INK),
    (packed(hand__pt="no weights", sample__jsonl='{"strokes": [[[0, 0], [1, 1]]]}'), WEIGHTS),
    (packed(hand__pt="no sample"), "sample.jsonl"),
]


@pytest.mark.parametrize(("content", "named"), BAD_FILES)
def test_a_file_that_is_no_handwriting_is_refused_and_leaves_nothing(content: bytes, named: str, hands: Hands) -> None:
    with pytest.raises(InputError, match=named) as refusal:
        import_hand(hands, content)
    assert str(hands.folder) not in str(refusal.value)
    assert [*hands.folder.iterdir()] == []


def test_the_page_writes_a_sentence_and_is_refused_what_is_none(page: Page, studio_folder: Path) -> None:
    opened = page.call("/api/hands/new", {"title": "Test"}).json()
    assert opened["id"] == "test" and len(opened["sentences"]) == opened["count"] and opened["written"] == 0
    ink = plain_page(real_line())
    for data, named in [
        ({"id": "gone", "number": 0, "ink": ink}, "not there"),
        ({"id": "../test", "number": 0, "ink": ink}, "not there"),
        ({"id": "test", "number": 99, "ink": ink}, "no such sentence"),
        ({"id": "test", "number": "0", "ink": ink}, "no such sentence"),
        ({"id": "test", "number": True, "ink": ink}, "no such sentence"),
        ({"id": "test", "number": 0, "ink": {"strokes": []}}, "nothing is written"),
        ({"id": "test", "number": 0, "ink": 5}, "no ink"),
    ]:
        response = page.call("/api/hands/sentence", data)
        assert response.status_code == 422 and named in response.json()["error"], data
    assert "sentences at least" in page.call("/api/hands/learn", {"id": "test"}).json()["error"]
    made = page.call("/api/hands/sentence", {"id": "test", "number": 0, "ink": ink}).json()
    assert made["hand"]["written"] == 1 and set(made["check"]) == {"reading", "unread", "faults"}
    assert page.call("/api/hands/open", {"id": "test"}).json()["sentences"][0]["ink"]["strokes"]
    content = page.call("/api/hands/export", {"id": "test"}).content
    sent = page.post("/api/hands/import", content=content, headers={"origin": f"http://{HOST}"}).json()
    assert sent["id"] == "test-2" and sent["written"] == 1
    assert "not learned yet" in page.call("/api/write/svg", {"text": "bad", "style": "hand-test"}).json()["error"]
    assert [hand["id"] for hand in page.call("/api/hands", {}).json()["hands"]] == ["test", "test-2"]
    for name in ("test", "test-2"):
        assert page.call("/api/hands/remove", {"id": name}).status_code == 200
    assert [*(studio_folder / "hands").iterdir()] == []


def test_a_full_disk_is_told_and_what_was_written_stays(
    page: Page, studio_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    assert page.call("/api/hands/new", {"title": "Full"}).status_code == 200
    sentence = {"id": "full", "number": 0, "ink": plain_page(real_line())}
    assert page.call("/api/hands/sentence", sentence).status_code == 200
    before = {path.name: path.read_bytes() for path in (studio_folder / "hands" / "full").iterdir()}
    monkeypatch.setattr("os.fsync", refuse)
    for path, data in (("sentence", {**sentence, "ink": plain_page(real_line(1))}), ("new", {"title": "Another"})):
        response = page.call(f"/api/hands/{path}", data)
        assert response.status_code == 422 and "No space left" in response.json()["error"]
    assert {path.name: path.read_bytes() for path in (studio_folder / "hands" / "full").iterdir()} == before
    assert [path.name for path in (studio_folder / "hands").iterdir()] == ["full"]
    monkeypatch.undo()
    assert page.call("/api/hands/remove", {"id": "full"}).status_code == 200
