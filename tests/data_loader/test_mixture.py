"""Mixtures of corpora: shares by points, every line equally often, one std, honest splits, no surprise on resuming."""

import json
import pickle
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from data_loader.augment import Augment
from data_loader.batching import MixtureSampler, SourceSampler
from data_loader.data_loaders import HandwritingDataLoader
from data_loader.mixture import MixtureEntry
from data_loader.transform import Transform
from ink.strokes import InkLine
from tests.data_loader.loaders import flat, ids, same
from tests.tiny import ink_line, write_corpus
from utils.errors import InputError

LONG = [ink_line(n, points=90 + n, text="ab cd"[: 1 + n % 5], writer=f"long{n % 7}") for n in range(40)]
SHORT = [ink_line(100 + n, points=9 + n % 5, text="xyz"[: 1 + n % 3], writer=f"short{n % 7}") for n in range(60)]


def validated(lines: list[InkLine], number: int) -> list[InkLine]:
    """The lines, the first `number` of them once more as the valid split of other writers."""
    copies = [replace(line, id=f"valid-{line.id}", split="valid", writer=f"v-{line.id}") for line in lines[:number]]
    return [*lines, *copies]


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    write_corpus(tmp_path / "long", validated(LONG, 9))
    write_corpus(tmp_path / "short", validated(SHORT, 6))
    return tmp_path


def entry(corpus: str, share: float, **more: Any) -> MixtureEntry:
    return MixtureEntry(corpus=corpus, share=share, **more)


def mixture_of(data_dir: Path, *entries: MixtureEntry, **args: Any) -> HandwritingDataLoader:
    some = list(entries) or [entry("long", 3), entry("short", 1)]
    return HandwritingDataLoader(**{"corpus": some, "data_dir": str(data_dir), "batch_size": 4, **args})


def points_by_corpus(loader: HandwritingDataLoader, epochs: range) -> dict[str, int]:
    points: Counter[str] = Counter()
    for batch in (batch for epoch in epochs for batch in loader.at(epoch)):
        for name, length in zip(batch.ids, batch.stroke_mask.sum(1).tolist(), strict=True):
            points["short" if int(name.rpartition("-")[2]) >= 100 else "long"] += length
    return points


@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_shares_are_of_the_points(data_dir: Path, share: float) -> None:
    loader = mixture_of(data_dir, entry("long", share), entry("short", 1 - share))
    points = points_by_corpus(loader, range(1, 9))
    assert points["long"] / sum(points.values()) == pytest.approx(share, abs=0.01)


def test_an_epoch_has_the_largest_corpus_once_or_the_points_that_the_config_says(data_dir: Path) -> None:
    loader = mixture_of(data_dir)
    counts = Counter(flat(ids(loader.at(1))))
    assert {counts[line.id] for line in LONG} == {1}
    total = sum(len(line.points) for line in LONG)
    assert points_by_corpus(loader, range(1, 2))["short"] == pytest.approx(total / 3, rel=0.05)
    some = mixture_of(data_dir, points_per_epoch=1200)
    assert sum(points_by_corpus(some, range(1, 2)).values()) == pytest.approx(1200, rel=0.1)
    assert sum(points_by_corpus(some, range(1, 11)).values()) == pytest.approx(12_000, rel=0.05)


def test_every_line_comes_equally_often_give_or_take_one(data_dir: Path) -> None:
    loader = mixture_of(data_dir, points_per_epoch=1000)
    counts = Counter(line for epoch in range(1, 20) for line in flat(ids(loader.at(epoch))))
    for lines in (LONG, SHORT):
        times = [counts[line.id] for line in lines]
        assert max(times) - min(times) <= 1 and min(times) > 0


def test_all_epochs_have_as_many_batches_as_the_loader_says(data_dir: Path) -> None:
    loader = mixture_of(data_dir, points_per_epoch=777, batch_size=5)
    assert {len(ids(loader.at(epoch))) for epoch in range(1, 12)} == {len(loader)}
    sizes = {len(batch) for epoch in (1, 2, 3) for batch in ids(loader.at(epoch))}
    assert sizes <= {5, sum(loader.mixture.counts) % 5}


def test_the_order_is_a_function_of_seed_and_epoch(data_dir: Path) -> None:
    first, again = mixture_of(data_dir), mixture_of(data_dir)
    ids(again.at(5))
    assert ids(first.at(3)) == ids(again.at(3))
    orders = [ids(first.at(1)), ids(first.at(2)), ids(mixture_of(data_dir, seed=2).at(1))]
    assert all(order != other for i, order in enumerate(orders) for other in orders[:i])


AUGMENT = Augment(scale=0.3, rotate=5)


@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_an_epoch_goes_on_in_the_middle_bit_for_bit(data_dir: Path, num_workers: int) -> None:
    whole = list(mixture_of(data_dir, augment=AUGMENT).at(2))
    rest = list(mixture_of(data_dir, augment=AUGMENT, num_workers=num_workers).at(2, 5))
    assert len(rest) == len(whole) - 5 and all(map(same, whole[5:], rest))


def test_processes_share_every_batch(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = ids(mixture_of(data_dir, processes=2).at(2))
    monkeypatch.setattr("utils.distributed.world_size", lambda: 2)
    shares = []
    for rank in (0, 1):
        monkeypatch.setattr("utils.distributed.rank", lambda rank=rank: rank)
        shares.append(ids(mixture_of(data_dir, processes=2).at(2)))
    assert [batch[0::2] for batch in whole] == shares[0] and [batch[1::2] for batch in whole] == shares[1]


def test_a_line_that_comes_twice_in_an_epoch_is_augmented_twice(data_dir: Path) -> None:
    loader = mixture_of(data_dir, entry("long", 1), entry("short", 1), augment=AUGMENT)
    inks: dict[str, list[np.ndarray]] = {}
    for batch in loader.at(1):
        for row, name in enumerate(batch.ids):
            inks.setdefault(name, []).append(batch.strokes[row][batch.stroke_mask[row]].numpy())
    repeated = [times for times in inks.values() if len(times) > 1]
    assert repeated and not any(np.array_equal(times[0], times[1]) for times in repeated)


def test_std_is_that_of_offsets_drawn_by_share(data_dir: Path) -> None:
    loader = mixture_of(data_dir)
    inks = [[np.diff(line.points[:, :2].astype(float), axis=0) for line in lines] for lines in (LONG, SHORT)]
    long, short = map(np.concatenate, inks)
    mean, square = 0.75 * long.mean(0) + 0.25 * short.mean(0), 0.75 * (long**2).mean(0) + 0.25 * (short**2).mean(0)
    np.testing.assert_allclose(loader.facts["std"], np.sqrt(square - mean**2), rtol=1e-9)


def test_characters_drawn_by_people_are_counted(data_dir: Path) -> None:
    expected = Counter("".join(line.text for line in [*LONG, *SHORT]))
    assert mixture_of(data_dir).facts["characters"] == expected
    by_machine = [replace(entry("synthetic", 1), valid=[]), entry("short", 1)]
    mixed, alone = (
        mixture_of(data_dir, *by_machine, transform=Transform(normalise_size=True)),
        mixture_of(data_dir, corpus="synthetic"),
    )
    assert mixed.facts["characters"] == Counter("".join(line.text for line in SHORT))
    assert alone.facts["characters"]["@"] > 0


def test_drawings_of_both_trainings_are_counted_once(data_dir: Path) -> None:
    loader = mixture_of(data_dir, corpus="long")
    own = dict(loader.facts["characters"])
    loader.start_from({**mixture_of(data_dir).facts}, reads_text=True)
    both = Counter("".join(line.text for line in LONG)) | Counter("".join(line.text for line in [*LONG, *SHORT]))
    assert loader.facts["characters"] == both != own
    loader = mixture_of(data_dir, corpus="long")
    loader.start_from(mixture_of(data_dir, corpus="synthetic").facts, reads_text=True)
    assert loader.facts["characters"] == own  # made-up writers are no people


def test_a_mixture_of_one_corpus_is_that_corpus(data_dir: Path) -> None:
    mixed = mixture_of(data_dir, entry("long", 7.0), max_points=110, augment=AUGMENT)
    alone = mixture_of(data_dir, corpus="long", max_points=110, augment=AUGMENT)
    assert mixed.facts == alone.facts and mixed.left_out == alone.left_out
    assert all(map(same, mixed.at(2), alone.at(2))) and all(map(same, mixed.validation(), alone.validation()))


def test_facts_are_plain_data_of_one_alphabet_and_name_every_entry(data_dir: Path) -> None:
    facts = mixture_of(data_dir, entry("short", 1), entry("long", 3, name="lines")).facts
    assert facts["alphabet"] == " abcdxyz" and facts["corpus"] == "short"
    cards = [(card["name"], card["share"], card["lines"]) for card in facts["mixture"]]
    assert cards == [("short", 0.25, 60), ("lines", 0.75, 40)]
    assert mixture_of(data_dir, alphabet="zyx dcba!!Q").facts["alphabet"] == " !Qabcdxyz"
    assert json.loads(json.dumps(facts)) == facts


def test_texts_are_positions_in_the_common_alphabet(data_dir: Path) -> None:
    texts = {line.id: line.text for line in LONG + SHORT}
    for batch in mixture_of(data_dir).at(1):
        for name, row, mask in zip(batch.ids, batch.text, batch.char_mask, strict=True):
            assert "".join(" abcdxyz"[position] for position in row[mask]) == texts[name]


def test_each_entry_has_its_transform_or_the_common_one(data_dir: Path) -> None:
    size, thin = Transform(normalise_size=True), Transform(normalise_size=True, simplify=0.5)
    loader = mixture_of(data_dir, entry("long", 1, transform=thin), entry("short", 1), transform=size)
    assert loader.facts["transform"] == size.settings
    assert [card["transform"] for card in loader.facts["mixture"]] == [thin.settings, size.settings]
    alone = HandwritingDataLoader(corpus="long", data_dir=str(data_dir), transform=thin)
    assert loader.mixture.sources[0].lengths.tolist() == alone.mixture.sources[0].lengths.tolist()


def test_validation_has_every_line_once_in_batches_of_one_corpus(data_dir: Path) -> None:
    validation = mixture_of(data_dir).validation()
    batches = list(validation)
    assert sorted(flat([batch.ids for batch in batches])) == sorted(f"valid-{line.id}" for line in LONG[:9] + SHORT[:6])
    assert len(validation.batch_sources) == len(batches) == len(validation) == 5
    for batch, source in zip(batches, validation.batch_sources, strict=True):
        assert {int(name.rpartition("-")[2]) >= 100 for name in batch.ids} == {source == "short"}
    longest = [batch.strokes.shape[1] for batch in batches]
    assert longest == sorted(longest, reverse=True)
    unvalidated = mixture_of(data_dir, entry("long", 1), entry("short", 1, valid=[])).validation()
    assert {*unvalidated.batch_sources} == {"long"}


def test_a_writer_who_is_validated_is_trained_on_nowhere_else(tmp_path: Path) -> None:
    writers = {"a": "xyz", "b": "zyx"}
    for name, (first, second, last) in writers.items():
        lines = [ink_line(1, writer=first), ink_line(2, writer=second), ink_line(3, writer=last, split="valid")]
        write_corpus(tmp_path / name, lines)
    loader = mixture_of(tmp_path, entry("a", 1), entry("b", 1))
    assert [loader.dataset[1, place][0] for place in range(len(loader.dataset))] == ["train-2", "train-2"]
    assert loader.left_out == {f"writers validated in another corpus of {name}": 1 for name in "ab"}


def test_a_worker_is_handed_folders_and_no_copy(data_dir: Path) -> None:
    loader = mixture_of(data_dir)
    data = pickle.dumps(loader.dataset)
    assert len(data) < 4000
    restored = pickle.loads(data)
    for position in (0, 39, 40, 99, 100, 160):
        assert restored[1, position][0] == loader.dataset[1, position][0]


@pytest.mark.parametrize(
    ("entries", "args", "message"),
    [
        ([], {}, "it must have entries"),
        ([("long", {}), ("short", {})], {"train": ["train"]}, "train, valid and digits are theirs"),
        ([("long", {}), ("short", {"train": ["trian"]})], {}, "short: no split trian; it has train, valid"),
        ([("long", {}), ("nowhere", {})], {}, "nowhere: no prepared corpus"),
        ([("long", {}), ("long", {})], {}, "two entries are named long"),
        ([("long", {}), ("drawings", {})], {}, "no training line of drawings has a text"),
        ([("long", {}), ("millimetres", {})], {}, "long is in a unit of its own, millimetres is in mm.*normalise_size"),
        ([("long", {"valid": []}), ("short", {"valid": []})], {}, "no entry has lines to validate"),
        ([("long", {}), ("short", {})], {"max_points": 20}, "long: the rules leave no line"),
        ([("long", {}), ("short", {})], {"alphabet": "abc"}, "does not know"),
        ([("long", {}), ("short", {})], {"points_per_epoch": 0}, "points_per_epoch is 0"),
        ([("long", {}), ("short", {})], {"points_per_epoch": 10**9}, "lines per epoch, more than 5,000,000"),
    ],
)  # fmt: skip
def test_what_cannot_be_reconciled_is_named(
    data_dir: Path, entries: list[tuple[str, dict[str, Any]]], args: dict[str, Any], message: str
) -> None:
    write_corpus(data_dir / "drawings", [ink_line(1, text=""), ink_line(2, text="", split="valid")])
    millimetres = [replace(ink_line(n, split=split), unit="mm") for n, split in enumerate(("train", "valid"))]
    write_corpus(data_dir / "millimetres", millimetres)
    with pytest.raises(ValueError, match=message):
        HandwritingDataLoader(corpus=[entry(name, 1, **more) for name, more in entries], data_dir=str(data_dir), **args)


@pytest.mark.parametrize("share", [0, -1, float("nan")])
def test_a_share_must_be_above_0(share: float) -> None:
    with pytest.raises(ValueError, match=r"the share of c is .*; it must be above 0"):
        entry("c", share)


def test_nothing_is_derived_where_corpora_do_not_go_together(data_dir: Path) -> None:
    with pytest.raises(InputError, match="no split trian"):
        mixture_of(data_dir, entry("long", 1, transform=Transform(smooth=1.0)), entry("short", 1, train=["trian"]))
    assert not (data_dir / ".derived").exists()


def test_an_epoch_of_a_small_corpus_has_several_passes() -> None:
    sampler = MixtureSampler([np.full(5, 9), np.full(30, 9)], [12, 30], 4, seed=1)
    lines: Counter[int] = Counter()
    for epoch in (1, 2, 3):
        positions = [position for batch in sampler.batches(epoch) for position in batch]
        assert len({*positions}) == len(positions) == 42
        lines.update(position % 35 for position in positions)
    assert {lines[n] for n in range(5)} == {7, 8} and {lines[n] for n in range(5, 35)} == {3}


def test_batches_of_one_source_are_cut_the_longest_first() -> None:
    sampler = SourceSampler([np.array([5, 9, 7]), np.array([8, 1])], 2)
    assert list(sampler.batches(1)) == [[1, 2], [3, 4], [0]] and sampler.sources.tolist() == [0, 1, 0]
