"""A page of ink is cut into its lines of text, in reading order.

All is measured in x-heights of the page, without the slope and curve that its lines have in common (`ink.page_ink`).

1. Strokes that follow each other in time and in space are a fragment, about a word. A fragment is linked to the one
   whose baseline goes on where its own ends, the smallest step first, so that chains follow each line's own way.
   (Grouping in time first and then in space is due to Shilman, Wei, Raghupathy, Simard and Jones, "Discerning
   structure from freeform handwritten notes", ICDAR 2003.)
2. Chains on one baseline are merged into lines, and so is one that has too little ink for a line of its own. Columns
   are found in between (see `ink.columns`), and merged each for itself.
3. Every stroke gets the line that it fits: dynamic programming (Viterbi) weighs its distance from each line's baseline
   against changes of line in the order of writing, as Liwicki, Indermuehle and Bunke, "On-line handwritten text line
   detection using dynamic programming", ICDAR 2007, do for paths between lines. So dots and cross-bars are on the
   line of their letter, even where they were added late.
"""

from statistics import median_low

import numpy as np

from ink.columns import Bounds, blocks
from ink.geometry import stroke_bounds
from ink.page_ink import PageInk, measured

# Lengths are in x-heights. The values are chosen by counting lines of IAM-OnDB forms that come back stroke for stroke.
EDGE = 8
"""Down-strokes at either end of a fragment whose median is its baseline there."""
WORD_GAP = 1.5
"""Gap between two strokes of a fragment."""
STEP = 1.0
"""Difference between the baselines of two strokes of a fragment, or of two linked fragments."""
NEXT = 0.7
"""Discount of a link to the fragment that was written next."""
COLUMN_GAP, LETTER_GAP = 5.0, 0.7
"""Least gap between columns, or twice that between words: those above LETTER_GAP, of which the 80 % quantile."""
BAND = 1.5
"""Difference between two baselines that are those of two lines."""
ALONE, CONTACT = 1.5, 4.0
"""Ink in down-strokes times x-heights beyond BAND that is a line of its own, and more where it was written close to
ink of another line just before or after."""
NEAR = 6.0
"""Gap to the stroke written before, beyond which the pen has gone to another place."""
CHANGE, FAR_CHANGE = 1.0, 0.25
"""Cost of a change of line from one stroke to the next, in distance from a baseline; of a stroke that is not NEAR."""
TALL = 1.2
"""Height of a stroke that has a long stem."""


def cut_into_lines(points: np.ndarray) -> list[np.ndarray]:
    """Return the rows (n,) of `points` (T, 3) of each line of a page, rising; the lines are in reading order.

    A stroke is never cut, and the strokes of a line are in the order of writing. Columns are read one after the other.
    Ink of a single line is one array of all rows.
    """
    line = lines_of_strokes(points)
    first, last = stroke_bounds(points)
    of_rows = np.repeat(line, last - first + 1)
    return [np.flatnonzero(of_rows == number) for number in range(line.max() + 1)]


def lines_of_strokes(points: np.ndarray) -> np.ndarray:
    """Return the number of the line (S,) int64 of each pen stroke, from 0 in reading order; see `cut_into_lines`."""
    page = measured(points)
    fragments = _fragments(page)
    width = _column_gap(page, fragments)
    pieces = _merged(page, _chains(page, fragments, width), width)
    lines = [line for block in _blocks(page, pieces, width) for line in _merged(page, block)]
    if len(lines) < 2:
        return np.zeros(len(page.left), np.int64)
    return np.unique(_assigned(page, lines), return_inverse=True)[1]


def _fragments(page: PageInk) -> list[np.ndarray]:
    """Down-strokes (n,) of each fragment by x: strokes that follow each other in time and in space."""
    strokes, starts = np.unique(page.stroke, return_index=True)
    stops = np.append(starts, len(page.stroke))[1:]
    base, left, right = page.base.tolist(), page.left[strokes].tolist(), page.right[strokes].tolist()
    cuts: list[int] = []
    begin, end, height = 0, -np.inf, 0.0
    for start, stop, stroke_left, stroke_right in zip(starts.tolist(), stops.tolist(), left, right, strict=True):
        near = -2 * WORD_GAP <= stroke_left - end <= WORD_GAP
        if not near or abs(median_low(base[start : min(stop, start + EDGE)]) - height) > STEP:
            cuts.append(start)
            begin, end = start, -np.inf
        end = max(end, stroke_right)
        height = median_low(base[max(begin, stop - EDGE) : stop])
    parts = np.split(np.arange(len(base)), cuts)[1:]
    return [part[np.argsort(page.x[part], kind="stable")] for part in parts]


def _chains(page: PageInk, fragments: list[np.ndarray], reach: float) -> list[np.ndarray]:
    """Down-strokes (n,) of each chain of fragments by x: one goes on where another one ends."""
    left = np.array([page.x[part[0]] for part in fragments])
    right = np.array([page.x[part[-1]] for part in fragments])
    base = page.base.tolist()
    begin = np.array([median_low([base[down] for down in part[:EDGE]]) for part in fragments])
    end = np.array([median_low([base[down] for down in part[-EDGE:]]) for part in fragments])
    pairs: list[tuple[float, int, int]] = []
    for i in range(len(fragments)):
        gap, step = left - right[i], np.abs(begin - end[i])
        step[i + 1 : i + 2] -= NEXT
        near = np.flatnonzero((gap > -1) & (gap < reach) & (step < STEP) & (left > left[i]))
        pairs += zip((step + gap / 15)[near].tolist(), [i] * len(near), near.tolist(), strict=True)
    following: dict[int, int] = {}
    followed: set[int] = set()
    for _, i, j in sorted(pairs):
        if i not in following and j not in followed:
            following[i] = j
            followed.add(j)
    chains = []
    for i in set(range(len(fragments))) - followed:
        chain = [fragments[i]]
        while i in following:
            i = following[i]
            chain.append(fragments[i])
        chains.append(np.concatenate(chain))
    return chains


def _merged(page: PageInk, chains: list[np.ndarray], reach: float = np.inf) -> list[np.ndarray]:
    """Down-strokes (n,) of each line, from the top down: chains of one baseline, or too small for a line of their own.

    The longest chains come first, and each joins the line from which it differs least, or begins another one.
    """
    bodies, body = np.unique(page.stroke, return_inverse=True)
    gap = np.maximum(page.left[bodies[1:]] - page.right[bodies[:-1]], page.left[bodies[:-1]] - page.right[bodies[1:]])
    close = np.append(np.append(False, gap < NEAR), False)  # (B+1,): is a body near to the one written before it?
    owner = np.full(len(bodies), -1)
    lines: list[np.ndarray] = []
    curves = np.empty((len(chains), page.grid.size))
    ends = np.empty((len(chains), 2))
    for chain in sorted(chains, key=len, reverse=True):
        x, count, mine = page.x[chain], len(lines), body[chain]
        off = np.abs(np.median(page.base[chain] - curves[:count, page.at(x)], axis=1))
        apart = np.maximum(0, np.maximum(x.min() - ends[:count, 1], ends[:count, 0] - x.max()))
        contacts = np.zeros(count)
        for near in (owner[mine[close[mine]] - 1], owner[mine[close[mine + 1]] + 1]):
            contacts[np.unique(near[near >= 0])] += 1
        surplus = len(chain) * (off - BAND) - CONTACT * contacts
        surplus[apart > reach] = np.inf
        number = int(np.argmin(surplus + apart / 30)) if count else 0
        if count and surplus[number] <= ALONE:
            lines[number] = np.concatenate([lines[number], chain])
        else:
            number = count
            lines.append(chain)
        owner[mine] = number
        curves[number] = _baseline(page, lines[number])
        ends[number] = page.x[lines[number]].min(), page.x[lines[number]].max()
    return sorted(lines, key=lambda downs: float(np.median(page.base[downs])))


def _baseline(page: PageInk, downs: np.ndarray) -> np.ndarray:
    """y (G,) of a line's baseline over the page's grid, of its down-strokes (n,): the median of those around."""
    downs = downs[np.argsort(page.x[downs], kind="stable")]
    size = min(EDGE + 1, len(downs))
    around = np.lib.stride_tricks.sliding_window_view(downs, size)
    return np.interp(page.grid, np.median(page.x[around], axis=1), np.median(page.base[around], axis=1))


def _assigned(page: PageInk, lines: list[np.ndarray]) -> np.ndarray:
    """The line (S,) of each stroke: the cheapest sequence of lines, by Viterbi."""
    middle = (page.left + page.right) / 2  # (S,)
    base = np.stack([_baseline(page, downs)[page.at(middle)] for downs in lines])  # (K, S)
    ends = np.array([[page.x[downs].min(), page.x[downs].max()] for downs in lines])
    apart = np.maximum(ends[:, :1] - page.right, page.left - ends[:, 1:])
    cost = _misfit(page, base) + np.clip(apart / 10, 0, 3)
    gap = np.maximum(page.left[1:] - page.right[:-1], page.left[:-1] - page.right[1:])
    return _cheapest(cost.T, np.where(gap < NEAR, CHANGE, FAR_CHANGE))


def _misfit(page: PageInk, base: np.ndarray) -> np.ndarray:
    """Distance (K, S) of each stroke from where it would be on lines of the baselines (K, S).

    A tall stroke begins an x-height above the baseline (descenders) or ends on it (ascenders), others are
    in the middle between them, and marks mostly above; of a long one most down-strokes end on the baseline.
    """
    top, bottom = page.top - base, page.bottom - base
    middle = (top + bottom) / 2
    tall = np.minimum(np.abs(top + 1), np.abs(bottom)) + 0.25 * np.abs(middle + 0.5)
    return np.where((page.n_downs < 3) & (bottom - top > TALL), tall, np.abs(page.height - base))


def _cheapest(cost: np.ndarray, change: np.ndarray) -> np.ndarray:
    """The column (S,) in each row of cost (S, K) whose sum is least; another column than before costs change (S-1,)."""
    total, back = cost[0], np.zeros(cost.shape, np.int64)
    stay = np.arange(cost.shape[1])
    for s in range(1, len(cost)):
        cheapest = int(total.argmin())
        moved = total[cheapest] + change[s - 1]
        back[s] = np.where(moved < total, cheapest, stay)
        total = np.minimum(total, moved) + cost[s]
    label = np.empty(len(cost), np.int64)
    label[-1] = total.argmin()
    for s in range(len(cost) - 1, 0, -1):
        label[s - 1] = back[s, label[s]]
    return label


def _blocks(page: PageInk, pieces: list[np.ndarray], width: float) -> list[list[np.ndarray]]:
    """Pieces of lines by the columns that they are in, blocks in reading order."""
    if len(pieces) < 4:
        return [pieces]
    bounds = Bounds(
        left=np.array([page.left[page.stroke[downs]].min() for downs in pieces]),
        right=np.array([page.right[page.stroke[downs]].max() for downs in pieces]),
        height=np.array([np.median(page.base[downs]) for downs in pieces]),
    )
    return [[pieces[number] for number in block] for block in blocks(bounds, width)]


def _column_gap(page: PageInk, fragments: list[np.ndarray]) -> float:
    """Width of a gap between columns: COLUMN_GAP, or more where the words are far apart."""
    left = np.array([page.left[page.stroke[downs]].min() for downs in fragments])
    right = np.array([page.right[page.stroke[downs]].max() for downs in fragments])
    gap = left[1:] - right[:-1]
    words = gap[(gap > LETTER_GAP) & (gap < 3 * COLUMN_GAP)]  # and not the way to another line
    return max(COLUMN_GAP, 2 * float(np.quantile(words, 0.8))) if len(words) else COLUMN_GAP
