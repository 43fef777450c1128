"""Before and after every page: whom the request means, who sends it, and the headers that browsers obey."""

from typing import Any, Final
from urllib.parse import urlsplit

from starlette.datastructures import MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from streams.console.access import COOKIE, Access, Limit, Viewer, is_ours, is_same_origin
from streams.console.senders import sender
from streams.console.wanted import login, wanted
from streams.console_settings import Console

MAX_BODY: Final = 64 * 1024
READS: Final = 600
"""Pages and parts of pages that one visitor gets in a minute: ten a second, again and again, is no reader."""
_OPEN: Final = ("/static/", "/login", "/logout")
_UNCOUNTED: Final = ("/static/", "/readyz")
HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}


class Guard:
    """ASGI middleware. The request's state has ``viewer`` afterwards."""

    def __init__(self, app: Any, access: Access, console: Console) -> None:
        self._app, self._access, self._bound_to, self._proxy = app, access, console.host, console.proxy
        self._hosts = (*console.proxy.hosts, *((urlsplit(console.oidc.url).hostname or "",) if console.oidc.issuer else ()))
        self._limit, self._reads = Limit(), Limit(READS)

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Let a request pass, or answer it."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        request = Request(scope)
        if self._access.forwarding.has(_peer(request)) and request.headers.get("x-forwarded-proto") == "https":
            scope["scheme"] = "https"  # then our cookie is for https alone
        is_static = scope["path"].startswith("/static/")
        viewer = None if is_static else self._viewer(request)
        scope.setdefault("state", {})["viewer"] = viewer

        async def sending(message: Any) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers.setdefault(name, value)  # a report brings a policy that is stricter
                # Deleted text must not live on in a browser's cache.
                headers["cache-control"] = "no-cache" if is_static else "no-store"
                if viewer is not None and viewer.is_new and may_keep(request):
                    headers.append("set-cookie", cookie_line(self._access.cookie(viewer), scope["scheme"]))
            await send(message)

        refusal = self._refused(request, viewer)
        if refusal is not None:
            await refusal(scope, receive, sending)
        else:
            await self._app(scope, receive, sending)

    def _viewer(self, request: Request) -> Viewer | None:
        cookie = request.cookies.get(COOKIE)
        named = request.headers.getlist(self._proxy.header) if self._access.naming.has(_peer(request)) else []
        if named:  # two of them: the proxy let one through that is not its own
            return self._access.proxied(cookie, named[0]) if len(named) == 1 else None
        return self._access.viewer(cookie, _bearer(request))

    def _refused(self, request: Request, viewer: Viewer | None) -> Response | None:
        headers = {name: request.headers[name] for name in ("host", "origin", "sec-fetch-site") if name in request.headers}
        if not is_ours(headers.get("host", ""), self._bound_to, self._hosts):
            return PlainTextResponse("This console answers under localhost and 127.0.0.1 only.\n", 421)
        if (
            request.method != "POST"
            and not request.url.path.startswith(_UNCOUNTED)
            and not self._reads.allows(self._visitor(request, viewer))
        ):
            return PlainTextResponse(
                "These are more pages than anybody reads: wait some seconds, then go on.\n", 429, {"retry-after": "10"}
            )
        if request.method == "POST" and (refusal := self._post_refused(request, headers, viewer)):
            return refusal
        if viewer is not None or request.url.path.startswith(_OPEN):
            return None
        if request.method == "GET" and "text/html" in request.headers.get("accept", ""):
            return RedirectResponse(login(wanted(request.scope["path"], request.scope["query_string"])), 303)
        return PlainTextResponse("Say who you are: /login, or a header `Authorization: Bearer …`.\n", 401, {"www-authenticate": "Bearer"})

    def _post_refused(self, request: Request, headers: dict[str, str], viewer: Viewer | None) -> Response | None:
        if not is_same_origin(headers):
            return PlainTextResponse("This form does not come from the console's own page. Nothing was done.\n", 403)
        if not self._limit.allows(self._visitor(request, viewer)):
            return PlainTextResponse("Too many at once; wait a minute. Nothing was done.\n", 429, {"retry-after": "60"})
        length = request.headers.get("content-length", "")
        if not length.isdigit() or int(length) > MAX_BODY:
            return PlainTextResponse(f"A form of at most {MAX_BODY} bytes, with its length, is wanted. Nothing was done.\n", 413)
        return None

    def _visitor(self, request: Request, viewer: Viewer | None) -> str:
        """Return who is counted: by name whoever has one, so that people behind one address are told apart; else the address."""
        if viewer is not None and viewer.name is not None:
            return f"{viewer.way} {viewer.name}"
        return sender(_peer(request), request.headers.getlist("x-forwarded-for"), self._access.forwarding)


def _peer(request: Request) -> str:
    return request.client.host if request.client else ""


def may_keep(request: Request) -> bool:
    """Return whether a browser may get a new session: not where another site asks in a way that brings no cookie, though there is one."""
    headers = request.headers
    if headers.get("sec-fetch-site") != "cross-site":
        return True
    return request.method == "GET" and headers.get("sec-fetch-mode") == "navigate" and headers.get("sec-fetch-dest") == "document"


def _bearer(request: Request) -> str | None:
    scheme, _, secret = request.headers.get("authorization", "").partition(" ")
    return secret.strip() if scheme.lower() == "bearer" else None


def cookie_line(value: str, scheme: str) -> str:
    """Return the header that sets our cookie; empty: it goes. Scripts do not see it; of other sites only a link brings it (ADR 18)."""
    ends = "" if value else "; Max-Age=0"
    return f"{COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/{ends}" + ("; Secure" if scheme == "https" else "")
