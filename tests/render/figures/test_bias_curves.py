"""Numbers against the bias: all of them, and the real lines', are within the panel."""

from render.figures.bias_curves import bias_curves_figure
from render.figures.figure import figure_image


def test_real_lines_that_are_read_far_worse_are_within_the_panel() -> None:
    curves = [("CER", [0.02], [(0.0, 0.03)]), ("diversity", [0.4], None)]
    figure = bias_curves_figure([1.0], curves, 0.3, "real lines")
    figure_image(figure)
    first, second = figure.axes
    assert first.get_ylim()[0] == 0 and first.get_ylim()[1] > 0.3
    assert second.get_ylim()[1] < 0.5
