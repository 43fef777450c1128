"""Who looks, and what they may do: sessions, tokens, forms that only our own pages can send, and a bound on how many."""

import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections import OrderedDict
from collections.abc import Callable, Collection
from ipaddress import ip_address
from typing import Final, TypeVar
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

from streams.console.oidc import Named, Pending
from streams.console.senders import Places
from streams.console_settings import ROLES, Console, is_word_of_ours
from streams.errors import UserError

COOKIE: Final = "threadwatch"
LOGIN_COOKIE: Final = "threadwatch-login"
"""What a browser keeps while it is at a provider."""
SESSION_FOR: Final = 12 * 3600
"""Seconds after which somebody says again who they are."""
_LOGIN_FOR: Final = 600
_POSTS: Final = 30
_PER_SECONDS: Final = 60.0
_REMEMBERED: Final = 10_000
_MAX_NAME: Final = 200


class Viewer(Struct, frozen=True):
    """Who looks at a page."""

    session: str
    name: str | None
    """A token's name; None where nobody is asked who they are."""
    role: str
    called: str = ""
    """The name that was typed under what somebody did, where nobody is asked."""
    is_proxied: bool = False
    """Whether a proxy says who it is."""
    issuer: str = ""
    """The provider at which somebody signed in,"""
    subject: str = ""
    """what it calls them for ever, and"""
    groups: tuple[str, ...] = ()
    """the groups that it said they are in, of those that have a role."""
    is_new: bool = False
    """Whether the browser has no cookie of this session yet."""

    @property
    def way(self) -> str:
        """Return how it is known who this is: ``token``, ``provider``, ``proxy``, or nothing where nobody is asked."""
        if self.name is None:
            return ""
        return "proxy" if self.is_proxied else "provider" if self.issuer else "token"

    @property
    def may_sign_out(self) -> bool:
        """Return whether there is a session that can end: a proxy names somebody anew each time."""
        return self.name is not None and bool(self.session) and not self.is_proxied

    @property
    def may_judge(self) -> bool:
        """Return whether this one's verdicts are taken."""
        return self.has("moderator")

    @property
    def may_review(self) -> bool:
        """Return whether this one may see lists of people."""
        return self.has("reviewer")

    def has(self, role: str) -> bool:
        """Return whether this one's role is this one, or a higher one."""
        return ROLES.index(self.role) >= ROLES.index(role)


class Ticket(Struct, frozen=True):
    """What a cookie says; it is signed."""

    session: str
    name: str | None
    issued: int
    called: str = ""
    is_proxied: bool = False
    issuer: str = ""
    subject: str = ""
    groups: tuple[str, ...] = ()


Kept = TypeVar("Kept", Ticket, Pending)


class Access:
    """Knows the tokens, and signs what browsers bring back."""

    def __init__(self, console: Console, installation_key: bytes, clock: Callable[[], float] = time.time) -> None:
        self._tokens, self._proxy, self._oidc, self._clock = console.tokens, console.proxy, console.oidc, clock
        self.naming = Places(console.proxy.addresses)
        """Whence a request is believed when it says who somebody is, and"""
        self.forwarding = Places((*console.proxy.addresses, *console.forwarded_by))
        """when it says from where and how somebody comes."""
        self._key = hashlib.sha256(b"console session:" + installation_key).digest()
        self.asks = bool(console.tokens or self.naming or console.oidc.issuer)
        """Whether one must say who one is."""

    def is_taken(self, name: str) -> bool:
        """Return whether a name that a proxy or a provider gives means somebody else here: a token, or a word of the audit log."""
        return is_word_of_ours(name) or name.casefold() in (token.casefold() for token in self._tokens)

    def proxied(self, cookie: str | None, name: str) -> Viewer | None:
        """Return whom a proxy names; None where that is no name, or another's here."""
        if not 0 < len(name) <= _MAX_NAME or not name.isprintable() or self.is_taken(name):
            return None
        ticket = self._read(cookie)
        role = self._proxy.roles.get(name, self._proxy.role)
        if ticket is not None and ticket.is_proxied and ticket.name == name:
            return Viewer(ticket.session, name, role, is_proxied=True)
        return Viewer(secrets.token_urlsafe(16), name, role, is_proxied=True, is_new=True)

    def viewer(self, cookie: str | None, bearer: str | None) -> Viewer | None:
        """Return who brings this; None where they must say so first. Where nobody is asked, anybody is a reviewer."""
        if bearer is not None:
            name = self._named(bearer)
            return None if name is None else Viewer("", name, self._tokens[name].role)
        ticket = self._read(cookie)
        if not self.asks:
            if ticket is None or ticket.is_proxied:
                return Viewer(secrets.token_urlsafe(16), None, "reviewer", is_new=True)
            return Viewer(ticket.session, None, "reviewer", ticket.called)
        if ticket is None or ticket.is_proxied or self._clock() - ticket.issued > SESSION_FOR:
            return None
        return self._from_provider(ticket) if ticket.issuer else self._from_token(ticket)

    def _from_token(self, ticket: Ticket) -> Viewer | None:
        token = self._tokens.get(ticket.name or "")
        return None if token is None else Viewer(ticket.session, ticket.name, token.role)

    def logged_in(self, secret: str) -> Viewer | None:
        """Return a new session of whoever has this secret."""
        name = self._named(secret)
        return None if name is None else Viewer(secrets.token_urlsafe(16), name, self._tokens[name].role)

    def signed_in(self, named: Named) -> Viewer | None:
        """Return a new session of somebody whom the provider names; None where nobody gave them a role, or the name is another's."""
        groups = tuple(each for each in named.groups if each in self._oidc.group_roles)
        return self._from_provider(
            Ticket(
                secrets.token_urlsafe(16), named.name, int(self._clock()), issuer=self._oidc.issuer, subject=named.subject, groups=groups
            )
        )

    def _from_provider(self, ticket: Ticket) -> Viewer | None:
        """Return whose session this is, with the role that the settings give now."""
        name, given = ticket.name or "", [self._oidc.group_roles.get(each, "") for each in ticket.groups]
        roles = [role for role in (self._oidc.role, self._oidc.roles.get(name, ""), *given) if role]
        if ticket.issuer != self._oidc.issuer or not roles or self.is_taken(name):
            return None
        role = max(roles, key=ROLES.index)
        return Viewer(ticket.session, name, role, issuer=ticket.issuer, subject=ticket.subject, groups=ticket.groups)

    def sealed(self, pending: Pending) -> str:
        """Return what a browser keeps while it is at the provider."""
        return self._signed("login", pending)

    def pending(self, cookie: str | None) -> Pending | None:
        """Return what was sealed; None where it was not, or long ago."""
        found = self._opened("login", cookie, Pending)
        return found if found is not None and 0 <= self._clock() - found.issued <= _LOGIN_FOR else None

    def _named(self, secret: str) -> str | None:
        given = hashlib.sha256(secret.encode("utf-8", "replace")).digest()
        found = None
        for name, token in self._tokens.items():  # all of them, so that the time tells nothing
            if hmac.compare_digest(given, hashlib.sha256(token.secret.encode()).digest()):
                found = name
        return found

    def cookie(self, viewer: Viewer) -> str:
        """Return the value of the cookie of this session."""
        ticket = Ticket(
            viewer.session, viewer.name, int(self._clock()), viewer.called, viewer.is_proxied, viewer.issuer, viewer.subject, viewer.groups
        )
        return self._signed("cookie", ticket)

    def _read(self, cookie: str | None) -> Ticket | None:
        return self._opened("cookie", cookie, Ticket)

    def _signed(self, what: str, kept: Struct) -> str:
        body = urlsafe_b64encode(msgspec.json.encode(kept)).decode()
        return f"{body}.{self._mac(what, body)}"

    def _opened(self, what: str, cookie: str | None, kind: type[Kept]) -> Kept | None:
        body, _, mac = (cookie or "").rpartition(".")
        if not body or not hmac.compare_digest(mac.encode(), self._mac(what, body).encode()):
            return None
        return msgspec.json.decode(urlsafe_b64decode(body), type=kind)

    def form_token(self, viewer: Viewer) -> str:
        """Return what a form of this session carries."""
        return self._mac("form", viewer.session)

    def is_our_form(self, viewer: Viewer, token: str) -> bool:
        """Return whether a form came from a page that we made for this session."""
        return bool(viewer.session) and hmac.compare_digest(token.encode("utf-8", "replace"), self.form_token(viewer).encode())

    def _mac(self, what: str, text: str) -> str:
        return hmac.new(self._key, f"{what}:{text}".encode(), hashlib.sha256).hexdigest()


class Limit:
    """So many posts in a minute from one place, no more."""

    def __init__(self, most: int = _POSTS, per_seconds: float = _PER_SECONDS, clock: Callable[[], float] = time.monotonic) -> None:
        self._most, self._per, self._clock = most, per_seconds, clock
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def allows(self, who: str) -> bool:
        """Return whether one more is in order, and count it."""
        now = self._clock()
        left, at = self._left.pop(who, (float(self._most), now))
        left = min(self._most, left + (now - at) * self._most / self._per)
        self._left[who] = (left - 1 if left >= 1 else left, now)
        if len(self._left) > _REMEMBERED:
            self._left.popitem(last=False)
        return left >= 1


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine itself, by an address of the loopback or by the name ``localhost``."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host.rstrip(".").lower() == "localhost"


def check_address(console: Console) -> None:
    """Raise UserError where pages with comments would be served to everybody on a network."""
    if not is_loopback(console.host) and not (console.tokens or console.proxy.addresses or console.oidc.issuer):
        raise UserError(
            f"the console shows comments, and {console.host} is no address of this machine alone: "
            "name who may look with console.tokens (docs/console.md), who says it with console.proxy, or where they sign in with "
            "console.oidc; or leave console.host at 127.0.0.1"
        )


def is_ours(host_header: str, bound_to: str, hosts: Collection[str] = ()) -> bool:
    """Return whether a request means us.

    Behind a loopback address it must name one, or one of a proxy's ``hosts``: a page elsewhere can lead its own name to us.
    """
    host = _host(host_header)
    return not is_loopback(bound_to) or is_loopback(host) or host.lower() in (each.lower() for each in hosts)


def is_same_origin(headers: dict[str, str]) -> bool:
    """Return whether a browser says that a request comes from our own page; where it says nothing, the form's token decides.

    Our pages send no referrer, and with that browsers write ``Origin: null``: it tells nothing, ``Sec-Fetch-Site`` does.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in ("same-origin", "none")
    origin = headers.get("origin", "null")
    return origin == "null" or urlsplit(origin).netloc == headers.get("host")


def _host(header: str) -> str:
    return header.rpartition(":")[0] if header.rpartition(":")[2].isdigit() and not header.endswith("]") else header
