"""Arrays of .npy data: what numpy writes is read, and nothing that a pickle asks for is run."""

import io
import os
import pickle
import struct
import subprocess
import sys
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy

from data_loader.formats import safe_npy, safe_pickle
from data_loader.formats.safe_npy import read_arrays, read_bytes
from utils.errors import InputError

NUMBERS = st.sampled_from(["<f2", "<f4", ">f4", "<f8", "|i1", "<i2", ">i2", "<i4", "<i8", "|u1", "<u2", "<u4", "<u8"])
SHAPES, TABLES = (st_numpy.array_shapes(min_dims=dims, min_side=0, max_side=5) for dims in (1, 2))
ARRAYS = st.lists(NUMBERS.flatmap(lambda kind: st_numpy.arrays(kind, SHAPES)))


def column(arrays: Iterable[Any]) -> np.ndarray:
    """Things as an object array (N,)."""
    objects = list(arrays)
    whole = np.empty(len(objects), object)
    for i, element in enumerate(objects):
        whole[i] = element
    return whole


def saved(array: np.ndarray) -> bytes:
    np.save(file := io.BytesIO(), array, allow_pickle=True)
    return file.getvalue()


def with_pickle(data: bytes, count: int = 1) -> bytes:
    """An .npy file that says it is an object array of `count`, with this pickle in it."""
    header = f"{{'descr': '|O', 'fortran_order': False, 'shape': ({count},), }}".ljust(117).encode() + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + data


def python_2_pickle(arrays: list[np.ndarray]) -> bytes:
    """The pickle of numpy's object array of float32 arrays by Python 2: byte strings, places counted from 1."""

    def array(size: bytes, kind: bytes, last: bytes) -> bytes:
        order, flags = (b"|", b"?") if kind == b"O8" else (b"<", b"\0")
        kind_state = b"(K\x03U\x01" + order + b"NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK" + flags + b"tb"
        dtype = b"cnumpy\ndtype\nU\x02" + kind + b"K\x00K\x01\x87R" + kind_state
        return b"h\x01cnumpy\nndarray\nK\x00\x85U\x01b\x87R(K\x01" + size + dtype + b"\x89" + last + b"tb"

    whole = array(b"M%s\x85" % struct.pack("<H", len(arrays)), b"O8", b"](%se")
    items = [
        array(b"K%cK\x03\x86" % len(item), b"f4", b"T" + struct.pack("<I", item.nbytes) + item.tobytes())
        for item in arrays
    ]
    return b"\x80\x02cnumpy.core.multiarray\n_reconstruct\nq\x01" + whole.replace(b"%s", b"".join(items)) + b"."


def same(first: Iterable[np.ndarray | None], other: Iterable[np.ndarray]) -> bool:
    return all(
        a is not None and a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        for a, b in zip(first, other, strict=True)
    )


@given(ARRAYS, st.sampled_from([2, 3, 4]), st.booleans())
def test_object_arrays_come_back(arrays: list[np.ndarray], protocol: int, fortran: bool) -> None:
    arrays = [np.asfortranarray(array) if fortran else array for array in arrays]
    assert same(read_arrays(saved(column(arrays)), "x"), arrays)
    pickled = pickle.dumps(column(arrays), protocol)
    for data in (pickled, pickled.replace(b"numpy._core.multiarray\n", b"numpy.core.multiarray\n")):
        assert same(read_arrays(with_pickle(data, len(arrays)), "x"), arrays)


@given(NUMBERS.flatmap(lambda kind: st_numpy.arrays(kind, TABLES)), st.booleans())
def test_plain_arrays_come_back_along_their_first_axis(array: np.ndarray, fortran: bool) -> None:
    assert same(read_arrays(saved(np.asfortranarray(array) if fortran else array), "x"), list(array))


def test_files_of_python_2_are_read() -> None:
    arrays = [np.arange(3 * n, dtype=np.float32).reshape(n, 3) - 7.25 for n in (2, 0, 80)]
    data = python_2_pickle(arrays)
    assert same(pickle.loads(data, encoding="latin1"), arrays)  # the data are what numpy takes for such
    assert same(read_arrays(with_pickle(data, 3), "x"), arrays)


def test_what_is_no_array_is_none() -> None:
    objects = [np.ones((2, 3)), None, [1, 2], "text", column([np.ones(2)]), np.zeros(1)]
    arrays = read_arrays(saved(column(objects)), "x")
    assert [array is None for array in arrays] == [False, True, True, True, True, False]


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function: Callable[..., object], *arguments: object, state: object = None) -> None:
        self.reduced = (function, arguments) if state is None else (function, arguments, state)

    def __reduce__(self) -> tuple[Any, ...]:
        return self.reduced


class Breaks:
    """Its __setstate__ opens a file."""

    def __setstate__(self, path: str) -> None:
        open(path, "w").close()


def attacks(path: Path) -> dict[str, tuple[bytes, str]]:
    """Pickles that make the file `path` when pickle reads them, and what they ask for."""
    code = f"open({str(path)!r}, 'w').close()"
    text = str(path).encode()
    system = f"touch '{path}'".encode()
    chain = Calls(pickle.loads, pickle.dumps(Calls(exec, code)))
    inner = column([Calls(exec, code)])
    return {
        "system": (pickle.dumps(Calls(os.system, system.decode()), 2), "posix.system"),
        "exec": (pickle.dumps(Calls(exec, code)), "builtins.exec"),
        "eval": (pickle.dumps(Calls(eval, code), 2), "__builtin__.eval"),
        "popen": (pickle.dumps(Calls(subprocess.call, ["touch", str(path)])), "subprocess.call"),
        "open": (pickle.dumps(Calls(Path.touch, path)), r"pathlib.*Path\.touch"),
        "an element": (saved(inner)[128:], "builtins.exec"),
        "chained": (pickle.dumps(chain), "_pickle.loads"),
        "numpy's own": (pickle.dumps(Calls(np.save, str(path.with_suffix("")), np.zeros(1))), r"numpy\.save"),
        "a method": (b"\x80\x04\x8c\x05numpy\x8c\x0endarray.tofile\x93cnumpy\narange\nK\x01\x85RX", r"ndarray\.tofile"),
        "setstate": (b"\x80\x02c%s\nBreaks\n)\x81X%c\0\0\0%sb." % (__name__.encode(), len(text), text), "Breaks"),
        "inst": (b"(S'%s'\nios\nsystem\n." % system.replace(b"'", b"\\'"), "instruction STRING"),
        "obj": (b"(cos\nsystem\nX%c\0\0\0%so." % (len(system), system), "os.system"),
        "newobj": (b"cnumpy\nndarray\nK\x01\x85\x81.", "instruction NEWOBJ"),
        "ext": (b"\x82\x01.", "instruction EXT1"),
        "persistent id": (b"P%s\n." % text, "instruction PERSID"),
        "binary persistent id": (b"X%c\0\0\0%sQ." % (len(text), text), "instruction BINPERSID"),
        "dict": (b"}.", "instruction EMPTY_DICT"),
        "buffer": (b"\x97.", "instruction NEXT_BUFFER"),
        "long": (b"\x8b\xff\xff\xff\x7f.", "instruction LONG4"),
        "unknown": (b"\xff.", "instruction 0xff"),
    }


HARMLESS = {"a method", "newobj", "ext", "persistent id", "binary persistent id", "dict", "buffer", "long", "unknown"}
"""To Python's pickle as it stands here; the test would be void if the others were."""


@pytest.mark.parametrize("name", attacks(Path("x")))
def test_nothing_is_run_and_the_global_is_named(tmp_path: Path, name: str) -> None:
    path = tmp_path / "made.npy"
    data, named = attacks(path)[name]
    with pytest.raises(InputError, match=named) as error:
        read_arrays(with_pickle(data), "x.npy")
    assert str(error.value).startswith("x.npy: ") and "\n" not in str(error.value) and not path.exists()
    if name not in HARMLESS:
        pickle.loads(data)
        assert path.exists()


LIST = b"cnumpy.core.multiarray\n_reconstruct\n\x94cnumpy\nndarray\n\x94"
TYPE = b"cnumpy\ndtype\nU\x02%s\x89\x88\x87R"


def first(shape: bytes, kind: bytes = b"f4", data: bytes = b"C\x18" + bytes(24)) -> bytes:
    """A pickled list with one array in it."""
    item = b"h\x00h\x01)N\x87R(K\x01" + shape + TYPE % kind + b"\x89" + data + b"tb"
    return LIST + b"h\x00h\x01)N\x87R(K\x01K\x01\x85" + TYPE % b"O8" + b"\x89](" + item + b"etb."


HUGE = b"\x8a\x08" + (2**62).to_bytes(8, "little")
FAULTY: dict[str, tuple[bytes, str]] = {
    "too short": (first(b"K\x03K\x03\x86"), r"shape \(3, 3\) and type float32 has 24 bytes"),
    "huge": (first(HUGE + b"K\x03\x86"), "has 24 bytes"),
    "huge and empty": (first(HUGE + HUGE + b"K\x00\x87", data=b"C\0"), "damaged"),
    "negative": (first(b"J\xfe\xff\xff\xffJ\xfd\xff\xff\xff\x86"), "damaged"),
    "many dimensions": (first(b"(" + b"K\x01" * 40 + b"t", data=b"C\x04" + bytes(4)), "damaged"),
    "shape of text": (first(b"U\x022,\x85"), "damaged"),
    "no shape": (first(b"K\x06"), "damaged"),
    "text": (first(b"K\x06\x85", b"S4"), "its type is '=S4'"),
    "complex": (first(b"K\x03\x85", b"c8"), "its type is '=c8'"),
    "dates": (first(b"K\x03\x85", b"M8"), "its type is '=M8'"),
    "a long type": (b"cnumpy\ndtype\nU\x64" + b"f" * 100 + b"\x89\x88\x87R.", "damaged"),
    "a list as numbers": (first(b"K\x06\x85", data=b"]"), "damaged"),
    "objects from bytes": (first(b"K\x03\x85", b"O8"), "is no list"),
    "type is no type": (LIST + b"h\x00h\x01)N\x87R(K\x01)N\x89]tb.", "damaged"),
    "called on a type": (TYPE % b"f4" + b")R.", "damaged"),
    "called on text": (b"U\x02os)R.", "damaged"),
    "reconstructs another": (LIST + b"h\x00h\x00)N\x87R.", "damaged"),
    "state of a name": (LIST + b"h\x01)b.", "damaged"),
    "state of a list": (b"])b.", "damaged"),
    "appends to a tuple": (b")Na.", "damaged"),
    "no array at all": (b"N.", "no list of arrays"),
    "an array of numbers": (first(b"K\x06\x85")[first(b"K\x06\x85").index(b"](") + 2 : -4] + b".", "damaged"),
    "bytes behind": (first(b"K\x06\x85") + b"\0", "damaged"),
    "no end": (first(b"K\x06\x85")[:-1], "damaged"),
    "no mark": (b"t.", "damaged"),
    "stack is empty": (b"\x87.", "damaged"),
    "far place": (b"Nr\2\0\0\0.", "damaged"),
    "our name in another module": (b"cos\nencode\n.", "asks for 'os.encode'"),
    "piece too long": (b"B\xff\xff\xff\xffabc.", "damaged"),
    "beyond latin-1": (b"X\x04\0\0\0\xf0\x9f\x98\x80.", "damaged"),
    "a long name": (b"c" + b"a" * 10**6 + b"\nb\n.", "damaged"),
    "deep": (b"N" + b"\x85" * 200_000 + b"b.", "damaged"),
    "an endless list": (b"]\x94h\x00a.", "no list of arrays"),
}


@pytest.mark.parametrize("name", FAULTY)
def test_faulty_pickles_are_one_clear_line_and_a_sound_one_is_read(name: str) -> None:
    assert same(read_arrays(with_pickle(first(b"K\x06\x85")), "x"), [np.zeros(6, np.float32)])
    data, message = FAULTY[name]
    with pytest.raises(InputError, match=message) as error:
        read_arrays(with_pickle(data), "x")
    assert "\n" not in str(error.value) and len(str(error.value)) < 200


SOUND = saved(np.zeros((2, 3)))
BAD_NPY: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "damaged"),
    "text": (b"not an array", "damaged"),
    "version 3": (SOUND.replace(b"NUMPY\x01", b"NUMPY\x03"), "damaged"),
    "cut in the header": (SOUND[:50], "damaged"),
    "long header": (SOUND[:8] + b"\xff\xff" + SOUND[10:], "damaged"),
    "code for a header": (SOUND.replace(b"'<f8'", b"eval("), "damaged"),
    "longer": (SOUND + b"\0", "has 49 bytes"),
    "records": (saved(np.zeros(2, "i4,f4")), "damaged"),
    "complex": (saved(np.zeros((2, 3), complex)), "its type is '<c16'"),
    "numbers in a row": (saved(np.zeros(3)), r"shape \(3,\) is no list"),
    "one number": (saved(np.array(3.0)), r"shape \(\) is no list"),
    "one object": (saved(column([{}])[0:1].reshape(())), r"shape \(\) is no list"),
    "a table of objects": (saved(column([None] * 4).reshape(2, 2)), r"shape \(2, 2\) is no list"),
    "many empty": (saved(np.zeros((10**9, 0, 3))), r"no list of up to 400,000"),
    "counts differ": (with_pickle(saved(column([None, None]))[128:], 3), "header says 3 arrays, its pickle has 2"),
}


@pytest.mark.parametrize("name", BAD_NPY)
def test_faulty_npy_data_are_one_clear_line(name: str) -> None:
    data, message = BAD_NPY[name]
    with pytest.raises(InputError, match=message):
        read_arrays(data, "x")


def test_few_bytes_cannot_ask_for_much(monkeypatch: pytest.MonkeyPatch) -> None:
    again = saved(column([np.zeros((1000, 3))] * 20))
    text = b"c_codecs\nencode\n\x94X\x10\x27\0\0" + b"a" * 10_000 + b"\x94" + b"h\x00h\x01N\x86R" * 20 + b"."
    monkeypatch.setattr(safe_pickle, "MAX_BYTES", 100_000)
    with pytest.raises(InputError, match="the same arrays come again"):
        read_arrays(again, "x")
    with pytest.raises(InputError, match=r"makes more than 100,000 bytes"):
        read_arrays(with_pickle(text), "x")
    monkeypatch.setattr(safe_pickle, "_MAX_TEXT", 9_999)
    with pytest.raises(InputError, match=r"a text of 10,000 bytes"):
        read_arrays(with_pickle(text), "x")
    monkeypatch.setattr(safe_pickle, "MAX_STEPS", 50)
    with pytest.raises(InputError, match="more than 50 instructions"):
        read_arrays(with_pickle(b"N" * 51 + b"."), "x")


def test_files_are_read_whole_and_up_to_a_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"12345")
    monkeypatch.setattr(safe_npy, "MAX_BYTES", 5)
    assert read_bytes(path) == b"12345"
    path.write_bytes(b"123456")
    with pytest.raises(InputError, match="larger than 5 bytes"):
        read_bytes(path)
    for absent in (tmp_path, tmp_path / "b", Path("/dev/zero")):
        with pytest.raises(InputError, match="no such file"):
            read_bytes(absent)


@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    with pytest.raises(InputError):
        read_arrays(with_pickle(data), "x")


MEASURE = """
from data_loader.formats.safe_npy import read_arrays
from tests.data_loader.formats.test_safe_npy import with_pickle
from tests.peak_memory import peak_kib
try:
    read_arrays(with_pickle(b"]" * 12_000_001), "x")
except ValueError as error:
    print(type(error).__name__, peak_kib())
"""


@pytest.mark.slow
def test_a_bomb_stays_below_two_gib() -> None:
    command, root = [sys.executable, "-c", MEASURE], Path(__file__).parents[3]
    out = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=120, check=True).stdout.split()
    assert out[0] == "InputError" and int(out[1]) < 2 * 2**20
