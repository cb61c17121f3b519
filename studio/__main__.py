"""The command line of the studio."""

if __name__ == "__main__":
    from utils.packages import end_at_interrupt, require_packages

    end_at_interrupt()
    require_packages()

import argparse
import socket
import threading
import time
import webbrowser
from pathlib import Path

import uvicorn

from results.reading.reader import Reader
from results.roles import load_as
from results.trained import bundled
from results.writing.writer import Writer
from studio.app import MINUTES, Studio, application
from studio.guard import LOOPBACK, is_every_address
from studio.static_site import write_site
from utils.command_line import Parser
from utils.errors import InputError, one_line_errors
from utils.version import add_version

FOLDER = Path("saved") / "studio"


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = Parser(
        prog="python -m studio",
        description="Open a page in the browser that writes, reads and learns handwriting.",
        example="python -m studio --port 8080 --no-open",
    )
    parser.add_argument("--port", type=int, default=8765, help="port to listen on (8765)")
    parser.add_argument("--host", default="127.0.0.1", help="address to listen on (127.0.0.1: this machine alone)")
    parser.add_argument(
        "--open",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="open the page in the browser (default: open)",
    )
    parser.add_argument(
        "--folder", type=Path, default=FOLDER, help=f"folder of what is kept: styles, handwriting learned ({FOLDER})"
    )
    parser.add_argument(
        "--minutes", type=float, default=MINUTES, help=f"how long it learns a handwriting; 0: all steps ({MINUTES:g})"
    )
    parser.add_argument(
        "--writer", type=Path, metavar="CHECKPOINT", help="the network that writes (default: a bundled one)"
    )
    parser.add_argument(
        "--reader", type=Path, metavar="CHECKPOINT", help="the network that reads (default: the bundled one)"
    )
    parser.add_argument(
        "--static", type=Path, metavar="FOLDER", help="write plain files that need no server into FOLDER, and end"
    )
    add_version(parser)
    return parser.parse_args()


@one_line_errors
def main() -> None:
    args = parse_arguments()
    if not 0 < args.port < 65536:
        raise InputError(f"--port is {args.port}; it must be from 1 to 65535")
    if args.static:
        files = write_site(args.static, args.writer or bundled("write lines"))
        size = sum(path.stat().st_size for path in files)
        print(f"{args.static}: {len(files)} files, {size / 1e6:.1f} MB; serve them, as with python -m http.server")
        return
    if not 0 <= args.minutes < 1_000:
        raise InputError(f"--minutes is {args.minutes:g}; it must be from 0 to 1000")
    _check(args.folder, args.writer, args.reader)
    studio = Studio(
        args.folder, args.writer or bundled("write lines"), args.reader or bundled("read lines"), args.minutes
    )
    config = uvicorn.Config(application(studio, args.host), args.host, args.port, log_level="warning", ws="none")
    server = uvicorn.Server(config)
    listening = _listen(args.host, args.port)
    name = "127.0.0.1" if is_every_address(args.host) else f"[{args.host}]" if ":" in args.host else args.host
    address = f"http://{name}:{args.port}/"
    print(f"The studio is at {address} (Ctrl-C ends it)", flush=True)
    if args.host not in LOOPBACK:
        print("Everybody who reaches this address can use it.", flush=True)
    if args.open:
        threading.Thread(target=_open, args=(server, address), daemon=True).start()
    server.run([listening])


def _check(folder: Path, writer: Path | None, reader: Path | None) -> None:
    """Raise InputError unless the folder is there or can be made, and networks of one's own are of the right kind."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"cannot make the folder {folder} ({error.strerror}); choose another --folder") from None
    if writer:
        load_as(Writer, writer).require("write lines")
    if reader:
        load_as(Reader, reader)


def _listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, before the networks are loaded.

    Raises InputError where the address cannot be had.
    """
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise InputError(f"cannot listen on {host}, port {port} ({error.strerror}); choose another --port") from None


def _open(server: uvicorn.Server, address: str) -> None:
    """Open the page in a browser, as soon as it is served."""
    while not server.started:
        time.sleep(0.05)
    webbrowser.open(address)


if __name__ == "__main__":
    main()
