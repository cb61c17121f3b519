"""A .pt file from anywhere: only plain data come out of it, nothing in it is run, it takes no more than its size."""

import gc
import pickle
import time
import zipfile
from collections import OrderedDict
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from tests.peak_memory import forget_peak, peak_kib
from tests.tiny import Payload, differences
from utils.checkpoint import load_checkpoint
from utils.errors import InputError
from utils.safe_load import MAX_DEPTH, read_plain


def refused(path: Path) -> str:
    """The message of the InputError, one line that names the file; little time and memory are taken."""
    gc.collect()
    forget_peak()
    started, before = time.process_time(), peak_kib()
    with pytest.raises(InputError) as caught:
        load_checkpoint(path)
    assert str(caught.value).startswith(str(path)) and "\n" not in str(caught.value) and len(str(caught.value)) < 500
    assert time.process_time() - started < 3
    assert peak_kib() - before < 100_000
    return str(caught.value)


def rewritten(path: Path, old: bytes = b"", new: bytes = b"", compression: int = zipfile.ZIP_STORED) -> None:
    """Write a .pt file anew, right check sums and all, with `old` replaced by `new` in its pickle."""
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    with zipfile.ZipFile(path, "w", compression) as archive:
        for name, data in parts.items():
            archive.writestr(name, data.replace(old, new) if name.endswith("data.pkl") else data)


def saved(path: Path, pickled: bytes) -> None:
    """Write a .pt file with this pickle."""
    torch.save([], path)
    with zipfile.ZipFile(path) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith("data.pkl"))
        whole = archive.read(name)
    rewritten(path, whole, pickled)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "c.pt"


def test_plain_data_come_out_as_they_went_in(path: Path) -> None:
    weight = torch.arange(12.0).reshape(3, 4)
    data = {
        "none": None, "numbers": [1, -2.5, True, 2**63, float("-inf")], 3: ("tuple", "größe"),
        "views": [weight, weight.t(), weight[1:, ::2], torch.zeros(0, 3)], "scalar": torch.tensor(3),
        "types": [torch.ones(2).to(kind) for kind in (torch.bfloat16, torch.half, torch.uint8, torch.bool, torch.long)],
        "state": nn.LSTM(2, 3).state_dict(), "ordered": OrderedDict(a=1),
    }  # fmt: skip
    torch.save(data, path)
    read = read_plain(path)
    path.write_bytes(b"gone")
    assert differences(data, read) == [] and type(read["ordered"]) is dict


@pytest.mark.parametrize("form", ["torch", "legacy", "pickle"])
def test_a_payload_is_refused_and_not_run(path: Path, form: str) -> None:
    planted = path.with_name("planted")
    data = {"format_version": 1, "config": Payload(planted)}
    if form == "pickle":
        path.write_bytes(pickle.dumps(data))
    else:
        torch.save(data, path, _use_new_zipfile_serialization=form == "torch")
    assert ("'posix system', which is not run" if form == "torch" else "not a checkpoint") in refused(path)
    assert not planted.exists()
    torch.load(path, weights_only=False) if form != "pickle" else pickle.loads(path.read_bytes())
    assert planted.exists(), "the payload works where it is let"


@pytest.mark.parametrize(
    "pickled",
    [
        b"cbuiltins\nbytearray\n(I10000000000\ntR.",
        b"ctorch\nFloatTensor\n(I10000000000\ntR.",
        b"ctorch\nUntypedStorage\n(I10000000000\ntR.",
        b"c_codecs\nencode\n(X\x01\0\0\0aX\x05\0\0\0utf-8tR.",
        b"ccollections\nOrderedDict\n)\x81.",
        b"ccollections\nOrderedDict\n((lp0\ntR.",
        b"ccollections\nOrderedDict\nq\x00h\x00(]tR.",
        b"(iposix\nsystem\n.",
        b"\x80\x04\x8c\x05posix\x8c\x06system\x93.",
    ],
)
def test_a_pickle_that_asks_for_more_than_plain_data_is_refused(path: Path, pickled: bytes) -> None:
    saved(path, pickled)
    assert "more than plain data" in refused(path)


@pytest.mark.parametrize(
    "data",
    [
        nn.Linear(2, 2),
        nn.Parameter(torch.ones(2)),
        {1, 2},
        b"bytes",
        torch.float32,
        torch.Size([1]),
        1j,
        {None: 1},
        torch.ones(2, 2).to_sparse(),
        torch.ones(2, device="meta"),
        {"a": "\ud800"},
        1 << 70,
    ],
    ids=lambda data: type(data).__name__,
)
def test_other_things_are_refused(path: Path, data: Any) -> None:
    torch.save(data, path)
    refused(path)


def test_a_compressed_file_is_refused_before_it_is_unpacked(path: Path) -> None:
    torch.save(torch.zeros(1 << 26, dtype=torch.uint8), path)
    rewritten(path, compression=zipfile.ZIP_DEFLATED)
    assert path.stat().st_size < 1 << 20 and "it is compressed" in refused(path)


def test_parts_that_lie_over_each_other_are_refused(path: Path) -> None:
    torch.save(torch.zeros(1000), path)
    data = path.read_bytes()
    end = data.rindex(b"PK\x05\x06")
    with zipfile.ZipFile(path) as archive:
        first = archive.start_dir
        largest = max(archive.infolist(), key=lambda member: member.file_size)
    record = data[data.rindex(b"PK\x01\x02", 0, data.index(largest.filename.encode(), first)) :]
    record = record[: 46 + int.from_bytes(record[28:30], "little") + int.from_bytes(record[30:32], "little")]
    directory, tail = data[first : data.index(b"PK\x06\x06", first)] + record * 100, bytearray(data[end:])
    count = len(zipfile.ZipFile(path).namelist()) + 100
    tail[8:12] = count.to_bytes(2, "little") * 2
    tail[12:20] = len(directory).to_bytes(4, "little") + first.to_bytes(4, "little")
    path.write_bytes(data[:first] + directory + tail)
    assert len(zipfile.ZipFile(path).namelist()) == count
    assert "claims to be larger than it is" in refused(path)


BIG = b"\x8a\x05" + (25_000_000_000).to_bytes(5, "little")


@pytest.mark.parametrize("label", ["storage and tensor", "tensor"])
def test_a_tensor_that_claims_100_gigabytes_is_refused(path: Path, label: str) -> None:
    torch.save(torch.zeros(300), path)
    size = b"M\x2c\x01"  # 300
    rewritten(path, size, BIG) if "storage" in label else rewritten(path, size + b"\x85", BIG + b"\x85")
    refused(path)


@pytest.mark.parametrize("number", [1, 100_000])
def test_tensors_of_one_small_storage_are_no_large_memory(path: Path, number: int) -> None:
    item = torch.zeros(1000)
    torch.save([item] * number if number > 1 else item[:1].expand(1 << 36), path)
    assert "larger than the file" in refused(path)


def test_lists_in_lists_and_lists_of_the_same_list_are_no_large_memory(path: Path) -> None:
    data: Any = []
    for _ in range(40):
        data = [data, data]
    torch.save(data, path)
    assert "nested too deep or too many" in refused(path)
    saved(path, b"]" * 20_000 + b"a" * 19_999 + b".")
    assert "nested too deep" in refused(path)
    data = 1
    for _ in range(MAX_DEPTH):
        data = [data]
    torch.save(data, path)
    assert read_plain(path) == data


def test_a_dict_whose_own_methods_are_replaced_is_read_as_a_dict(path: Path) -> None:
    saved(path, b"ccollections\nOrderedDict\n)R}X\x03\0\0\0getK\x05sb.")
    assert torch.load(path, weights_only=True).get == 5 and read_plain(path) == {}
    assert "not a checkpoint of this project" in refused(path)
