"""From the picture of a character to pen strokes that could have drawn it.

The image is enlarged, cut at a grey level and thinned to a skeleton. Its paths run straight on through junctions
where they can, are smoothed, and the pen takes them in the order that moves it least. After de Jong's thinned MNIST
(2016), which keeps the pen on whole pixels and solves a travelling salesman's problem over them.

Coordinates are the image's pixels, (0, 0) at the middle of the top left one, y downward.
"""

import functools
import math
from collections.abc import Callable
from itertools import combinations

import numpy as np

from data_loader.formats.skeleton_graph import Edge, Node, clean, trace

SCALE = 4  # how many times the image is enlarged before it is thinned
INK = 0.4  # of the brightest pixel: what is brighter is ink
_HOLE = 0.1  # of the brightest pixel: ink this much darker than all ink around it is the inside of a small loop
_MAX_INK = 0.5  # of the image
_PAD = 1  # pixels put around the image, so that ink at its edge is thinned as elsewhere
_SMOOTHING = 0.7  # pixels, the standard deviation of the Gaussian that takes the steps out of a path
_REACH = 1.5  # in widths of the pen: how far from a junction the direction of a path is measured
_BACK = 1.8  # in widths of the pen: so far it goes back over its own ink rather than being lifted
_ON_PATH = 1.0  # pixels: what is nearer to a path is on it
_EXACT = 5  # strokes: while more are left the nearest is next, then every order is tried
_MAX_EDGES = 300  # a letter has a few; what has more is noise or a photograph, and takes long

End = tuple[int, int]  # an edge's position, and 0 for its start, 1 for its end


def image_points(image: np.ndarray, skeletonize: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """Points (T, 3) float32 about a pixel apart, for bright ink in an image (H, W) uint8; (0, 3) where it has none.

    The first stroke begins at the top-left end. A closed figure, a 0 or an 8, is begun at its top left and against
    the clock, and ends where it began. `skeletonize` thins a bool image to lines of one pixel.

    Raises ValueError where the image is no line drawing: too much of it is ink, or it has too many lines.
    """
    mask = _enlarged_ink(np.where(_depth(image) > _HOLE * image.max(), 0, image))
    if mask.mean() > _MAX_INK:
        raise ValueError(f"{mask.mean():.0%} of it is bright; bright ink on a dark ground is expected")
    skeleton = skeletonize(mask)
    width = float(mask.sum() / max(1, skeleton.sum()))
    edges, dots = trace(skeleton)
    if len(edges) + len(dots) > _MAX_EDGES:
        raise ValueError(f"its skeleton has {len(edges) + len(dots)} lines; at most {_MAX_EDGES} are followed")
    strokes = [_smooth(path) for path in _trails(clean(edges, width), width)] + [np.array([dot]) for dot in dots]
    ordered = _in_order([(stroke + 0.5) / SCALE - 0.5 - _PAD for stroke in strokes])
    ordered = _without_short_lifts(ordered, _BACK * width / SCALE)
    return np.concatenate([np.zeros((0, 3), np.float32), *(_as_points(stroke) for stroke in ordered)])


def _depth(image: np.ndarray) -> np.ndarray:
    """Return how much darker each pixel (H, W) is than all ink around it, (H, W) of the image's type.

    This is the grey-level fill of holes (reconstruction by erosion; Vincent 1993) less the image. Paper is what is no
    ink, inside a ring as outside, so that a hole that is there is left as it is.
    """
    filled = np.where(image > INK * image.max(), image.max(), image)
    filled[[0, -1]], filled[:, [0, -1]] = image[[0, -1]], image[:, [0, -1]]
    while True:
        around = np.pad(filled, 1, "edge")
        around = np.minimum(np.minimum(around[:-2], around[1:-1]), around[2:])
        lower = np.maximum(image, np.minimum(np.minimum(around[:, :-2], around[:, 1:-1]), around[:, 2:]))
        if np.array_equal(lower, filled):
            return filled - image
        filled = lower


def _enlarged_ink(image: np.ndarray) -> np.ndarray:
    """Return True where the image, padded and enlarged, is ink: bool (SCALE * (H + 2 PAD), SCALE * (W + 2 PAD))."""
    rows, columns = (_enlarging(size) for size in image.shape)
    ink: np.ndarray = rows @ image @ columns.T > INK * max(1, image.max())
    return ink


@functools.lru_cache(maxsize=8)
def _enlarging(size: int) -> np.ndarray:
    """The matrix (SCALE * (size + 2 PAD), size) that enlarges one axis by cubic convolution (Keys 1981, a = -1/2)."""
    at = (np.arange((size + 2 * _PAD) * SCALE) + 0.5) / SCALE - 0.5 - _PAD
    x = np.abs(at[:, None] - np.arange(size))
    near, far = 1.5 * x**3 - 2.5 * x**2 + 1, -0.5 * x**3 + 2.5 * x**2 - 4 * x + 2
    return np.where(x < 1, near, np.where(x < 2, far, 0))


def _trails(edges: list[Edge], width: float) -> list[np.ndarray]:
    """Paths (n, 2) that go over every edge once and through each node as straight as they can."""
    incident: dict[Node, list[End]] = {}
    for i, edge in enumerate(edges):
        for side, node in enumerate(edge.ends):
            incident.setdefault(node, []).append((i, side))
    turn = _turns(edges, incident, _REACH * width)
    next_end: dict[End, End] = {}
    for ends in incident.values():
        for first, other in sorted(combinations(ends, 2), key=turn.__getitem__):
            if first not in next_end and other not in next_end:
                next_end |= {first: other, other: first}
    for ends in incident.values():
        _open_ring(ends, next_end, turn)
    free = [end for ends in incident.values() for end in ends if end not in next_end]
    trails, done = [], set[int]()
    for end in [*free, *next_end]:
        if end[0] not in done:
            walk = _walk(end, next_end)
            done.update(i for i, _ in walk)
            trails.append(_path(walk, edges, 0.5 * width, closed=end in next_end))
    return trails


def _turns(edges: list[Edge], incident: dict[Node, list[End]], reach: float) -> dict[tuple[End, End], float]:
    """Return the cosine between each two edges at a node, the turn of a path through it: -1 for straight on."""
    routes = {}
    for node, ends in incident.items():
        for i, side in ends:
            path = edges[i].path[:: 1 - 2 * side]
            away = np.hypot(*(path - node).T)
            far = path[int(np.argmax(away >= reach)) if away.max() >= reach else int(np.argmax(away))] - node
            routes[i, side] = far / max(1e-9, np.hypot(*far))
    return {
        pair: float(np.dot(routes[pair[0]], routes[pair[1]])) for e in incident.values() for pair in combinations(e, 2)
    }


def _open_ring(ends: list[End], next_end: dict[End, End], turn: dict[tuple[End, End], float]) -> None:
    """Lead a path that ends at a node of a ring into the ring: a 6 or a 9 is one stroke."""
    for free in [end for end in ends if end not in next_end]:
        for first in [end for end in ends if end in next_end]:
            walk = _walk(first, next_end)
            last = (walk[-1][0], 1 - walk[-1][1])
            if next_end.get(last) == first:
                other = next_end[first]
                near, left = sorted((first, other), key=lambda end: turn[min(free, end), max(free, end)])
                del next_end[left]
                next_end |= {free: near, near: free}
                return


def _walk(start: End, next_end: dict[End, End]) -> list[End]:
    """The edges of a trail in order, each with the end that it is entered at."""
    walk = [start]
    while (end := next_end.get((walk[-1][0], 1 - walk[-1][1]))) is not None and end != start:
        walk.append(end)
    return walk


def _path(walk: list[End], edges: list[Edge], near: float, closed: bool) -> np.ndarray:
    """The points of a trail; those near a junction that it passes are left out, as the thinning bends them there."""
    pieces = []
    for k, (i, side) in enumerate(walk):
        path = edges[i].path[:: 1 - 2 * side]
        keep = np.full(len(path), True)
        if k or closed:
            keep &= np.hypot(*(path - path[0]).T) > near
        if k < len(walk) - 1 or closed:
            keep &= np.hypot(*(path - path[-1]).T) > near
        pieces.append(path[keep])
    path = np.concatenate(pieces)
    if len(path) < 2:
        path = np.concatenate([edges[i].path[:: 1 - 2 * side] for i, side in walk])
    return np.vstack([path, path[:1]]) if closed else path


def _is_ring(path: np.ndarray) -> bool:
    return len(path) > 3 and bool(np.all(path[0] == path[-1]))


def _resample(path: np.ndarray, step: float) -> np.ndarray:
    """The path (n, 2) with points evenly about a step apart, its ends where they were."""
    arc = np.append(0, np.hypot(*np.diff(path, axis=0).T).cumsum())
    at = np.linspace(0, arc[-1], max(1, round(arc[-1] / step)) + 1)
    return np.stack([np.interp(at, arc, axis) for axis in path.T], axis=1)


def _smooth(path: np.ndarray) -> np.ndarray:
    """The path (n, 2), in enlarged pixels, smoothed; its ends stay, and a ring stays one."""
    ring = _is_ring(path)
    path = _resample(path, 1.0)
    half = min(int(3 * _SMOOTHING * SCALE), len(path) - 2)
    if half < 1:
        return path
    kernel = np.exp(-0.5 * (np.arange(-half, half + 1) / (_SMOOTHING * SCALE)) ** 2)
    before, after = path[half:0:-1], path[-2 : -half - 2 : -1]
    if ring:
        before, after = path[-half - 1 : -1], path[1 : half + 1]
    else:
        before, after = 2 * path[0] - before, 2 * path[-1] - after
    long = np.vstack([before, path, after])
    path = np.stack([np.convolve(axis, kernel / kernel.sum(), "valid") for axis in long.T], axis=1)
    if ring:
        path[-1] = path[0]
    return path


def _top_left(points: np.ndarray) -> np.ndarray:
    """The less, the more a point is where writing begins: at the top, and left rather than right."""
    return points[..., 1] + 0.5 * points[..., 0]


def _begun_at(ring: np.ndarray, first: int) -> np.ndarray:
    return np.vstack([np.roll(ring[:-1], -first, axis=0), ring[first]])


def _in_order(strokes: list[np.ndarray]) -> list[np.ndarray]:
    """The strokes in the order, and each in the direction, that move the pen least from the top-left end on."""
    strokes = [_against_the_clock(stroke) if _is_ring(stroke) else stroke for stroke in strokes]
    ends = [(float(_top_left(s[j])), k, j) for k, s in enumerate(strokes) if not _is_ring(s) for j in (0, -1)]
    ends = ends or [(float(_top_left(s[0])), k, 0) for k, s in enumerate(strokes)]
    if not ends:
        return []
    _, first, end = min(ends)
    ordered = [strokes.pop(first)[:: 1 if end == 0 else -1]]
    while len(strokes) > _EXACT:
        _, k, nearest = _routes(ordered[-1][-1], strokes)[0]
        ordered.append(nearest)
        del strokes[k]
    return ordered + _least_travel(ordered[-1][-1], strokes)[1]


def _against_the_clock(ring: np.ndarray) -> np.ndarray:
    """The ring from its top-left point on, first to the left and down."""
    ring = _begun_at(ring, int(np.argmin(_top_left(ring[:-1]))))
    step = max(1, len(ring) // 8)
    return min(ring, ring[::-1], key=lambda route: float(route[step, 0] - route[step, 1]))


def _routes(pen: np.ndarray, strokes: list[np.ndarray]) -> list[tuple[float, int, np.ndarray]]:
    """The routes on from where the pen is, nearest first: how far, which stroke, and it as it would be drawn."""
    routes = []
    for k, stroke in enumerate(strokes):
        if _is_ring(stroke):
            drawn = [_begun_at(stroke, int(np.argmin(np.hypot(*(stroke[:-1] - pen).T))))]
        else:
            drawn = [stroke, stroke[::-1]]
        routes += [(float(np.hypot(*(route[0] - pen))), k, route) for route in drawn]
    return sorted(routes, key=lambda route: route[0])


def _least_travel(pen: np.ndarray, strokes: list[np.ndarray]) -> tuple[float, list[np.ndarray]]:
    """The least way through the air that takes the pen over all strokes, and the strokes as they are then drawn."""
    best: tuple[float, list[np.ndarray]] = (math.inf if strokes else 0.0, [])
    for travel, k, route in _routes(pen, strokes):
        if travel < best[0]:
            more, order = _least_travel(route[-1], strokes[:k] + strokes[k + 1 :])
            if travel + more < best[0]:
                best = (travel + more, [route, *order])
    return best


def _without_short_lifts(strokes: list[np.ndarray], reach: float) -> list[np.ndarray]:
    """The strokes, joined where one begins near the end of the one before and ink leads there: the pen draws the tip
    in the middle of a 3 forth and back, which the skeleton shows as one line.
    """
    joined: list[np.ndarray] = []
    for stroke in strokes:
        between = None
        if joined:
            between = _way_back(joined[-1], stroke[0], reach)
        if joined and between is None:
            between = _way_back(stroke[::-1], joined[-1][-1], reach)
            between = None if between is None else between[::-1]
        if between is None:
            joined.append(stroke)
        else:
            joined[-1] = np.vstack([joined[-1], between, stroke])
    return joined


def _way_back(stroke: np.ndarray, to: np.ndarray, reach: float) -> np.ndarray | None:
    """The points from the stroke's end back to where it passes `to`; None if it does not within `reach`."""
    arc = np.append(0, np.hypot(*np.diff(stroke[::-1], axis=0).T).cumsum())
    tail = stroke[::-1][arc <= reach]
    away = np.hypot(*(tail - to).T)
    nearest = int(np.argmin(away))
    return tail[1 : nearest + 1] if away[nearest] < _ON_PATH else None


def _as_points(stroke: np.ndarray) -> np.ndarray:
    """Points (n, 3) float32 of one stroke (m, 2), about a pixel apart."""
    path = _resample(stroke, 1.0) if len(stroke) > 1 else stroke
    points = np.zeros((len(path), 3), np.float32)
    points[:, :2] = path
    points[-1, 2] = 1
    return points
