"""Units, contexts and files as other programs write them."""

from pathlib import Path

import numpy as np
import pytest

from tests.data_loader.formats.inkml.test_reader import channels, single_line


def test_several_units_and_time_offsets_are_noted(tmp_path: Path) -> None:
    body = channels("X", "Y", "T", X='units="mm"', Y='units="dev"', T='units="s"') + '<trace timeOffset="5">1 2 3,4 5 6'
    line, noted = single_line(tmp_path, body + "</trace>")
    assert line.unit == ""
    assert noted == {"lines in several units, read as if it were one", "time offsets of traces, not read"}


def source(name: str, units: str, resolution: str = "") -> str:
    """A context as Word and OneNote write them; `resolution` is that of X and Y, such as "1000" per cm."""
    properties = "".join(
        f'<channelProperty channel="{axis}" name="resolution" value="{resolution}" units="1/cm"/>' for axis in "XYF"
    )
    names = '<channel name="OA" units="deg"/><channel name="OE" units="deg"/><channel name="F" units="dev"/>'
    trace_format = f'<traceFormat><channel name="X" units="{units}"/><channel name="Y" units="{units}"/>{names}'
    properties = f"<channelProperties>{properties if resolution else ''}</channelProperties>"
    return (
        f'<context xml:id="{name}"><inkSource xml:id="{name}S">{trace_format}</traceFormat>{properties}'
        f'</inkSource><timestamp xml:id="{name}T" timeString="2013-09-24T21:42:54"/></context>'
    )


def test_several_contexts_are_brought_to_one_unit(tmp_path: Path) -> None:
    """Device counts per cm, himetric (0.01 mm) and inches, with altitude, azimuth and force."""
    contexts = source("a", "cm", "100") + source("b", "himetric") + source("c", "in") + source("d", "dev", "50")
    traces = "".join(
        f'<trace contextRef="#{name}">{x} {x} 450 10 99,{2 * x} {x} 450 10 98</trace>'
        for name, x in (("a", 300), ("b", 3000), ("c", 1), ("d", 150))
    )
    line, noted = single_line(tmp_path, f"<definitions>{contexts}</definitions>{traces}")
    assert line.unit == "cm" and not noted
    np.testing.assert_allclose(line.points[:, 0], [3, 6, 3, 6, 2.54, 5.08, 3, 6], rtol=1e-6)
    np.testing.assert_allclose(line.points[:, 1], [3, 3, 3, 3, 2.54, 2.54, 3, 3], rtol=1e-6)
    odd = f"<definitions>{source('a', 'cm', 'nan')}</definitions><trace>1 2 3 4 5,2 3 4 5 6</trace>"
    line, noted = single_line(tmp_path, odd)
    assert noted == {"resolutions that are no number, not read"}


CROHME = """
<traceFormat><channel name="X" type="decimal"/><channel name="Y" type="decimal"/></traceFormat>
<annotation type="truth">$x$</annotation><annotation type="UI">2011_E01</annotation>
<annotation type="writer">w124</annotation>
<annotationXML type="truth" encoding="Content-MathML"><math xmlns="m"><mi xml:id="x_1">x</mi></math></annotationXML>
<trace id="0">
985 3317, 986 3320
</trace>
<trace id="1">
990 3310
</trace>
<traceGroup xml:id="3"><annotation type="truth">From merged symbols</annotation>
<traceGroup xml:id="4"><annotation type="truth">x</annotation><traceView traceDataRef="0"/><traceView traceDataRef="1"/>
<annotationXML href="x_1"/></traceGroup></traceGroup>
"""
WORD = """<inkml:ink xmlns:emma="e" xmlns:inkml="i"><inkml:definitions><inkml:context xml:id="ctx0">
<inkml:inkSource xml:id="inkSrc0"><inkml:traceFormat><inkml:channel name="X" type="integer" min="-2" units="cm"/>
<inkml:channel name="Y" type="integer" max="1024" units="cm"/><inkml:channel name="F" type="integer" units="dev"/>
</inkml:traceFormat><inkml:channelProperties><inkml:channelProperty channel="X" name="resolution" value="1"/>
</inkml:channelProperties></inkml:inkSource><inkml:timestamp xml:id="ts0" timeString="2013-09-24"/></inkml:context>
<inkml:brush xml:id="br0"><inkml:brushProperty name="width" value="0.1" units="cm"/></inkml:brush></inkml:definitions>
<inkml:traceGroup><inkml:annotationXML><emma:emma version="1.0"><emma:interpretation emma:mode="ink">
<emma:literal>it</emma:literal></emma:interpretation></emma:emma></inkml:annotationXML>
<inkml:trace contextRef="#ctx0" brushRef="#br0">985 3317 9,1'3'0,4 -2 1</inkml:trace>
<inkml:trace contextRef="#ctx0" brushRef="#br0">990 3310 1</inkml:trace></inkml:traceGroup></inkml:ink>"""


@pytest.mark.parametrize(
    ("body", "described", "second_point"),
    [(CROHME, ("2011_E01", "$x$", "w124", ""), [986, 3320]), (WORD, ("a-1", "it", "", "cm"), [1, 3320])],
)
def test_files_as_others_write_them(
    tmp_path: Path, body: str, described: tuple[str, ...], second_point: list[float]
) -> None:
    line, noted = single_line(tmp_path, body)
    assert (line.id, line.text, line.writer, line.unit) == described
    assert line.points[0].tolist() == [985, 3317, 0] and line.points[1, :2].tolist() == second_point
    assert line.points[-1].tolist() == [990, 3310, 1] and noted <= {"traceViews, not followed"}
