"""The studio's Write tab as plain files for any web host: the network writes in the browser, without a server."""

import base64
import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np

from ink.alphabet import STAND_INS
from ink.geometry import x_height
from model.kernels.wasm import MODULES
from model.writing.portable import flat_file
from render.ink.paper import SIZES
from results.roles import load_as
from results.trained import bundled
from results.writing.styles import load_style
from results.writing.writer import CHARACTER_MARGIN, FIRST_TEXT, POINT_MARGIN, STYLE_BIAS, Writer
from studio.settings import MAX_TEXT
from studio.styles import BIAS, SEED_STEP, TRIES, Styles, card
from utils.errors import InputError
from utils.version import version

PAGE, STATIC = Path(__file__).with_name("page"), Path(__file__).with_name("static")
SHARED = ("dom.js", "icon.svg", "ink.js", "paper.js", "studio.js", "style.css", "write.js")
"""Files of the page that the plain files share with the server's."""
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; "
    "connect-src 'self'; worker-src 'self'; base-uri 'none'; form-action 'none'"
)
KINDS = ("svg", "png", "transparent")
"""Files that the page saves by itself."""


def write_site(folder: Path, checkpoint: Path) -> list[Path]:
    """Write the page and a network's weights in 8 bits into a folder, which may be there; return the files.

    Raises InputError where the network cannot write lines of text, or cannot be run by the kernel.
    """
    writer = load_as(Writer, checkpoint)
    writer.require("write lines")
    packed = writer.model.packed() if writer.reads_text else None
    if packed is None:
        raise InputError(
            f"{checkpoint}: the browser writes a given text with LSTM layers alone; choose another network"
        )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for source in [*(PAGE / name for name in SHARED), *sorted(STATIC.iterdir()), *MODULES]:
            shutil.copyfile(source, folder / source.name)
        for name in stubs():
            (folder / name).write_text("export const start = () => {};\n", encoding="utf-8")
        (folder / "index.html").write_text(page(), encoding="utf-8")
        (folder / "network.bin").write_bytes(flat_file(packed))
        (folder / "about.json").write_text(json.dumps(about(writer, folder)), encoding="utf-8")
    except OSError as error:
        raise InputError(f"{folder}: the system refused ({error.strerror or error}); choose another folder") from None
    return sorted(path for path in folder.iterdir() if path.is_file())


def stubs() -> list[str]:
    """Return the modules of the other tabs, which studio.js imports."""
    names = re.findall(r'^import \* as \w+ from "\./(\w+\.js)";', (PAGE / "studio.js").read_text("utf-8"), re.MULTILINE)
    return [name for name in names if name not in SHARED]


def page() -> str:
    """Return the page with the Write tab alone, a content security policy of its own, and what it can save."""
    html = (PAGE / "index.html").read_text("utf-8")
    html = re.sub(r'<section id="(?!write")\w+" role="tabpanel".*?</section>\n*', "", html, flags=re.DOTALL)
    html = re.sub(r'  <div class="tabs".*?</div>\n', "", html, flags=re.DOTALL)
    html = re.sub(r'<section id="write" role="tabpanel"[^>]*>', '<section id="write" aria-label="Write">', html)
    html = html.replace(
        '<button type="button" id="theme"', '<span class="space"></span><button type="button" id="theme"'
    )
    for kind in set(re.findall(r'data-kind="(\w+)"', html)) - {*KINDS}:
        html = re.sub(rf'\n *<button[^>]*data-kind="{kind}">.*?</button>', "", html)
    meta = f'<meta charset="utf-8">\n<meta http-equiv="content-security-policy" content="{POLICY}">'
    return html.replace('<meta charset="utf-8">', meta, 1)


def about(writer: Writer, folder: Path) -> dict[str, Any]:
    """Return all that the page has to know, as plain data: alphabets, limits, sizes, and the styles with their ink."""
    styles = Styles(writer, folder)
    able = [line for line in styles.bundled if not writer.alphabet.missing(line.text)]
    drawn = {line.id: load_style(writer, line.id) for line in able}
    inks = [line.points for line in able] or writer.write(styles.text).lines
    alphabet = writer.alphabet
    return {
        "version": version(),
        "alphabet": alphabet.characters,
        "well_known": writer.spelling.well_known.characters,
        "stand_ins": {old: new for old, new in STAND_INS.items() if not alphabet.missing(new)},
        "marks": "",
        "drawn": "",
        "max_text": MAX_TEXT,
        "papers": SIZES,
        "machines": None,
        "styles": [card(line.id, line.id.capitalize().replace("-", " "), line) for line in able],
        "inks": {
            name: {
                "text": style.text,
                "strokes": base64.b64encode(style.strokes.astype("<f4").tobytes()).decode(),
                "unit": x_height(writer.points(style.strokes)),
            }
            for name, style in drawn.items()
        },
        "size": writer.x_height(),
        "unit": float(np.median([x_height(ink) for ink in inks])),
        "std": writer.std,
        "chars_per_line": writer.chars_per_line,
        "limit": [POINT_MARGIN * writer.facts["points_per_char"], CHARACTER_MARGIN],
        "own_style": {"text": FIRST_TEXT, "bias": STYLE_BIAS},
        "random_style": {"text": styles.text, "bias": BIAS, "tries": TRIES, "step": SEED_STEP},
        "network": None if writer.path == bundled("write lines") else str(writer.path),
    }
