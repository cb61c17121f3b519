"""Web pages that stand alone: ink, numbers and tables, with no script and nothing from the network.

A page is built of pieces: what is `Html` is put in as it is, every other value is text and is escaped.

points   (T, 3) x, y (downward), end_of_stroke   as everywhere in the project, in the data set's own units
"""

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from ink.strokes import pen_strokes

WIDTH, HEIGHT = 8000, 600  # of the box that ink is fitted into, in whole units
UNITS_A_PIXEL = 8
MARGIN = 12  # units, for the pen's own width
BANDS = 12  # of color, from the first stroke to the last
FIRST_HUE, LAST_HUE = 222, 335
BINS = 48

STYLE = """
:root { --ink: #23283b; --soft: #6c7286; --line: #e4e5ec; --paper: #fff; --back: #f6f6f9; --warn: #a5480c }
* { box-sizing: border-box }
body { margin: 0; background: var(--back); color: var(--ink); font: 15px/1.5 system-ui, sans-serif }
main { max-width: 1180px; margin: 0 auto; padding: 2.5rem 1.5rem 5rem }
section { overflow-x: auto }
h1 { font-size: 1.7rem; font-weight: 600; margin: 0 }
h2 { font-size: 1.15rem; font-weight: 600; margin: 2.8rem 0 .6rem }
p { margin: .2rem 0 .9rem; color: var(--soft); max-width: 75ch }
table { border-collapse: collapse; background: var(--paper); border: 1px solid var(--line); border-radius: 6px }
th, td { padding: .3rem .9rem; text-align: left; border-bottom: 1px solid var(--line); vertical-align: top;
  overflow-wrap: anywhere }
th { font-weight: 500; color: var(--soft); font-size: .85rem; white-space: nowrap }
tr:last-child td { border-bottom: 0 }
td.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap }
table + p, .lines + p { margin-top: 1.1rem }
.lines { display: flex; flex-wrap: wrap; gap: .7rem }
.lines figure { flex: 1 1 auto; min-width: 220px }
.lines figure.odd { min-width: 340px }
figure { margin: 0; max-width: 100%; padding: .8rem 1.1rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px }
section > figure + figure { margin-top: .7rem }
figure.odd { border-left: 3px solid var(--warn) }
figcaption { width: 0; min-width: 100%; display: flex; flex-wrap: wrap; gap: 0 1.1rem; font-size: .85rem;
  color: var(--soft) }
figcaption strong { font-weight: 600; color: var(--ink) }
figcaption q { quotes: none; color: var(--ink); font-size: .95rem; white-space: pre-wrap; overflow-wrap: anywhere }
figcaption .why { flex-basis: 100%; color: var(--warn) }
svg.ink { display: block; max-width: 100%; height: auto; margin: .3rem 0 .5rem; fill: none; stroke-linecap: round;
  stroke-linejoin: round; stroke-width: 1.4px }
svg.ink path { vector-effect: non-scaling-stroke }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(330px, 1fr)); gap: .9rem }
svg.bars { display: block; width: 100%; height: auto; fill: #8f9bc4 }
svg.chart { display: block; width: 100%; height: auto; margin: .3rem 0; fill: none; stroke-linejoin: round;
  font-size: 11px }
svg.chart text { fill: var(--soft); font-variant-numeric: tabular-nums }
svg.chart .best { fill: var(--ink); paint-order: stroke; stroke: var(--paper); stroke-width: 4px }
svg.chart .rule { stroke: var(--line) } svg.chart .mark { stroke: #c9cbd8; stroke-dasharray: 1 4 }
svg.chart polyline { stroke-width: 1.5px } figure.chart { margin: 0 0 .9rem }
.grid figure.chart { margin: 0 }
.key, .figures { white-space: nowrap }
.figures { display: block; text-align: right; font-variant-numeric: tabular-nums }
.key b { font-size: 1.1rem; line-height: 0 }
.large { display: flex; flex-wrap: wrap; gap: .7rem; margin: 1.2rem 0 }
.large div { background: var(--paper); border: 1px solid var(--line); border-radius: 6px; padding: .5rem 1rem }
.large small { display: block; color: var(--soft) }
.large b { font-size: 1.25rem; font-weight: 600; font-variant-numeric: tabular-nums }
img { display: block; max-width: 100%; height: auto }
pre { margin: .5rem 0; padding: .8rem 1.1rem; background: var(--paper); border: 1px solid var(--line);
  border-radius: 6px; font-size: .85rem; overflow: auto }
.tiles { display: flex; flex-wrap: wrap; gap: .3rem }
.tiles span { background: var(--paper); border: 1px solid var(--line); border-radius: 5px; padding: .15rem .55rem;
  min-width: 4.2rem; display: flex; justify-content: space-between; gap: .7rem; font-variant-numeric: tabular-nums }
.tiles span.rare { border-color: var(--warn); color: var(--warn) }
.tiles small { color: var(--soft) }
details { margin: .7rem 0 } summary { cursor: pointer; color: var(--soft) }
"""


class Html(str):
    """A piece of a page that is markup already."""


def escaped(value: Any) -> Html:
    """A value as markup: `Html` as it is, anything else as text that means nothing to a browser."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def joined(pieces: Iterable[Any]) -> Html:
    """Pieces one after the other."""
    return Html("\n".join(map(escaped, pieces)))


def page(title: str, lead: Any, sections: Iterable[tuple[str, Any, Any]]) -> str:
    """A whole page: its title, a lead, and sections of a heading, a remark and a body."""
    body = [f"<h1>{escaped(title)}</h1>", f"<p>{escaped(lead)}</p>"]
    for heading, remark, piece in sections:
        told = f"<p>{escaped(remark)}</p>\n" if remark else ""
        body.append(f"<section><h2>{escaped(heading)}</h2>\n{told}{escaped(piece)}</section>")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # no script runs and nothing is fetched
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Html:
    """A table; numbers stand to the right, whole ones with commas. Without a row it says so."""
    head = "".join(f"<th>{escaped(name)}</th>" for name in header)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    if not body:
        return Html("<p>None.</p>")
    return Html(f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>")


def _cell(value: Any) -> str:
    if isinstance(value, int | float | np.number):
        return f'<td class="number">{number(float(value))}</td>'
    return f'<td dir="auto">{escaped(value)}</td>'


def whole(value: Any) -> Html:
    """A name or a number of a table, never broken into lines; a number, of four digits, to the right."""
    if not isinstance(value, int | float):
        return Html(f'<span class="key">{escaped(value)}</span>')
    shown = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return Html(f'<span class="figures">{shown}</span>')


def number(value: float) -> str:
    """A number for people: 12,345 or 3.14; a dash for none."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"


def line_figures(figures: Iterable[Html]) -> Html:
    """Lines of ink, as many beside each other as there is room for."""
    return Html(f'<div class="lines">{joined(figures)}</div>')


def grid(pieces: Iterable[Any]) -> Html:
    """Pieces side by side, in as many columns as there is room for."""
    return Html(f'<div class="grid">{joined(pieces)}</div>')


def folded(summary: str, piece: Any) -> Html:
    """A piece behind a line to click on."""
    return Html(f"<details><summary>{escaped(summary)}</summary>{escaped(piece)}</details>")


def large_numbers(numbers: Iterable[tuple[str, Any]]) -> Html:
    """The few numbers that matter most, large, each over its name."""
    rows = ((escaped(number(value) if isinstance(value, int | float) else value), name) for name, value in numbers)
    return Html(f'<div class="large">{joined(_large(*row) for row in rows)}</div>')


def _large(value: Html, name: str) -> Html:
    return Html(f"<div><b>{value}</b><small>{escaped(name)}</small></div>")


def image_figure(png: bytes, caption: str) -> Html:
    """A PNG, in the page itself, over its caption."""
    data = base64.b64encode(png).decode()
    below = escaped(caption)
    image = f'<img src="data:image/png;base64,{data}" alt="{below}">'
    return Html(f"<figure>{image}<figcaption>{below}</figcaption></figure>")


def line_figure(points: np.ndarray, name: str, text: str, facts: str, reasons: Sequence[str] = ()) -> Html:
    """A line of ink over its name, its text and facts; with `reasons` why it is odd, marked as such."""
    why = "".join(f'<span class="why">{escaped(reason)}</span>' for reason in reasons)
    kind = ' class="odd"' if reasons else ""
    return Html(
        f"<figure{kind}>{ink_svg(points)}<figcaption><strong>{escaped(name)}</strong>"
        f'<q dir="auto">{escaped(text)}</q><span>{escaped(facts)}</span>{why}</figcaption></figure>'
    )


def ink_svg(points: np.ndarray) -> Html:
    """The ink of points (T, 3) as an `<svg>`, fitted to the page; from the first stroke to the last the color changes.

    Points that are not finite are left out.
    """
    points = points[np.isfinite(points).all(1)]
    if not len(points):
        return Html('<svg class="ink" width="1" height="1"></svg>')
    xy = points[:, :2].astype(np.float64)
    size = np.maximum(np.ptp(xy, axis=0), 1e-12)
    scale = min(WIDTH / size[0], HEIGHT / size[1])
    whole = np.rint((xy - xy.min(0)) * scale).astype(np.int64)
    strokes = pen_strokes(np.column_stack((whole, points[:, 2])))
    bands = np.arange(len(strokes)) * BANDS // len(strokes)
    paths = []
    for band in np.unique(bands).tolist():
        hue = FIRST_HUE + (LAST_HUE - FIRST_HUE) * band // BANDS
        data = "".join(_path_data(strokes[i].astype(np.int64)) for i in np.flatnonzero(bands == band))
        paths.append(f'<path stroke="hsl({hue} 55% 38%)" d="{data}"/>')
    width, height = (whole.max(0) + 2 * MARGIN).tolist()
    size_px = f'width="{width / UNITS_A_PIXEL:.0f}" height="{height / UNITS_A_PIXEL:.0f}"'
    box = f'viewBox="{-MARGIN} {-MARGIN} {width} {height}"'
    return Html(f'<svg class="ink" {size_px} {box}>{"".join(paths)}</svg>')


def _path_data(stroke: np.ndarray) -> str:
    """The `d` of a stroke (n, 2) of whole numbers: its start, then offsets; those of no length are left out."""
    offsets = np.diff(stroke, axis=0)
    offsets = offsets[(offsets != 0).any(1)]
    start = f"M{stroke[0, 0]} {stroke[0, 1]}"
    return start + "l" + (" ".join(f"{dx} {dy}" for dx, dy in offsets.tolist()) or "0 0").replace(" -", "-")


def histogram(values: np.ndarray, label: str) -> Html:
    """How often which value occurs: bars as an `<svg>`, the numbers beneath; values that are not finite do not count.

    The last bar holds all that lies beyond the 99.5th percentile.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return Html(f"<figure><strong>{escaped(label)}</strong><figcaption>not known of any line</figcaption></figure>")
    low, q1, middle, q99, cut, high = np.percentile(values, [0, 1, 50, 99, 99.5, 100])
    step = (cut - low) / BINS or 1.0
    whole = bool((values == np.rint(values)).all())
    if whole:
        step = np.ceil(step)
    edges = low - 0.5 * whole + step * np.arange(np.floor((cut - low) / step) + 2)
    counts = np.histogram(np.minimum(values, edges[-1]), edges)[0]
    bars = "".join(
        f'<rect x="{i * 320 / len(counts):.1f}" y="{90 - 88 * n / counts.max():.1f}" '
        f'width="{320 / len(counts) - 0.8:.1f}" height="{88 * n / counts.max():.1f}">'
        f"<title>from {number(edges[i] + 0.5 * whole)}: {n:,}</title></rect>"
        for i, n in enumerate(counts.tolist())
        if n
    )
    told = f"median {number(middle)}, 98 % from {number(q1)} to {number(q99)}, all from {number(low)} to {number(high)}"
    return Html(
        f'<figure><strong>{escaped(label)}</strong><svg class="bars" viewBox="0 0 320 90">{bars}</svg>'
        f"<figcaption>{told}</figcaption></figure>"
    )


def character_tiles(counts: dict[str, int], rare: int) -> Html:
    """Characters with their counts, as given; those that occur less than `rare` times are marked."""
    return Html(f'<div class="tiles">{"".join(_tile(*item, rare) for item in counts.items())}</div>')


def _tile(character: str, count: int, rare: int) -> str:
    code = " ".join(f"U+{ord(part):04X}" for part in character)
    kind = ' class="rare"' if count < rare else ""
    shown = escaped("␣" if character == " " else character)
    return f'<span{kind} title="{code}"><b>{shown}</b><small>{count:,}</small></span>'
