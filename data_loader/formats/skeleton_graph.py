"""The skeleton of a drawing as a graph: paths of pixels between nodes, which are ends and junctions.

Thinning makes up what no pen drew: side branches at blunt ends and bulges (spurs), and a crossing torn into two
junctions a little apart. `clean` takes both out again.
"""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

import numpy as np

Node = tuple[float, float]  # x, y
_SPUR = 0.7  # in widths of the pen: a shorter side branch was made by the thinning
_TORN = 1.2  # in widths of the pen: nearer junctions are one crossing
_AROUND = ((0, 1), (1, 0), (0, -1), (-1, 0), (1, 1), (1, -1), (-1, -1), (-1, 1))


@dataclass(frozen=True, eq=False)
class Edge:
    """A path (n, 2) of x, y that begins at the first of `ends` and leads to the second."""

    ends: tuple[Node, Node]
    path: np.ndarray

    @cached_property
    def length(self) -> float:
        return float(np.hypot(*np.diff(self.path, axis=0).T).sum())


def trace(skeleton: np.ndarray) -> tuple[list[Edge], list[Node]]:
    """The paths between the nodes of a skeleton (H, W) bool, and its lone pixels. A ring begins and ends at a pixel
    of its own.
    """
    around = _neighbours(skeleton)
    nodes = {pixel for pixel, others in around.items() if len(others) != 2}
    edges: list[Edge] = []
    walked: set[tuple[Node, Node]] = set()
    visited = set(nodes)
    for node in [*sorted(nodes), *around]:
        if node not in nodes and node in visited:
            continue
        nodes.add(node)
        for step in around[node]:
            if (node, step) in walked:
                continue
            path = [node, step]
            while path[-1] not in nodes:
                first, second = around[path[-1]]
                path.append(second if first == path[-2] else first)
            visited.update(path)
            walked |= {(node, step), (path[-1], path[-2])}
            edges.append(Edge((node, path[-1]), np.array(path)))
    return edges, [node for node in sorted(nodes) if not around[node]]


def _neighbours(skeleton: np.ndarray) -> dict[Node, list[Node]]:
    """The neighbours of each pixel (x, y); a diagonal one only where no straight way leads there."""
    pixels: list[tuple[float, float]] = [(float(x), float(y)) for y, x in np.argwhere(skeleton)]
    known = set(pixels)
    return {
        (x, y): [
            (x + dx, y + dy)
            for dx, dy in _AROUND
            if (x + dx, y + dy) in known and not (dx and dy and ((x + dx, y) in known or (x, y + dy) in known))
        ]
        for x, y in pixels
    }


def clean(edges: list[Edge], width: float) -> list[Edge]:
    """The edges without spurs and torn junctions, for a pen of this width."""
    edges = _prune(_merge(edges, 2.5), _SPUR * width)
    return _prune(_merge(edges, _TORN * width), _SPUR * width)


def _prune(edges: list[Edge], shortest: float) -> list[Edge]:
    """The edges without side branches shorter than this, the shortest taken first; small rings at a node go too."""
    edges = list(edges)
    while True:
        degrees = Counter(node for edge in edges for node in edge.ends)
        spurs = []
        for edge in edges:
            low, high = sorted(degrees[node] for node in edge.ends)
            ring = edge.ends[0] == edge.ends[1]
            if high > 2 and (edge.length < 2 * shortest if ring else low == 1 and edge.length < shortest):
                spurs.append(edge)
        if not spurs:
            return edges
        edges.remove(min(spurs, key=lambda edge: edge.length))


def _merge(edges: list[Edge], nearest: float) -> list[Edge]:
    """The edges with nodes that are nearer than this along an edge made one, in their middle; no end is moved."""
    degrees = Counter(node for edge in edges for node in edge.ends)
    cluster = {node: {node} for node in degrees}
    short = [edge for edge in edges if edge.length < nearest and min(degrees[node] for node in edge.ends) > 1]
    for start, end in (edge.ends for edge in short):
        if cluster[start] is not cluster[end]:
            cluster[start] |= cluster[end]
            for node in cluster[end]:
                cluster[node] = cluster[start]
    middle: dict[Node, Node] = {}
    for node, nodes in cluster.items():
        x, y = np.mean(sorted(nodes), axis=0)
        middle[node] = (float(x), float(y))
    merged = []
    for edge in edges:
        if edge not in short:
            start, end = (middle[node] for node in edge.ends)
            merged.append(Edge((start, end), np.vstack([[start], edge.path[1:-1], [end]])))
    return merged
