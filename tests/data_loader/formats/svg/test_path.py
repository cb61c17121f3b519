"""Path data: each command against its closed form, curves within the tolerance, what is no path refused."""

import cmath
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data_loader.formats.read_report import BadFileError
from data_loader.formats.svg.path import Affine, Arc, flatten, parse_path


def ends(data: str) -> list[list[tuple[float, float]]]:
    """The subpaths of straight path data as their points."""
    paths = parse_path(data)
    assert all(len(piece) == 2 for path in paths for piece in path.pieces)
    return [[(z.real, z.imag) for z in (path.start, *(piece[-1] for piece in path.pieces))] for path in paths]


@pytest.mark.parametrize(
    ("data", "strokes"),
    [
        ("M1 2L3 4", [[(1, 2), (3, 4)]]),
        ("m1,2 3,4 5,6", [[(1, 2), (4, 6), (9, 12)]]),
        ("M1 2 3 4 5 6", [[(1, 2), (3, 4), (5, 6)]]),
        ("M1 2 H5 v-1 h-1.5V0", [[(1, 2), (5, 2), (5, 1), (3.5, 1), (3.5, 0)]]),
        ("M1 1h1 1 1", [[(1, 1), (2, 1), (3, 1), (4, 1)]]),
        ("M.5.25 l1e1-2z", [[(0.5, 0.25), (10.5, -1.75), (0.5, 0.25)]]),
        ("M1 1 l2 0 m1 1 l1 0", [[(1, 1), (3, 1)], [(4, 2), (5, 2)]]),
        ("M1 1h1v1z l2 0", [[(1, 1), (2, 1), (2, 2), (1, 1)], [(1, 1), (3, 1)]]),
        ("M0 0zm1 1l1 0", [[(0, 0), (0, 0)], [(1, 1), (2, 1)]]),
        ("M0 0A0 5 0 0 1 3 4", [[(0, 0), (3, 4)]]),
        ("M1 1a5 5 0 0 1 0 0", [[(1, 1), (1, 1)]]),
        ("", []),
    ],
)
def test_straight_commands(data: str, strokes: list[list[tuple[float, float]]]) -> None:
    assert ends(data) == strokes


@pytest.mark.parametrize(
    ("data", "controls"),
    [
        ("M1 1C2 2 3 0 4 1", [(1 + 1j, 2 + 2j, 3, 4 + 1j)]),
        ("M1 1c1 1 2-1 3 0", [(1 + 1j, 2 + 2j, 3, 4 + 1j)]),
        ("M1 1C2 2 3 0 4 1S6 5 7 1", [(1 + 1j, 2 + 2j, 3, 4 + 1j), (4 + 1j, 5 + 2j, 6 + 5j, 7 + 1j)]),
        ("M1 1s2 4 3 0", [(1 + 1j, 1 + 1j, 3 + 5j, 4 + 1j)]),
        ("M0 0Q1 2 2 0T4 0t2 0", [(0, 1 + 2j, 2), (2, 3 - 2j, 4), (4, 5 + 2j, 6)]),
        ("M0 0T4 0", [(0, 0, 4)]),
        ("M0 0Q1 2 2 0S3 3 4 0", [(0, 1 + 2j, 2), (2, 2, 3 + 3j, 4)]),
        ("M0 0q1 2 2 0 1 2 2 0", [(0, 1 + 2j, 2), (2, 3 + 2j, 4)]),
    ],
)
def test_control_points(data: str, controls: list[tuple[complex, ...]]) -> None:
    (path,) = parse_path(data)
    assert path.pieces == controls


@pytest.mark.parametrize(("large", "clockwise"), [(0, 0), (0, 1), (1, 0), (1, 1)])
@pytest.mark.parametrize("data", ["A5 5 0 {large} {clockwise} 5 0", "a5,5 30 {large}{clockwise}{dx:+}{dy:+}"])
def test_an_arc_of_a_circle_is_on_it(data: str, large: int, clockwise: int) -> None:
    begin = cmath.rect(5, 2.0)
    text = data.format(large=large, clockwise=clockwise, dx=5 - begin.real, dy=-begin.imag)
    (path,) = parse_path(f"M{begin.real} {begin.imag}{text}")
    (arc,) = path.pieces
    assert isinstance(arc, Arc)
    points = np.concatenate([[begin], flatten(arc, 1e-3)])
    assert abs(points[-1] - 5) < 1e-9
    np.testing.assert_allclose(np.abs(points - arc.centre), 5, rtol=1e-12)
    assert (abs(arc.sweep) > math.pi) == bool(large) and (arc.sweep > 0) == bool(clockwise)
    assert abs(arc.centre) < 1e-9 if (large, clockwise) in ((0, 0), (1, 1)) else abs(arc.centre) > 1


def test_a_circle_of_two_arcs_is_round_and_runs_the_whole_way() -> None:
    (path,) = parse_path("M10 0A10 10 0 1 1-10 0 10 10 0 1 1 10 0Z")
    points = np.concatenate([[path.start], *(flatten(piece, 0.01) for piece in path.pieces)])
    middles = (points[1:] + points[:-1]) / 2
    assert abs(np.abs(middles).min() - 10) < 0.0101 and np.abs(np.abs(points) - 10).max() < 1e-9
    assert np.abs(np.diff(points)).sum() == pytest.approx(20 * math.pi, rel=1e-3)


def test_an_ellipse_too_small_for_its_ends_is_enlarged() -> None:
    (path,) = parse_path("M0 0A1 2 0 0 1 10 0")
    (arc,) = path.pieces
    assert isinstance(arc, Arc)
    assert abs(arc.centre - 5) < 1e-9
    assert (abs(arc.first_axis), abs(arc.second_axis)) == pytest.approx((5, 10))


coordinates = st.complex_numbers(max_magnitude=1000, allow_nan=False, allow_infinity=False)


@given(st.lists(coordinates, min_size=3, max_size=4), st.sampled_from([1e-3, 0.1, 10.0]))
def test_curves_are_flat_within_the_tolerance(controls: list[complex], tolerance: float) -> None:
    points = np.concatenate([controls[:1], flatten(tuple(controls), tolerance)])
    assert abs(points[-1] - controls[-1]) < 1e-9
    degree, t = len(controls) - 1, np.linspace(0, 1, 400)
    exact = sum(math.comb(degree, i) * t**i * (1 - t) ** (degree - i) * z for i, z in enumerate(controls))
    at = np.clip((t * (len(points) - 1)).astype(int), 0, len(points) - 2)
    chord = points[at] + (t * (len(points) - 1) - at) * (points[at + 1] - points[at])
    assert np.abs(exact - chord).max() <= tolerance + 1e-9


six = st.lists(st.floats(-9, 9), min_size=6, max_size=6)


@given(six, six, coordinates)
def test_affine_maps_are_matrices(first: list[float], second: list[float], z: complex) -> None:
    def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> np.ndarray:
        return np.array([[a, c, e], [b, d, f], [0, 0, 1]])

    image = Affine.of_matrix(*first).after(Affine.of_matrix(*second))(z)
    expected = matrix(*first) @ matrix(*second) @ [z.real, z.imag, 1]
    np.testing.assert_allclose([image.real, image.imag], expected[:2], rtol=1e-9, atol=1e-8)


def test_the_image_of_an_arc_is_the_arc_of_images() -> None:
    skew = Affine.of_matrix(2, 0.5, -1, 1, 3, 4)
    (path,) = parse_path("M1 2A3 5 20 0 1 4 4")
    (arc,) = path.pieces
    assert isinstance(arc, Arc)
    image = skew.piece(arc)
    assert isinstance(image, Arc)
    for angle in np.linspace(arc.start, arc.start + arc.sweep, 9):
        points = [a.centre + math.cos(angle) * a.first_axis + math.sin(angle) * a.second_axis for a in (arc, image)]
        assert abs(skew(points[0]) - points[1]) < 1e-9


@pytest.mark.parametrize(
    "data",
    [
        *["L1 1", "M1", "M0 0L1", "M0 0L1 nan", "M0 0C1 1 2 2", "M0 0X", "M0 0L1 1 7"],
        *["z", "M", "M0 0Z5", "M0 0L1 1e99"],
        *["M0 0A1 1 0 2 0 5 5", "M0 0A1 1 0 0 0 5", "M0 0A1 1 0 0 0 5 5 7", "hello", "M0 0L1 1;"],
    ],
)
def test_no_path_data_is_refused(data: str) -> None:
    with pytest.raises(BadFileError, match=r"bad (path|coordinates)"):
        parse_path(data)


def test_a_path_of_too_many_pieces_is_refused() -> None:
    with pytest.raises(BadFileError, match="too much ink"):
        parse_path("M0 0" + "h1" * 200_001)
