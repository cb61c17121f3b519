"""A hand that is learned from a few lines: a tiny network, tiny lines, and the small file that comes out."""

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from data_loader.synthetic.lines import synthetic_lines
from parse_config import ConfigParser
from results.measuring.characters import save_read_right
from results.measuring.judged import Trial
from results.roles import load, load_as
from results.writing.writer import Writer
from tests.results.recognizers import recognizer
from tests.tiny import thinned, write_corpus
from trainer.hand import learn_hand, own_line, save_hand, usual_strength
from trainer.run import train
from utils import checkpoint
from utils.checkpoint import load_checkpoint, save_checkpoint
from utils.errors import InputError

Tiny = Callable[..., ConfigParser]
TRANSFORM = {"normalise_baseline": True, "normalise_size": True}


@pytest.fixture
def base(tiny: Tiny, tmp_path: Path) -> Path:
    run = train(tiny("ConditionalHandwriting", trainer__epochs=1, data_loader__args__transform=TRANSFORM))
    return Path(shutil.copy(run.folder / "best.pt", tmp_path / "own-writer.pt"))


def config(tiny: Tiny, **changes: Any) -> dict[str, Any]:
    few = {
        "data_loader__args__train": ["*"],
        "data_loader__args__valid": [],
        "data_loader__args__points_per_epoch": 200,
    }
    usual = {"trainer__epochs": 2, "trainer__monitor": "off", "optimizer__args__lr": 3e-3}
    return tiny("ConditionalHandwriting", **(few | usual | changes)).resolved


def mine(folder: Path, count: int, more: str = "") -> Path:
    """The corpus "mine" of some lines, whose texts end in `more`."""
    lines = [
        replace(thinned(line), writer="me", split="", text=line.text + more)
        for line, _ in zip(synthetic_lines(), range(count), strict=False)
    ]
    write_corpus(folder / "mine", lines)
    return folder


@pytest.mark.parametrize("count", [1, 2, 6])
def test_few_lines_become_a_small_file_that_writes(tiny: Tiny, base: Path, tmp_path: Path, count: int) -> None:
    data, file = mine(tmp_path / "data", count), tmp_path / "hands" / "mine.pt"
    shares: list[float] = []
    hand = learn_hand(
        "mine", str(file), name="Me", minutes=None, data_dir=str(data), base=str(base), config=config(tiny),
        on_progress=lambda report: shares.append(report.done),
    )  # fmt: skip
    assert (hand.lines, hand.name, hand.stopped, bool(hand.notes)) == (count, "Me", False, count < 5)
    assert shares[-1] == 1 and file.stat().st_size < base.stat().st_size
    before, after = load_as(Writer, base, "cpu"), load_as(Writer, file, "cpu", base)
    assert after.std == before.std and after.alphabet.characters == before.alphabet.characters
    assert any(not torch.equal(*pair) for pair in zip(before.model.parameters(), after.model.parameters(), strict=True))
    assert before.own_line is None and after.own_line and after.facts["hand"]["name"] == "Me"
    assert Trial(after, recognizer()).style == after.own_line and Trial(before, recognizer()).style is None
    text = before.alphabet.characters.strip()[:5]
    primed, plain = (after.write(text, style=style).lines[0] for style in (None, after.own_line))
    np.testing.assert_array_equal(primed, plain)


def test_of_few_lines_and_single_words_a_hand_keeps_less() -> None:
    assert [usual_strength(["good morning"] * count) for count in (1, 2, 4, 15)] == [0.25, 0.5, 1, 1]
    assert usual_strength(["word"] * 60) == 0.25 and usual_strength(["word", *["two words"] * 3]) == 0.75


def test_without_steps_the_hand_is_the_base_bit_for_bit(tiny: Tiny, base: Path, tmp_path: Path) -> None:
    data, file = mine(tmp_path / "data", 2), tmp_path / "mine.pt"
    still = config(tiny, optimizer={"type": "SGD", "args": {"lr": 1e-30}})
    learn_hand("mine", file, name="Me", minutes=None, data_dir=data, base=base, config=still)
    for name, weight in load_checkpoint(file, base)["model"].items():
        assert torch.equal(weight, load_checkpoint(base)["model"][name]), name


@pytest.mark.parametrize("strength", [0.7, 1.0])
def test_the_file_has_a_share_of_what_the_training_changed(
    strength: float, tiny: Tiny, base: Path, tmp_path: Path
) -> None:
    data, file = mine(tmp_path / "data", 2), tmp_path / "mine.pt"
    whole = config(tiny, init_from=str(base), data_loader__args__corpus="mine")
    whole["data_loader"]["args"] |= {"data_dir": str(data), "transform": TRANSFORM}
    run = train(whole).folder
    save_hand(run, file, "Me", strength)
    before, after, hand = (load_checkpoint(path)["model"] for path in (base, run / "best.pt", file))
    changes = [(hand[name] - weight, after[name] - weight) for name, weight in before.items()]
    along, whole_change = (sum(float((pair[n] * pair[1]).sum()) for pair in changes) for n in (0, 1))
    assert along / whole_change == pytest.approx(strength, rel=0.02)
    for name, wrong, fault in (("Me", 2, "strength of a hand is 2"), (" ", 1, "name of a hand is empty")):
        with pytest.raises(InputError, match=fault):
            save_hand(run, file, name, wrong)
        with pytest.raises(InputError, match=fault):  # before the corpus is looked for
            learn_hand("none", file, name=name, strength=wrong, base=base)
    shutil.copy(file, base.with_name("hand.pt"))
    with pytest.raises(InputError, match=r"hand.pt: is a hand already"):
        save_hand(base.with_name("hand.pt"), file, "Bob")


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["The cake says HAPPY BIRTHDAY, VICKY!", "Leo reads to Nora every Wednesday."], 1),
        (["abc 12", "abc 123", "I 12345678"], 2),
        (["אב", "אבגד", "אבג"], 1),
        (["a" * 50, "B" * 40], 1),
    ],
)
def test_a_hand_writes_behind_a_long_line_without_words_in_capitals(texts: list[str], expected: int) -> None:
    assert own_line([(text, np.zeros((2, 3))) for text in texts])[0] == texts[expected]


def test_characters_that_the_base_has_not_are_in_the_file(
    tiny: Tiny, base: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(checkpoint, "RANK", 1)  # so that matrices of this small network have factors
    new = "#Qäé\u2019"
    data, file = mine(tmp_path / "data", 2, new), tmp_path / "mine.pt"
    still = config(tiny, init_from=str(base), data_loader__args__corpus="mine", optimizer__args__lr=1e-30)
    still["data_loader"]["args"] |= {"data_dir": str(data), "transform": TRANSFORM}
    run = train(still).folder
    with pytest.raises(InputError, match=r"mine: .* was trained on all of its lines; name others"):
        load_as(Writer, run, "cpu").evaluate(data_dir=data)
    save_hand(run, file, "Me")
    parts = torch.load(file, weights_only=True)["model"]
    assert "stack.layers.0.rnn.weight_ih_l0.left" in parts and len(parts["window_layer.layer.rnn.weight_ih_l0.right"])
    learned, hand = load_as(Writer, run, "cpu"), load_as(Writer, file, "cpu", base)
    assert {*new} < {*hand.characters} and hand.characters == learned.characters
    for name, weight in hand.model.state_dict().items():
        torch.testing.assert_close(weight, learned.model.state_dict()[name], rtol=0, atol=1e-3, msg=name)
    text = f"{hand.characters.strip()[1:5]}{new}"
    lines = [network.write(text, style=hand.own_line).lines[0] for network in (hand, learned)]
    assert len(lines[0]) == len(lines[1]) and np.allclose(*lines, atol=0.05 * np.ptp(lines[1][:, 1]))


def test_a_damaged_list_of_axes_is_refused(tiny: Tiny, base: Path, tmp_path: Path) -> None:
    data, file = mine(tmp_path / "data", 1, "ä"), tmp_path / "mine.pt"
    learn_hand("mine", file, name="Me", minutes=None, data_dir=data, base=base, config=config(tiny))
    content = torch.load(file, weights_only=True)
    name = next(iter(content["base"]["axes"]))
    for axes in ({}, None, [1], {name: [1]}, {name: ["1", 0]}, {name: [9, 0]}, {name: [1, 10**18]}, {"x": [1, 0]}):
        torch.save({**content, "base": {**content["base"], "axes": axes}}, file)
        with pytest.raises(InputError, match="not a whole checkpoint"):
            load(file, "cpu")
    torch.save({**content, "facts": {**content["facts"], "alphabet": "a" * 10**7}}, file)
    with pytest.raises(InputError, match="for an alphabet of 10000000 characters"):
        load(file, "cpu")


def test_a_copy_with_the_shares_of_characters_read_right_has_the_same_weights(
    tiny: Tiny, base: Path, tmp_path: Path
) -> None:
    data, file, copy = mine(tmp_path / "data", 2), tmp_path / "mine.pt", tmp_path / "copy.pt"
    learn_hand("mine", file, name="Me", minutes=None, data_dir=data, base=base, config=config(tiny))
    hand = load_as(Writer, file, "cpu")
    save_read_right(hand, copy, {"characters": {"a": {"right": 1, "tried": 2}}})
    for name, weight in load(copy, "cpu").model.state_dict().items():
        torch.testing.assert_close(weight, hand.model.state_dict()[name], rtol=0, atol=0, msg=name)


def test_a_hand_has_the_rates_of_its_base_for_what_the_person_did_not_write(
    tiny: Tiny, base: Path, tmp_path: Path
) -> None:
    content, data = load_checkpoint(base), mine(tmp_path / "data", 6)
    written = {*"".join(line.text for line, _ in zip(synthetic_lines(), range(6), strict=False))}
    content["facts"]["read_right"] = {each: 0.25 for each in {*content["facts"]["alphabet"], "@"}}
    save_checkpoint(base, content)
    learn_hand(
        "mine", str(tmp_path / "mine.pt"), name="Me", minutes=None, data_dir=str(data), base=str(base),
        config=config(tiny),
    )  # fmt: skip
    rates = load_as(Writer, tmp_path / "mine.pt", "cpu", base).facts["read_right"]
    assert {*rates} == {*content["facts"]["read_right"]} - written and rates["@"] == 0.25


def test_another_base_is_refused_in_one_line(tiny: Tiny, base: Path, tmp_path: Path) -> None:
    data, file = mine(tmp_path / "data", 2), tmp_path / "mine.pt"
    learn_hand("mine", file, name="Me", minutes=None, data_dir=data, base=base, config=config(tiny))
    assert load(file, "cpu")  # the base is next to it
    other = load_checkpoint(base)
    other["model"]["density.linear.bias"] += 1
    save_checkpoint(base, {name: other[name] for name in ("config", "facts", "model")})
    with pytest.raises(InputError, match=r"mine.pt: holds what .* own-writer.pt .*which is another network") as e:
        load(file, "cpu")
    assert "\n" not in str(e.value)
    base.unlink()
    with pytest.raises(InputError, match=r"that is not there; put that file next to it"):
        load(file, "cpu")


def test_a_stopped_learning_leaves_no_file(tiny: Tiny, base: Path, tmp_path: Path) -> None:
    data, file = mine(tmp_path / "data", 2), tmp_path / "mine.pt"
    options: dict[str, Any] = {"minutes": None, "data_dir": data, "base": base, "config": config(tiny)}
    assert learn_hand("mine", file, name="Me", should_stop=lambda: True, **options).stopped and not file.exists()


def test_minutes_end_after_max_epochs_at_the_latest(tiny: Tiny, base: Path, tmp_path: Path) -> None:
    data = mine(tmp_path / "data", 2)
    short = config(tiny, trainer__max_epochs=3, init_from=str(base), data_loader__args__corpus="mine")
    short["data_loader"]["args"] |= {"data_dir": str(data), "transform": TRANSFORM}
    run = train(short, minutes=10)
    content = load_checkpoint(run.folder / "best.pt")
    assert content["training"]["epoch"] == 4
    assert content["training"]["optimizer"]["param_groups"][0]["lr"] < 0.7 * 3e-3
    rates: list[float] = []
    train(resume=run.folder, minutes=10, on_progress=lambda report: rates.append(report.done))
    content = load_checkpoint(run.folder / "last.pt")
    assert content["training"]["epoch"] == 7 and rates[0] < 0.5  # three more, by a schedule that begins anew


def test_an_interrupted_learning_goes_on_to_the_same_weights(tiny: Tiny, base: Path, tmp_path: Path) -> None:
    data = mine(tmp_path / "data", 2)
    whole = config(tiny, init_from=str(base), data_loader__args__corpus="mine")
    whole["data_loader"]["args"] |= {"data_dir": str(data), "transform": TRANSFORM}
    steps = []
    stopped = train(whole, on_progress=steps.append, should_stop=lambda: len(steps) >= 3)
    assert stopped.stopped
    runs = [train(whole), train(resume=stopped.folder)]
    first, second = (load_checkpoint(run.folder / "last.pt")["model"] for run in runs)
    assert all(torch.equal(first[name], second[name]) for name in first)


def test_validation_without_lines_cannot_be_monitored(tiny: Tiny, base: Path) -> None:
    with pytest.raises(InputError, match='no lines are validated; set it to "off"'):
        train(config(tiny, trainer__monitor="min val_loss"))
