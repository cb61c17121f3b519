"""A guard in front of the studio: only requests of its own page, on a host that it knows, of a bounded size."""

import ipaddress
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from utils.errors import InputError

LOOPBACK = frozenset({"127.0.0.1", "localhost", "::1"})
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data: blob:; connect-src 'self'; "
    "font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
"""Content security policy: nothing from elsewhere, and no script or style inside the page."""
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-store",
}
SAFE_METHODS = frozenset({"GET", "HEAD"})


class Guard:
    """An application behind checks of Host and Origin, so that no page of another site can use it.

    host  the address that the server listens on, by which it may be called too; where it is every address of this
          machine, any address is a host, but no name (a name may be another site's, pointed here)
    """

    def __init__(self, app: ASGIApp, host: str) -> None:
        self.app, self.host = app, host

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        refusal = self._refusal(scope)
        if refusal:
            await JSONResponse({"error": refusal}, 403)(scope, receive, send_with_headers)
        else:
            await self.app(scope, receive, send_with_headers)

    def _refusal(self, scope: Scope) -> str | None:
        """Return why a request is not answered, or None."""
        headers = Headers(scope=scope)
        if not self._is_own(headers.get("host", ""), scope):
            return "this address is not the studio's; open the one that it printed"
        if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
            return "another site asked for this; open the studio itself"
        if scope["method"] not in SAFE_METHODS and headers.get("origin") != f"http://{headers['host']}":
            return "this did not come from the studio's own page"
        return None

    def _is_own(self, host: str, scope: Scope) -> bool:
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != scope["server"][1]:
            return False
        return name in LOOPBACK or name == self.host or (is_every_address(self.host) and _is_address(name))


def is_every_address(host: str) -> bool:
    """True if a server on this host listens on all addresses of the machine."""
    return _is_address(host) and ipaddress.ip_address(host).is_unspecified


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


class TooLargeError(InputError):
    """A request that is larger than what the studio takes."""


async def body(request: Request, limit: int, name: str) -> bytes:
    """Return the body of a request of at most `limit` bytes, and read no more than that.

    Raises TooLargeError where it is larger.
    """
    content = bytearray()
    if int(request.headers.get("content-length", "0")) <= limit:
        async for chunk in request.stream():
            content += chunk
            if len(content) > limit:
                break
        else:
            return bytes(content)
    raise TooLargeError(f"{name} is larger than {limit / 1e6:g} MB, the most that the studio takes")
