"""Who are you: by a token, or at a provider; each way leads to a session of ours."""

import time
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console.access import LOGIN_COOKIE, Viewer
from streams.console.desk import Desk
from streams.console.guard import cookie_line
from streams.console.oidc import Client, NotSignedInError
from streams.console.posts import form
from streams.console_settings import ROLES
from streams.live.alertmanager import host_of


class SigningIn:
    """The form, the way to the provider, and the way back."""

    def __init__(self, desk: Desk) -> None:
        """UserError where a provider is set and the packages for it are missing."""
        self._desk, self._settings = desk, desk.settings.console.oidc
        self._client = Client(self._settings) if self._settings.issuer else None

    def page(self, request: Request, problem: str = "", status: int = 200) -> Response:
        """Return the form that asks who one is."""
        if not self._desk.access.asks:
            return RedirectResponse("/", 303)
        provider = host_of(self._settings.issuer) if self._client is not None else ""
        with_tokens = bool(self._desk.settings.console.tokens)
        return self._desk.page(request, "login.html", status, problem=problem, roles=ROLES, provider=provider, with_tokens=with_tokens)

    async def with_token(self, request: Request) -> Response:
        """Begin a session of whoever has this token."""
        try:
            fields = await form(request)
        except ValueError:
            return self.page(request, "This form cannot be read.", 400)
        viewer = self._desk.access.logged_in(fields.get("token", "").strip())
        self._desk.audit.note(datetime.now(UTC), viewer, "login" if viewer else "login_refused")
        if viewer is None:
            return self.page(request, "No token here is like this one.", 403)
        answer = RedirectResponse("/", 303)
        answer.headers.append("set-cookie", cookie_line(self._desk.access.cookie(viewer), self._scheme(request)))
        return answer

    async def start(self, request: Request) -> Response:
        """Lead to the provider."""
        if self._client is None:
            return RedirectResponse("/login", 303)
        try:
            address, pending = await self._client.begin(time.time())
        except NotSignedInError as error:
            return self.page(request, f"You cannot be signed in now: {error}.", 503)
        answer = RedirectResponse(address, 303)
        answer.headers.append("set-cookie", self._kept(request, self._desk.access.sealed(pending)))
        return answer

    async def back(self, request: Request) -> Response:
        """Begin a session of whom the provider names, if this one has a role here."""
        pending = self._desk.access.pending(request.cookies.get(LOGIN_COOKIE))
        if self._client is None or pending is None:
            return self.page(request, "This sign-in began too long ago, or in another browser: begin again.", 400)
        try:
            named = await self._client.finish(pending, request.query_params)
        except NotSignedInError as error:
            return self._refused(request, f"You were not signed in: {error}.", None)
        viewer = self._desk.access.signed_in(named.name, named.groups)
        if viewer is None:
            return self._refused(
                request, "The provider knows you, and you have no role here: whoever runs threadwatch gives one.", named.name
            )
        self._desk.audit.note(datetime.now(UTC), viewer, "login")
        # Not a redirect: it would be the provider's still, and browsers send no strict cookie along with that.
        answer = self._desk.page(request, "signed_in.html")
        answer.headers.append("set-cookie", cookie_line(self._desk.access.cookie(viewer), self._scheme(request)))
        answer.headers.append("set-cookie", self._kept(request, ""))
        return answer

    def _refused(self, request: Request, problem: str, name: str | None) -> Response:
        viewer = None if name is None else Viewer("", name, ROLES[0])
        self._desk.audit.note(datetime.now(UTC), viewer, "login_refused")
        answer = self.page(request, problem, 403)
        answer.headers.append("set-cookie", self._kept(request, ""))
        return answer

    def _kept(self, request: Request, value: str) -> str:
        """Return the header of the cookie that a browser keeps while it is away; empty: it goes."""
        secure = "; Secure" if self._scheme(request) == "https" else ""
        return f"{LOGIN_COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/login; Max-Age={600 if value else 0}{secure}"

    def _scheme(self, request: Request) -> str:
        return "https" if self._settings.url.startswith("https:") else request.url.scheme
