"""From a prepared corpus to batches: every line, in an order of its own each epoch, little padding, honest splits."""

import os
import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from data_loader.augment import Augment
from data_loader.batching import LengthSampler, collate
from data_loader.transform import Transform
from ink.strokes import points_to_strokes
from tests.data_loader.loaders import TRAIN, VALID, flat, ids, loader_of, same, write_lines

AUGMENT = Augment(scale=0.2, shear=0.1, rotate=3, jitter=0.05, speed=0.2, crop_words=(0.5, 0.2))


@pytest.fixture
def data_dir(tmp_path: Path) -> Path:
    return write_lines(tmp_path)


@pytest.mark.parametrize("batch_size", [1, 4, 23, 100])
@pytest.mark.parametrize("epoch", [1, 2])
def test_every_training_line_comes_exactly_once_an_epoch(data_dir: Path, batch_size: int, epoch: int) -> None:
    loader = loader_of(data_dir, batch_size=batch_size)
    batches = ids(loader.at(epoch))
    assert sorted(flat(batches)) == sorted(line.id for line in TRAIN)
    assert len(batches) == len(loader) == -(-len(TRAIN) // batch_size)


def test_the_order_is_a_function_of_seed_and_epoch(data_dir: Path) -> None:
    first, again = loader_of(data_dir), loader_of(data_dir)
    ids(again.at(5))
    torch.manual_seed(999)
    assert ids(first.at(3)) == ids(again.at(3)) == ids(first.at(3))
    orders = [ids(first.at(1)), ids(first.at(2)), ids(loader_of(data_dir, seed=2).at(1))]
    assert all(order != other for i, order in enumerate(orders) for other in orders[:i])


def test_lines_meet_others_in_other_epochs(data_dir: Path) -> None:
    sampler = LengthSampler(np.arange(400), 4, seed=1)
    first, second = ({frozenset(batch) for batch in sampler.batches(epoch)} for epoch in (1, 2))
    assert len(first & second) < 10


@pytest.mark.parametrize("first_batch", [1, 3, 5, 6])
@pytest.mark.parametrize("num_workers", [0, pytest.param(2, marks=pytest.mark.slow)])
def test_an_epoch_goes_on_in_the_middle(data_dir: Path, first_batch: int, num_workers: int) -> None:
    whole = ids(loader_of(data_dir).at(2))
    assert ids(loader_of(data_dir, num_workers=num_workers).at(2, first_batch)) == whole[first_batch:]


@pytest.mark.slow
def test_a_signal_to_the_process_group_ends_no_worker_and_they_stay_for_all_epochs(data_dir: Path) -> None:
    loader = loader_of(data_dir, num_workers=1, augment=AUGMENT)
    plain = loader_of(data_dir, augment=AUGMENT)
    workers = []
    for epoch in (1, 2, 2):
        iterator = iter(loader.at(epoch))
        for batch, expected in zip(iterator, plain.at(epoch), strict=epoch == 1):
            assert torch.equal(batch.strokes, expected.strokes)
            if epoch == 2:
                break  # as at max_batches
        workers.append([worker.pid for worker in iterator._workers])  # type: ignore[attr-defined]
    assert workers[0] == workers[1] == workers[2]
    assert os.getpgid(workers[0][0]) != os.getpgrp()


def test_iterating_takes_nothing_from_the_random_numbers_of_the_training(data_dir: Path) -> None:
    loader = loader_of(data_dir)
    before = torch.get_rng_state()
    ids(loader.at(1))
    ids(loader.validation())
    assert torch.equal(torch.get_rng_state(), before)


def padding_share(lengths: np.ndarray, batches: list[list[int]]) -> float:
    padded = sum(lengths[batch].max() * len(batch) for batch in batches)
    return 1 - lengths.sum() / padded


@pytest.mark.parametrize("batch_size", [16, 32, 64])
def test_little_is_padding_at_the_lengths_of_real_lines(batch_size: int) -> None:
    lengths = np.random.default_rng(0).normal(600, 200, 5364).clip(60, 1800).astype(int)
    unsorted = np.array_split(np.arange(len(lengths)), len(lengths) // batch_size)
    assert padding_share(lengths, [list(batch) for batch in unsorted]) > 0.3
    for epoch in (1, 2):
        assert padding_share(lengths, LengthSampler(lengths, batch_size, seed=1).batches(epoch)) < 0.15
    assert padding_share(lengths, LengthSampler(lengths, batch_size, seed=None).batches(1)) < 0.02


def test_batches_come_in_no_order_of_length() -> None:
    lengths = np.random.default_rng(0).integers(100, 1000, 2000)
    means = [lengths[batch].mean() for batch in LengthSampler(lengths, 20, seed=1).batches(1)]
    assert abs(np.corrcoef(means[:-1], means[1:])[0, 1]) < 0.3


def test_validation_holds_all_lines_of_its_splits_and_none_of_the_training(data_dir: Path) -> None:
    validation = loader_of(data_dir, max_points=50, points_per_char=[1, 40]).validation()
    assert flat(ids(validation)) == [line.id for line in reversed(VALID)], "the longest first"
    assert ids(validation.at(1)) == ids(validation.at(7))


def test_std_and_points_per_char_come_from_the_training_lines_alone(data_dir: Path) -> None:
    facts = loader_of(data_dir).facts
    offsets = np.concatenate([np.diff(line.points[:, :2].astype(float), axis=0) for line in TRAIN])
    np.testing.assert_allclose(facts["std"], offsets.std(0), rtol=1e-9)
    density = [len(line.points) / len(line.text) for line in TRAIN]
    assert facts["points_per_char"] == pytest.approx(np.quantile(density, 0.99))
    assert facts["points_per_line"] == int(np.median([len(line.points) for line in TRAIN]))
    assert facts["alphabet"] == " abcd" and facts["corpus"] == "c"


def test_facts_are_plain_data(data_dir: Path) -> None:
    facts = loader_of(data_dir, transform=Transform(simplify=0.01, normalise_slant=True)).facts
    for value in facts.values():
        assert type(value) in (str, int, float, list, dict)
    assert [type(value) for value in facts["std"]] == [float, float]
    assert facts["transform"] == {"normalise_slant": True, "simplify": 0.01}


def test_validation_is_in_units_of_the_training_std(data_dir: Path) -> None:
    loader = loader_of(data_dir, batch_size=1)
    std = (loader.facts["std"][0], loader.facts["std"][1])
    for batch, line in zip(loader.validation(), reversed(VALID), strict=True):
        np.testing.assert_allclose(batch.strokes[0].numpy(), points_to_strokes(line.points, std), rtol=1e-6)


def test_a_transformed_corpus_is_what_is_trained_and_validated_on(data_dir: Path) -> None:
    transform = Transform(normalise_slant=True, simplify=0.05)
    loader, plain = loader_of(data_dir, transform=transform), loader_of(data_dir)
    expected = {line.id: transform.line(line).points for line in TRAIN + VALID}
    offsets = np.concatenate([np.diff(expected[line.id][:, :2].astype(float), axis=0) for line in TRAIN])
    np.testing.assert_allclose(loader.facts["std"], offsets.std(0), rtol=1e-6)
    assert loader.facts["corpus"] == plain.facts["corpus"] and plain.facts["transform"] == {}
    std = (loader.facts["std"][0], loader.facts["std"][1])
    for batch in [*loader.at(1), *loader.validation()]:
        for row, name in enumerate(batch.ids):
            strokes = batch.strokes[row][batch.stroke_mask[row]].numpy()
            np.testing.assert_array_equal(strokes, points_to_strokes(expected[name], std))


def test_augmentation_is_a_function_of_seed_epoch_and_line(data_dir: Path) -> None:
    first, again = (loader_of(data_dir, augment=AUGMENT) for _ in range(2))
    list(again.at(7))
    whole, rest = list(first.at(3)), list(again.at(3, first_batch=2))
    assert all(map(same, whole[2:], rest))
    by_line = {name: row for batch in whole for name, row in zip(batch.ids, batch.strokes, strict=True)}
    others = [first.at(4), loader_of(data_dir, augment=AUGMENT, seed=2).at(3), loader_of(data_dir).at(3)]
    for batch in (batch for other in others for batch in other):
        for name, row in zip(batch.ids, batch.strokes, strict=True):
            shortest = min(len(row), len(by_line[name]), 5)
            assert not torch.equal(row[1:shortest], by_line[name][1:shortest])


def test_augmentation_is_for_training_lines_alone(data_dir: Path) -> None:
    plain, augmented = loader_of(data_dir), loader_of(data_dir, augment=AUGMENT)
    assert all(map(same, plain.validation(), augmented.validation()))
    assert plain.facts == augmented.facts and plain.left_out == augmented.left_out


@pytest.mark.slow
@pytest.mark.parametrize("context", ["fork", "spawn"])
def test_worker_processes_give_the_same_batches(data_dir: Path, context: str) -> None:
    alone, workers = loader_of(data_dir, augment=AUGMENT), loader_of(data_dir, augment=AUGMENT, num_workers=2)
    workers.multiprocessing_context = context
    for epoch in (1, 2):
        assert all(map(same, alone.at(epoch), workers.at(epoch)))


def test_a_batch_is_padded_and_masked(data_dir: Path) -> None:
    for batch in loader_of(data_dir).at(1):
        lines = [next(line for line in TRAIN if line.id == name) for name in batch.ids]
        lengths, chars = [len(line.points) for line in lines], [len(line.text) for line in lines]
        assert batch.strokes.shape == (len(lines), max(lengths), 3) and batch.strokes.dtype == torch.float32
        assert batch.text.shape == (len(lines), max(chars)) and batch.text.dtype == torch.int64
        assert batch.stroke_mask.sum(1).tolist() == lengths and batch.char_mask.sum(1).tolist() == chars
        assert batch.stroke_mask[:, 0].all() and not (batch.stroke_mask[:, 1:] & ~batch.stroke_mask[:, :-1]).any()
        assert not batch.strokes[~batch.stroke_mask].any() and not batch.text[~batch.char_mask].any()
        for row, line in enumerate(lines):
            assert batch.strokes[row, : lengths[row], 2].tolist() == line.points[:, 2].tolist()
            assert "".join(" abcd"[i] for i in batch.text[row, : chars[row]]) == line.text


def test_a_line_is_the_same_alone_and_in_company(data_dir: Path) -> None:
    dataset = loader_of(data_dir).dataset
    lines = [dataset[1, n] for n in (3, 0, 2)]
    together, alone = collate(lines), collate(lines[:1])
    length = len(lines[0][1])
    assert torch.equal(together.strokes[0, :length], alone.strokes[0])


def test_a_worker_is_handed_the_folder_and_no_copy(data_dir: Path) -> None:
    loader = loader_of(data_dir)
    loader.read_with(" abcdXYZ")
    data = pickle.dumps(loader.dataset)
    assert len(data) < 2000 and pickle.loads(data).sources[0].alphabet.characters == " XYZabcd"
