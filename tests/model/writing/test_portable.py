"""Writing without Python: the C of the browser, built for this machine, against `sample`."""

import ctypes
from typing import Any

import numpy as np
import pytest
import torch

from base.base_model import Sample
from model.kernels.build import kernels
from model.kernels.wasm import MODULES, build, fingerprint
from model.writing.compiled import PRECISION
from model.writing.portable import ALIGNMENT, BROWSER_CONSTANTS, flat_file
from model.writing.sampling import HandwritingModel, LineNoise, sample
from tests.model.small import lines, network

needs_avx2 = pytest.mark.skipif(
    torch.backends.cpu.get_cpu_capability() not in ("AVX2", "AVX512"),
    reason="torch's normals differ in the last bit here",
)
BIAS, POINTS, SEEDS = 0.5, 90, [3, 2**31 + 5, 7_000_000_021, 4]


def library() -> Any:
    """The functions of browser.c."""
    built: Any = kernels("browser", PRECISION, BROWSER_CONSTANTS)
    for name in ("reserve", "begin_lines", "strokes_of"):
        getattr(built, name).restype = ctypes.c_void_p
    return built


def request(
    texts: list[list[int]], seeds: list[int], caps: list[int], bias: float, prime: np.ndarray, chars: int | None
) -> bytes:
    """A `request` of browser.c; chars: None without a prime."""
    longest = max(map(len, texts))
    points = 0 if chars is None else len(prime)
    head = np.array([len(texts), longest, max(caps) + points, points, chars or 0], "<i4")
    padded = [text + [0] * (longest - len(text)) for text in texts]
    sizes = np.array([*(cap + points for cap in caps), *map(len, texts)], "<i4")
    parts = head, np.array(bias, "<f4"), np.array(seeds).astype("<u4"), sizes, np.array(padded, "<i4"), prime[:points]
    return b"".join(part.tobytes() for part in parts)


def written(model: HandwritingModel, requested: bytes, count: int, at_once: int) -> list[Sample]:
    """The lines of a request, some points at a time."""
    packed, built = model.packed(), library()
    assert packed
    places = []
    for content in (flat_file(packed), requested):
        places.append(ctypes.c_void_p(built.reserve(len(content))))
        ctypes.memmove(places[-1], content, len(content))
    built.open_network(places[0])
    job = ctypes.c_void_p(built.begin_lines(places[1]))
    while built.write_more(job, at_once):
        pass
    samples = []
    for line in range(count):
        length, own = built.length_of(job, line), built.own_of(job, line)
        place = ctypes.cast(built.strokes_of(job, line), ctypes.POINTER(ctypes.c_float))
        all_strokes = np.ctypeslib.as_array(place, (length, 3))
        strokes = all_strokes[own:].copy() if own < length else np.zeros((1, 3), np.float32)
        strokes[0, :2], strokes[-1, 2] = 0, 1
        samples.append(Sample(strokes, None, bool(built.stopped_of(job, line))))
    built.end_lines(job)
    return samples


def test_noise_is_that_of_torch():
    built = library()
    for seed in (0, 1, 2**32 - 1):
        twister, noise = (ctypes.c_uint32 * 625)(), np.zeros((512, 4), np.float32)
        built.seed_noise(twister, ctypes.c_uint32(seed))
        built.next_noise(twister, noise.ctypes.data_as(ctypes.c_void_p))
        built.next_noise(twister, noise[256:].ctypes.data_as(ctypes.c_void_p))
        torchs = LineNoise([seed])
        expected = np.concatenate([torchs.next().numpy() for _ in range(512)])
        assert np.array_equal(noise[:, :2], expected[:, :2])
        assert np.abs(noise - expected).max() < 5e-7


@needs_avx2
@pytest.mark.parametrize("chars", [None, 3])
@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("conditional", {"num_layers": 3}),
        ("conditional", {"num_layers": 2, "hidden_size": 70, "features": "offsets", "line_end": True}),
        ("unconditional", {"num_layers": 1}),
    ],
)
def test_strokes_are_those_of_sample_to_the_last_bit(name, arguments, chars):
    model, sizes = network(name, **arguments), [6, 4, 8, 5]
    batch = lines([12 if chars else 2] * len(SEEDS), sizes)
    batch.strokes[:] = batch.strokes[:1]  # lines share their prime
    caps = [POINTS, 2, POINTS // 2, POINTS + 7]
    expected = sample(model, batch, seeds=SEEDS, max_points=caps, bias=BIAS, prime_chars=chars and [chars] * len(SEEDS))
    texts = [batch.text[line, :size].tolist() for line, size in enumerate(sizes)]
    for at_once in (1, 1000):
        requested = request(texts, SEEDS, caps, BIAS, batch.strokes[0].numpy(), chars)
        for drawn, original in zip(written(model, requested, len(SEEDS), at_once), expected, strict=True):
            assert np.array_equal(drawn.strokes, original.strokes) and drawn.stopped == original.stopped


def test_a_file_has_every_weight_once_and_is_aligned():
    packed = network("conditional", num_layers=3).packed()
    assert packed
    content = flat_file(packed)
    size = sum(-(-tensor.numel() * tensor.element_size() // ALIGNMENT) * ALIGNMENT for tensor in packed.tensors)
    assert len(content) == size + ALIGNMENT * (1 + len(packed.products))
    assert np.frombuffer(content[:40], "<i4")[[0, 1, 4, 7]].tolist() == [3, 6, 5, 2]


def test_the_modules_are_built_from_the_present_sources():
    for path, flags in MODULES.items():
        assert path.read_bytes().startswith(b"\0asm")
        assert path.read_bytes().endswith(fingerprint(flags)), "pip install ziglang && python -m model.kernels.wasm"


@pytest.mark.slow
def test_the_modules_are_what_their_compiler_makes(tmp_path):
    pytest.importorskip("ziglang", reason="pip install ziglang")
    for path, flags in MODULES.items():
        build(tmp_path / path.name, flags)
        assert (tmp_path / path.name).read_bytes() == path.read_bytes()
