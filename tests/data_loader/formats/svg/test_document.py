"""SVG documents: transforms, units, paint, and files as drawing and plotter programs write them."""

import math

import numpy as np
import pytest

from data_loader.formats.read_report import BadFileError
from data_loader.formats.svg.document import TOLERANCE, parse_drawing, parse_transform

HEAD = '<svg xmlns="http://www.w3.org/2000/svg">'
INK = 'fill="none" stroke="black"'
MM = 96 / 25.4


def strokes(text: str) -> list[list[list[float]]]:
    """The strokes of a document, rounded."""
    document = text if "<svg" in text else f"{HEAD}{text}</svg>"
    return [stroke.round(6).tolist() for stroke in parse_drawing(document.encode()).strokes]


@pytest.mark.parametrize(
    ("shape", "stroke"),
    [
        ('<polyline points="0,0 1,2 3-4"/>', [[0, 0], [1, 2], [3, -4]]),
        (f'<polygon points="0 0 1 2 3 4" {INK}/>', [[0, 0], [1, 2], [3, 4], [0, 0]]),
        ('<line x2="1.5" y2="-2"/>', [[0, 0], [1.5, -2]]),
        ('<line x1="1in" y1="2.54cm" x2="72pt" y2="6pc"/>', [[96, 96], [96, 96]]),
        ('<path d="M1 2L3 4"/>', [[1, 2], [3, 4]]),
        ('<g transform="scale(2)"><g transform="translate(1,2)"><path d="M0 0L1 1"/></g></g>', [[2, 4], [4, 6]]),
        ('<g transform="translate(1 2)"><g/><path transform="scale(2)" d="M0 0L1 1"/></g>', [[1, 2], [3, 4]]),
        ('<g transform="scale(2)"><g/></g><path d="M0 0L1 1"/>', [[0, 0], [1, 1]]),
    ],
)
def test_shapes_and_groups(shape: str, stroke: list[list[float]]) -> None:
    assert strokes(shape) == [stroke]


def rotation(degrees: float) -> np.ndarray:
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])


def translation(x: float, y: float) -> np.ndarray:
    return np.array([[1, 0, x], [0, 1, y], [0, 0, 1]])


@pytest.mark.parametrize(
    ("text", "matrix"),
    [
        ("", np.eye(3)),
        ("matrix(1 2 3 4 5 6)", np.array([[1, 3, 5], [2, 4, 6], [0, 0, 1]])),
        ("translate(3)", translation(3, 0)),
        ("translate(3,-4)", translation(3, -4)),
        ("scale(2)", np.diag([2, 2, 1])),
        ("scale(2 -3)", np.diag([2, -3, 1])),
        ("scale(2,0)", np.diag([2, 0, 1])),
        ("rotate(30)", rotation(30)),
        ("rotate(-90, 10, 20)", translation(10, 20) @ rotation(-90) @ translation(-10, -20)),
        ("skewX(45)", np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]])),
        ("skewY(-45)", np.array([[1, 0, 0], [-1, 1, 0], [0, 0, 1]])),
        ("translate(1 2)rotate(30) , scale(2)\n", translation(1, 2) @ rotation(30) @ np.diag([2, 2, 1])),
    ],
)
def test_transforms_are_matrices(text: str, matrix: np.ndarray) -> None:
    for x, y in ((0, 0), (1, 0), (0, 1), (-3, 7)):
        image = parse_transform(text)(complex(x, y))
        np.testing.assert_allclose([image.real, image.imag], (matrix @ [x, y, 1])[:2], atol=1e-12)


@pytest.mark.parametrize(
    "text", ["scale(1 2 3)", "matrix(1 2)", "turn(3)", "scale(a)", "translate(1", "rotate(1 2)", "x"]
)
def test_a_bad_transform_is_refused(text: str) -> None:
    with pytest.raises(BadFileError, match=r"bad (transform|coordinates)"):
        parse_transform(text)


@pytest.mark.parametrize(
    ("attributes", "end"),
    [
        ("", [10, 20]),
        ('width="100" height="50"', [10, 20]),
        ('width="100mm" height="100mm" viewBox="0 0 100 100"', [10 * MM, 20 * MM]),
        ('width="100" height="100" viewBox="5 10 50 50"', [10, 20]),
        ('width="1in" viewBox="0 0 96 50"', [10, 20]),
        ('width="200" height="100" viewBox="0 0 100 100"', [10, 20]),
        ('width="200" height="100" viewBox="0 0 100 100" preserveAspectRatio="none"', [20, 20]),
        ('width="100%" height="100%" viewBox="0 0 100 100"', [10, 20]),
        ('x="5" y="6" transform="scale(2)"', [30, 52]),
    ],
)
def test_the_view_box_and_its_units(attributes: str, end: list[float]) -> None:
    (stroke,) = strokes(f'<svg {attributes}><path d="M5 10L10 20"/></svg>')
    np.testing.assert_allclose(stroke[1], end if "5 10 50" not in attributes else [10, 20], rtol=1e-6)


def test_a_drawing_in_a_drawing_has_its_own_units() -> None:
    inner = '<svg x="1" y="2" width="10" height="10" viewBox="0 0 100 100"><path d="M0 0L100 100"/></svg>'
    assert strokes(f'<svg width="20mm" height="20mm" viewBox="0 0 20 20">{inner}</svg>') == [
        [[round(v * MM, 6) for v in point] for point in ((1, 2), (11, 12))]
    ]


def test_curves_are_as_flat_as_the_drawing_needs() -> None:
    circle = '<path {} d="M{} 0A{} {} 0 1 1 -{} 0"/>'
    for radius in (0.01, 1, 1000):
        (stroke,) = parse_drawing(f"{HEAD}{circle.format(INK, *[radius] * 4)}</svg>".encode()).strokes
        middles = np.hypot(*((stroke[1:] + stroke[:-1]) / 2).T)
        assert 0 < radius - middles.min() < TOLERANCE * 2 * radius
        assert 40 < len(stroke) < 200


CSS = "<style>.a, .b{fill:none;stroke:#000}.c{fill:#f00} path.x > y{fill:none}</style>"
PAINT = {
    "stroked": ('<path fill="none" stroke="red" d="M0 0h1v1z"/>', True),
    "stroked and filled": ('<path fill="red" stroke="red" d="M0 0h1v1z"/>', True),
    "by its group": (f'<g {INK}><path d="M0 0h1v1z"/></g>', True),
    "by a style": ('<path style="fill:none; stroke : #000" d="M0 0h1v1z"/>', True),
    "by a class": (CSS + '<path class="z b" d="M0 0h1v1z"/>', True),
    "by an element's rule": ('<style>path{fill:none;stroke:red}</style><path d="M0 0h1v1z"/>', True),
    "unpainted and open": ('<path d="M0 0h1v1"/>', True),
    "style before attribute": ('<path stroke="none" fill="red" style="stroke:red" d="M0 0h1"/>', True),
    "unpainted and closed": ('<path d="M0 0h1v1z"/>', False),
    "filled": ('<path fill="red" d="M0 0h1v1"/>', False),
    "filled by a class": (CSS + '<path class="c" d="M0 0h1v1"/>', False),
    "stroke none": ('<path stroke="none" fill="#1e1e1e" d="M0 0Q1 1 2 2"/>', False),
    "filled over its group": (f'<g {INK}><path stroke="none" fill="red" d="M0 0h1v1z"/></g>', False),
}


@pytest.mark.parametrize("name", PAINT)
def test_a_filled_outline_is_no_ink(name: str) -> None:
    shape, is_ink = PAINT[name]
    if is_ink:
        assert len(strokes(shape)) == 1
        return
    with pytest.raises(BadFileError, match="areas without a stroke") as caught:
        strokes(shape)
    assert "\n" not in str(caught.value)
    drawing = parse_drawing(f'{HEAD}{shape}<path {INK} d="M5 5h1"/></svg>'.encode())
    assert len(drawing.strokes) == 1 and drawing.odd == {"filled outlines": 1}


def test_only_drawn_paths_are_ink() -> None:
    hidden = ["defs", "symbol", "clipPath", "mask", "marker", "pattern"]
    body = "".join(f'<{name}><path d="M0 0h9"/></{name}>' for name in hidden)
    body += '<g display="none"><path d="M0 0h9"/></g><path style="display:none" d="M0 0h9"/>'
    body += '<rect width="9" height="9"/><text>hello</text><path d="M1 1h1"/>'
    drawing = parse_drawing(f"{HEAD}{body}</svg>".encode())
    assert [stroke.tolist() for stroke in drawing.strokes] == [[[1, 1], [2, 1]]]
    assert drawing.odd == {"<rect>, not taken for ink": 1, "<text>, not taken for ink": 1}


INKSCAPE = """<?xml version="1.0" encoding="UTF-8" standalone="no"?>
<!-- Created with Inkscape (http://www.inkscape.org/) -->
<svg width="210mm" height="297mm" viewBox="0 0 210 297" version="1.1" id="svg1" sodipodi:docname="note.svg"
   xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape" xmlns="http://www.w3.org/2000/svg"
   xmlns:sodipodi="http://sodipodi.sourceforge.net/DTD/sodipodi-0.dtd" xmlns:svg="http://www.w3.org/2000/svg">
  <sodipodi:namedview id="namedview1" pagecolor="#ffffff" inkscape:document-units="mm"/>
  <defs id="defs1"><inkscape:path-effect effect="spiro" id="path-effect1"/></defs>
  <g inkscape:label="Layer 1" inkscape:groupmode="layer" id="layer1" transform="translate(-10,-20)">
    <path style="fill:none;stroke:#000000;stroke-width:0.264583px;stroke-linecap:butt" inkscape:connector-curvature="0"
       d="m 20,30 c 0,0 10,0 10,10 0,10 0,20 10,20" id="path1" sodipodi:nodetypes="csc" />
  </g>
</svg>
"""
ILLUSTRATOR = """<?xml version="1.0" encoding="utf-8"?>
<!-- Generator: Adobe Illustrator 27.0, SVG Export Plug-In . SVG Version: 6.00 Build 0)  -->
<!DOCTYPE svg PUBLIC "-//W3C//DTD SVG 1.1//EN" "http://www.w3.org/Graphics/SVG/1.1/DTD/svg11.dtd">
<svg version="1.1" id="Layer_1" xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" x="0px"
y="0px" viewBox="0 0 96 96" style="enable-background:new 0 0 96 96;" xml:space="preserve">
<style type="text/css">
.st0{fill:none;stroke:#231F20;stroke-miterlimit:10;}
</style>
<g><path class="st0" d="M10,10c3.3-4.4,8.2,2.1,10,10S22,32,30,30l-5.5-.5"/>
<line class="st0" x1="1" y1="2" x2="3" y2="4"/>
<polyline class="st0" points="5.5,6.5 7,8 9,10 &#9;"/></g>
</svg>
"""
VPYPE = """<?xml version="1.0" encoding="utf-8" ?>
<svg xmlns="http://www.w3.org/2000/svg" xmlns:cc="http://creativecommons.org/ns#" xmlns:dc="x" baseProfile="tiny"
 height="21.0cm" version="1.2" viewBox="0 0 1122.519685 793.700787" width="29.7cm"
 xmlns:inkscape="http://www.inkscape.org/namespaces/inkscape"><metadata><rdf:RDF xmlns:rdf="r"/></metadata><defs/>
<g fill="none" id="layer1" inkscape:groupmode="layer" inkscape:label="1" stroke="#00f" style="display:inline">
<polyline points="188.98,188.98 200.5,190.25 211.0,199.0"/><line x1="10.0" x2="20.0" y1="30.0" y2="40.0"/>
<path d="M300.0,300.0 L310.0,310.0 L320.0,300.0 Z"/></g></svg>
"""
AXIDRAW = """<svg width="11in" height="8.5in" viewBox="0 0 11 8.5" xmlns="http://www.w3.org/2000/svg">
<g transform="matrix(0.01,0,0,0.01,1,1)"><path d="M 0,0 100,0 100,100" stroke-width="1" stroke="black" fill="none"/></g>
</svg>"""


def test_files_as_inkscape_illustrator_vpype_and_axidraw_write_them() -> None:
    (stroke,) = strokes(INKSCAPE)
    assert stroke[0] == [round(10 * MM, 6)] * 2 and stroke[-1] == [round(30 * MM, 6), round(40 * MM, 6)]
    assert len(stroke) > 20
    curve, line, polyline = strokes(ILLUSTRATOR)
    assert (curve[0], curve[-1], line) == ([10, 10], [24.5, 29.5], [[1, 2], [3, 4]])
    assert polyline == [[5.5, 6.5], [7, 8], [9, 10]]
    np.testing.assert_allclose(strokes(VPYPE)[0], [[188.98, 188.98], [200.5, 190.25], [211, 199]], rtol=1e-6)
    assert [len(stroke) for stroke in strokes(VPYPE)] == [3, 2, 4]
    assert strokes(AXIDRAW) == [[[96, 96], [192, 96], [192, 192]]]


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        ('<path d="M0 0L1 nan"/>', "bad path"),
        ('<polyline points="0,0 1,x"/>', "bad coordinates"),
        ('<line x1="1em"/>', "bad coordinates"),
        ('<line x2="1e7"/>', "bad coordinates"),
        ('<g transform="scale(1e9)"><g transform="scale(1e9)"><path d="M1 1h1e9"/></g></g>', "bad coordinates"),
        ('<g transform="scale(1e9)">' * 99 + '<path d="M1 1a1 2 3 0 1 5 5"/>' + "</g>" * 99, "bad coordinates"),
        ('<svg viewBox="0 0 0 1"/>', "bad viewBox"),
        ('<svg viewBox="0 0 1"/>', "bad viewBox"),
        ('<path style="transform:scale(2)" d="M0 0h1"/>', "transform in a style"),
        ("<text>hello</text>", "no ink"),
        ('<path d="M0 0"/>', "no ink"),
        ('<use href="#a"/>', "copies by <use>"),
        ("<g>", "broken XML"),
        ("&b;", "broken XML"),
        ("<g>" * 300 + "</g>" * 300, "huge file"),
        ('<path d="M0 0h1"/>' * 3 + "<path d='M0 0" + "h1" * 199_999 + "'/>", "too much ink"),
        ("<path d='M0 0" + "q50 99 99 0q-50-99-99 0" * 2_500 + "'/>", "too much ink"),
    ],
)
def test_what_cannot_be_read_is_refused_by_name(body: str, kind: str) -> None:
    with pytest.raises(BadFileError, match=kind):
        strokes(f"{HEAD}{body}</svg>" if "<svg" in body else body)


def test_entities_and_other_documents_are_refused() -> None:
    for head in ('<!DOCTYPE svg [<!ENTITY a "b">]>', '<!DOCTYPE svg PUBLIC "a" "b" [<!ELEMENT a ANY>]>'):
        with pytest.raises(BadFileError, match="DOCTYPE"):
            strokes(head + HEAD + '<line x2="1"/></svg>')
    with pytest.raises(BadFileError, match="outermost element is <html>"):
        strokes('<html><svg><line x2="1"/></svg></html>')


def test_segments_that_are_elements_of_their_own_are_one_stroke() -> None:
    pieces = ["M0 0L5 1", "M5 1L9 4", "M9 4C10 5 11 6 12 8"]
    paths = "".join(f'<path {INK} d="{piece}" stroke-width="{n}"/>' for n, piece in enumerate(pieces, 1))
    drawing = parse_drawing(f'{HEAD}{paths}<line x1="30" x2="30" y2="9"/><line x1="31" x2="30" y2="9"/></svg>'.encode())
    assert [len(stroke) for stroke in drawing.strokes][1:] == [2, 2] and drawing.odd["segments joined to strokes"] == 2
    assert drawing.strokes[0][[0, 1, 2, -1]].tolist() == [[0, 0], [5, 1], [9, 4], [12, 8]]


@pytest.mark.parametrize(
    "hidden", ['visibility="hidden"', 'opacity="0"', 'style="stroke-opacity: 0%"', 'stroke-width="0px"']
)
def test_what_is_not_shown_is_no_ink(hidden: str) -> None:
    assert strokes(f'<g {hidden}><path {INK} d="M0 0L9 9"/></g><path {INK} d="M0 20L9 29"/>') == [[[0, 20], [9, 29]]]
