"""Who are you: by a token, or at a provider; each way leads to a session of ours."""

import time
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from streams.console.access import LOGIN_COOKIE, Viewer
from streams.console.desk import Desk
from streams.console.guard import cookie_line
from streams.console.oidc import AwayError, Client, Named, NotSignedInError
from streams.console.posts import RefusedError, fields_of, form
from streams.console.wanted import login, ours
from streams.console_settings import ROLES
from streams.live.alertmanager import host_of


class SigningIn:
    """The form, the way to the provider, and the way back."""

    def __init__(self, desk: Desk) -> None:
        """UserError where a provider is set and the packages for it are missing."""
        self._desk, self._settings = desk, desk.settings.console.oidc
        self._client = Client(self._settings) if self._settings.issuer else None

    def page(self, request: Request, problem: str = "", status: int = 200, to: str | None = None, is_anew: bool = False) -> Response:
        """Return the form that asks who one is; ``to`` is the page to go on to, else the address says it."""
        to = ours(request.query_params.get("to", "") if to is None else to)
        if not self._desk.access.asks:
            return RedirectResponse(to, 303)
        is_anew = is_anew or "anew" in request.query_params
        return self._desk.page(
            request, "login.html", status, problem=problem, roles=ROLES, to=to, start=login(to, is_anew, "/login/start"),
            provider=host_of(self._settings.issuer) if self._client is not None else "",
            with_tokens=bool(self._desk.settings.console.tokens),
        )  # fmt: skip

    async def with_token(self, request: Request) -> Response:
        """Begin a session of whoever has this token."""
        try:
            fields = await form(request)
        except ValueError:
            return self.page(request, "This form cannot be read.", 400)
        viewer, to = self._desk.access.logged_in(fields.get("token", "").strip()), ours(fields.get("to", ""))
        self._desk.audit.note(datetime.now(UTC), viewer, "login" if viewer else "login_refused")
        if viewer is None:
            return self.page(request, "No token here is like this one.", 403, to)
        answer = RedirectResponse(to, 303)
        answer.headers.append("set-cookie", cookie_line(self._desk.access.cookie(viewer), self._scheme(request)))
        return answer

    async def out(self, request: Request) -> Response:
        """End a session. One that is over already, or is no session, needs no end."""
        viewer: Viewer | None = request.state.viewer
        if viewer is not None and viewer.may_sign_out:
            try:
                await fields_of(self._desk, request, "sign out", ROLES[0])
            except RefusedError as refused:
                return self.page(request, str(refused), refused.status)
            self._desk.audit.note(datetime.now(UTC), viewer, "logout")
        answer = RedirectResponse(login(is_anew=True), 303)
        answer.headers.append("set-cookie", cookie_line("", self._scheme(request)))
        return answer

    async def start(self, request: Request) -> Response:
        """Lead to the provider."""
        to = ours(request.query_params.get("to", ""))
        if self._client is None:
            return RedirectResponse(login(to), 303)
        try:
            address, pending = await self._client.begin(time.time(), to, is_anew="anew" in request.query_params)
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
        except AwayError as error:
            return self._left(request, self.page(request, f"You were not signed in: {error}. Begin again.", 503, pending.to))
        except NotSignedInError as error:
            return self._refused(request, f"You were not signed in: {error}.", None, pending.to)
        viewer = self._desk.access.signed_in(named)
        if viewer is None:
            return self._refused(request, self._why_not(named), named, pending.to)
        self._desk.audit.note(datetime.now(UTC), viewer, "login")
        answer = self._left(request, RedirectResponse(ours(pending.to), 303))
        answer.headers.append("set-cookie", cookie_line(self._desk.access.cookie(viewer), self._scheme(request)))
        return answer

    def _why_not(self, named: Named) -> str:
        if self._desk.access.is_taken(named.name):
            return "The provider calls you what somebody or something else is called here: whoever runs threadwatch names one of both anew."
        return "The provider knows you, and you have no role here: whoever runs threadwatch gives one."

    def _refused(self, request: Request, problem: str, named: Named | None, to: str) -> Response:
        known = None if named is None else Viewer("", named.name, ROLES[0], issuer=self._settings.issuer, subject=named.subject)
        self._desk.audit.note(datetime.now(UTC), known, "login_refused")
        return self._left(request, self.page(request, problem, 403, to, is_anew=True))

    def _left(self, request: Request, answer: Response) -> Response:
        """Return an answer with which a browser forgets what it kept while it was away."""
        answer.headers.append("set-cookie", self._kept(request, ""))
        return answer

    def _kept(self, request: Request, value: str) -> str:
        """Return the header of the cookie that a browser keeps while it is away; empty: it goes."""
        secure = "; Secure" if self._scheme(request) == "https" else ""
        return f"{LOGIN_COOKIE}={value}; HttpOnly; SameSite=Lax; Path=/login; Max-Age={600 if value else 0}{secure}"

    def _scheme(self, request: Request) -> str:
        return "https" if self._settings.url.startswith("https:") else request.url.scheme
