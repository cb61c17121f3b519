import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.colors import to_hex

from render.figures.figure import FADED_COLOR, PAGE_INCHES, PAGE_INCHES_HIGH, figure_image
from render.figures.rows import Row, rows_figure
from tests.render.some_ink import loops


def test_rows_are_at_one_scale_in_order_next_to_their_labels() -> None:
    rows = [Row("real $", loops(8), faded=True), Row("bias 0", loops(5)), Row("", np.zeros((0, 3))), Row("b", loops(2))]
    figure = rows_figure(rows)
    figure_image(figure)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["real $", "bias 0", "", "b"]
    drawn = [c for c in axes.collections if isinstance(c, LineCollection) and c.get_segments()]
    inks = [np.concatenate(c.get_segments()) for c in drawn]
    scales = [np.ptp(ink, axis=0) / np.ptp(loops(n)[:-1, :2], axis=0) for ink, n in zip(inks, (8, 5, 2), strict=True)]
    np.testing.assert_allclose(scales, np.broadcast_to(scales[0][0], (3, 2)), rtol=1e-5)
    assert inks[0][:, 1].max() < inks[1][:, 1].min() and inks[1][:, 1].max() < inks[2][:, 1].min()
    for text, ink in zip((axes.texts[0], axes.texts[1], axes.texts[3]), inks, strict=True):
        assert abs(text.get_position()[1] - (ink[:, 1].min() + ink[:, 1].max()) / 2) < 1e-6
        right = text.get_window_extent().transformed(axes.transData.inverted()).x1
        assert right < ink[:, 0].min() and ink[:, 0].max() < PAGE_INCHES
    assert [to_hex(c.get_color()[0]) == FADED_COLOR for c in drawn] == [True, False, False]


def test_many_rows_still_fit_on_a_page() -> None:
    figure = rows_figure([Row(str(row), loops(3)) for row in range(40)])
    assert figure.get_figheight() <= PAGE_INCHES_HIGH
    figure_image(rows_figure([Row("dot", np.ones((1, 3)))]))
