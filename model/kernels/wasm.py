"""The kernel of browser.c as WebAssembly: two modules in the repository, so that nobody needs a compiler.

    pip install ziglang && python -m model.kernels.wasm

builds them anew after a change of a C file or of a constant; a test holds that they are built from the present ones.
"""

import hashlib
import importlib.util
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from model.kernels.build import BITS
from model.writing.compiled import PRECISION
from model.writing.portable import BROWSER_CONSTANTS
from utils.errors import InputError, one_line_errors
from utils.files import atomic_path

FOLDER = Path(__file__).parent
MODULES = {FOLDER / "browser-fused.wasm": ("-mrelaxed-simd",), FOLDER / "browser.wasm": ()}
"""The modules and the flags of each: the first is faster, and needs a browser with relaxed SIMD and a processor with
fused multiply-add; the strokes of both are the same."""
FILES = (
    *("attention.h", "browser.c", "lanes_wasm.h", "network.h", "noise.h", "product.h", "product_wasm.h", "real.h"),
    *("sampler.c", "team.h"),
)
FLAGS = (
    *("-target", "wasm32-wasi", "-mexec-model=reactor", "-O3", "-msimd128", "-ffp-contract=off", "-fno-math-errno"),
    *("-fopenmp-simd", "-Wno-pass-failed", "-Wl,--strip-all"),
)
"""No sum and product become one operation but by `fused`, so that the strokes are those of the command line."""
DEFINES = [f"-D{name}={value!r}" for name, value in (("NARROW", BITS[PRECISION]), *BROWSER_CONSTANTS)]


def fingerprint(flags: Sequence[str]) -> bytes:
    """Return the hash of the C files, the constants and all flags: a custom section at the end of a module."""
    digest = hashlib.sha256("\0".join([*FLAGS, *flags, *DEFINES]).encode())
    for name in FILES:
        digest.update((FOLDER / name).read_bytes())
    section = b"ductus"
    content = bytes([len(section)]) + section + digest.digest()
    return bytes([0, len(content)]) + content


def build(path: Path, flags: Sequence[str]) -> None:
    """Build a module, with `flags` of its own.

    Raises InputError where there is no compiler, or it fails.
    """
    with TemporaryDirectory() as folder:
        made = Path(folder) / "browser.wasm"
        command = [*_compiler(), *FLAGS, *flags, *DEFINES, str(FOLDER / "browser.c"), "-o", str(made)]
        result = subprocess.run(command, capture_output=True, text=True)
        if result.returncode:
            raise InputError(f"{command[0]} cannot build browser.c: {result.stderr.strip()[-500:]}")
        with atomic_path(path) as temporary:
            temporary.write_bytes(made.read_bytes() + fingerprint(flags))


def _compiler() -> list[str]:
    if importlib.util.find_spec("ziglang"):
        return [sys.executable, "-m", "ziglang", "cc"]
    if shutil.which("zig"):
        return ["zig", "cc"]
    raise InputError("there is no compiler for WebAssembly with its C library here; pip install ziglang")


@one_line_errors
def main() -> None:
    for path, flags in MODULES.items():
        build(path, flags)
        print(path)


if __name__ == "__main__":
    main()
