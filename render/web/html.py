"""Web pages that stand alone: sections of text, numbers, tables and figures; no script, nothing from the network.

A page is built of pieces: a piece that is `Html` is put in as it is, every other value is text and is escaped.
"""

import base64
import html
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

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


class Section(NamedTuple):
    """A part of a page: its heading, a remark below it, and a body."""

    heading: str
    remark: Any
    body: Html


def page(title: str, lead: Any, sections: Iterable[Section]) -> str:
    """Return a whole page: its title, a lead, and those of the sections that have a body."""
    body = [f"<h1>{escaped(title)}</h1>", f"<p>{escaped(lead)}</p>"]
    for heading, remark, piece in sections:
        if piece:
            below = f"{paragraph(remark)}\n" if remark else ""
            body.append(f"<section><h2>{escaped(heading)}</h2>\n{below}{escaped(piece)}</section>")
    policy = "default-src 'none'; style-src 'unsafe-inline'; img-src data:"  # no script runs and nothing is fetched
    return (
        '<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escaped(title)}</title>\n<style>{STYLE}</style></head>\n<body><main>\n"
        + "\n".join(body)
        + "\n</main></body></html>\n"
    )


def escaped(value: Any) -> Html:
    """Return a value as markup: `Html` as it is, anything else as text that means nothing to a browser."""
    return value if isinstance(value, Html) else Html(html.escape(str(value)))


def stacked(pieces: Iterable[Any]) -> Html:
    """Return pieces one after the other, empty ones left out."""
    return Html("\n".join(filter(None, map(escaped, pieces))))


def paragraph(text: Any) -> Html:
    """Return a paragraph of text."""
    return Html(f"<p>{escaped(text)}</p>")


def table(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> Html:
    """Return a table, numbers aligned to the right, whole ones with commas; "None." without a row."""
    head = "".join(f"<th>{escaped(name)}</th>" for name in header)
    body = "\n".join(f"<tr>{''.join(map(_cell, row))}</tr>" for row in rows)
    if not body:
        return paragraph("None.")
    return Html(f"<table><thead><tr>{head}</tr></thead>\n<tbody>{body}</tbody></table>")


def _cell(value: Any) -> str:
    if isinstance(value, int | float | np.number):
        return f'<td class="number">{number(float(value))}</td>'
    return f'<td dir="auto">{escaped(value)}</td>'


def unbroken(value: Any) -> Html:
    """Return a name or a number for a table, never broken into lines; a number with four digits, to the right."""
    if not isinstance(value, int | float):
        return Html(f'<span class="key">{escaped(value)}</span>')
    digits = f"{value:,}" if isinstance(value, int) else f"{value:,.4g}" if abs(value) < 1000 else f"{value:,.0f}"
    return Html(f'<span class="figures">{digits}</span>')


def number(value: float) -> str:
    """Return a number for people: 12,345 or 3.14; a dash for NaN and inf."""
    if not np.isfinite(value):
        return "–"
    return f"{value:,.0f}" if value == round(value) or abs(value) >= 1000 else f"{value:.3g}"


def grid(pieces: Iterable[Any]) -> Html:
    """Return pieces in as many columns as there is space for; nothing if all are empty."""
    cells = stacked(pieces)
    return Html(f'<div class="grid">{cells}</div>') if cells else cells


def folded(summary: str, piece: Any) -> Html:
    """Return a piece behind a line to click on."""
    return Html(f"<details><summary>{escaped(summary)}</summary>{escaped(piece)}</details>")


def large_numbers(numbers: Iterable[tuple[str, Any]]) -> Html:
    """Return the few numbers that matter, large, each above its name."""
    values = ((name, number(value) if isinstance(value, int | float) else value) for name, value in numbers)
    tiles = (f"<div><b>{escaped(value)}</b><small>{escaped(name)}</small></div>" for name, value in values)
    return Html(f'<div class="large">{stacked(map(Html, tiles))}</div>')


def figure(picture: Html, *caption: Any, title: str = "", kind: str = "") -> Html:
    """Return a framed picture below its title and above the pieces of its caption; `kind` is a class of `STYLE`."""
    above = f"<strong>{escaped(title)}</strong>" if title else ""
    style = f' class="{kind}"' if kind else ""
    return Html(f"<figure{style}>{above}{picture}<figcaption>{stacked(caption)}</figcaption></figure>")


def image_figure(png: bytes, caption: str) -> Html:
    """Return a PNG, in the page itself, above its caption."""
    data = base64.b64encode(png).decode()
    return figure(Html(f'<img src="data:image/png;base64,{data}" alt="{escaped(caption)}">'), caption)


def character_tiles(counts: dict[str, int], rare: int) -> Html:
    """Return characters with their counts, in the order given; those that occur less than `rare` times are marked."""
    return Html(f'<div class="tiles">{"".join(_tile(*item, rare) for item in counts.items())}</div>')


def _tile(character: str, count: int, rare: int) -> str:
    code = " ".join(f"U+{ord(point):04X}" for point in character)
    kind = ' class="rare"' if count < rare else ""
    visible = escaped("␣" if character == " " else character)
    return f'<span{kind} title="{code}"><b>{visible}</b><small>{count:,}</small></span>'
