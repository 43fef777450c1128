"""What can be set of the console: the section ``[console]`` of ``streams.settings``, and who may look."""

from datetime import timedelta
from ipaddress import ip_address, ip_network
from typing import Annotated, Final
from urllib.parse import urlsplit

from msgspec import Meta, Struct, field

from streams.hosts import is_host

Port = Annotated[int, Meta(ge=0, le=65535)]
ROLES: Final = ("reader", "moderator", "reviewer")
"""Of the console, each with what those before it may."""
NOBODY: Final = "nobody"
HERE: Final = "at this machine"
"""What the audit log calls those who have no name."""


def is_word_of_ours(name: str) -> bool:
    """Return whether the audit log says something else with this: nobody may go by it."""
    plain = name.strip().casefold()
    return plain == NOBODY or plain.startswith(HERE)


class Token(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Somebody who may use the console from elsewhere."""

    role: str = "reader"
    """``reader`` sees, ``moderator`` judges, takes cases on and silences too, ``reviewer`` lists the most piled-on too, for a reason."""
    secret: str
    """At least 16 characters, not another's; best in the environment: ``THREADWATCH_CONSOLE__TOKENS__NAME__SECRET``."""

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be; the secret is never in the message."""
        if self.role not in ROLES:
            raise ValueError(f"role is {self.role!r}, there are {', '.join(ROLES)}")
        if len(self.secret) < 16:
            raise ValueError("secret: at least 16 characters")


class Proxy(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A proxy in front of the console that knows who somebody is, and says so in a header."""

    addresses: tuple[str, ...] = ()
    """Addresses or networks that it comes from (``10.0.3.7``, ``10.0.3.0/28``); from others the header counts for nothing. None: no one."""
    hosts: tuple[str, ...] = ()
    """Names under which it serves the console, at least one; others get nothing from a console on the loopback."""
    header: Annotated[str, Meta(pattern="^[A-Za-z0-9-]{1,100}$")] = "X-Forwarded-User"
    """The header with the name. The proxy must take it out of what browsers send."""
    roles: dict[str, str] = field(default_factory=dict)
    """Name → role."""
    role: str = "reader"
    """The role of whoever else it names."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no address, no role, or trusts everybody."""
        if everybody := _everybody(self.addresses):
            raise ValueError(f"addresses: {everybody} is everybody: then anybody can say who they are")
        if self.addresses and not self.hosts:
            raise ValueError("hosts: name what browsers call the console by")
        if wrong := [role for role in (self.role, *self.roles.values()) if role not in ROLES]:
            raise ValueError(f"role is {wrong[0]!r}, there are {', '.join(ROLES)}")


def _everybody(addresses: tuple[str, ...]) -> str | None:
    """Return the network that has every address in it, if there is one. Raises ValueError for what is no address."""
    return next((address for address in addresses if ip_network(address, strict=False).prefixlen == 0), None)


class Oidc(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An OpenID Connect provider at which people sign in (needs ``pip install 'threadwatch[oidc]'``)."""

    issuer: str = ""
    """As the provider calls itself, to the letter: ``https://login.example.org``. Empty: none."""
    client_id: str = ""
    """Under which name the provider knows the console."""
    client_secret: str = ""
    """Best in the environment, ``THREADWATCH_CONSOLE__OIDC__CLIENT_SECRET``; empty: a client without one (PKCE is used either way)."""
    url: str = ""
    """Where browsers find the console, ``https://threadwatch.example.org``, no path; the provider must let them back to ``/login/back``."""
    claim: str = "preferred_username"
    """What somebody goes by here, in verdicts and in the audit log: ``preferred_username``, ``email`` (a verified one), ``sub``."""
    groups: str = "groups"
    """The claim with the groups that somebody is in."""
    roles: dict[str, str] = field(default_factory=dict)
    """Name → role."""
    group_roles: dict[str, str] = field(default_factory=dict)
    """Group → role. Of several, and of that of the name, the highest. The groups are those at sign-in, for as long as a session lasts."""
    role: str = ""
    """The role of whoever else signs in; empty: they do not get in."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no address, no role, or says too little; the secret is never in the message."""
        if wrong := [role for role in (self.role, *self.roles.values(), *self.group_roles.values()) if role not in (*ROLES, "")]:
            raise ValueError(f"role is {wrong[0]!r}, there are {', '.join(ROLES)}")
        if not self.issuer:
            return
        for name in ("issuer", "url"):
            if not is_safe(getattr(self, name)):
                raise ValueError(f"{name} is {getattr(self, name)!r}: write https://host, or http:// with an address of the loopback")
        parts = urlsplit(self.url)
        if parts.path not in ("", "/") or parts.query or parts.fragment:
            raise ValueError(f"url is {self.url!r}: the console answers at the root of a host, write https://host")
        if not self.client_id:
            raise ValueError("client_id: under which name does the provider know the console?")


def is_safe(url: str) -> bool:
    """Return whether nobody between can read what is sent there."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bracket too many
        return False
    host = parts.hostname or ""
    return is_host(host) and parts.username is None and (parts.scheme == "https" or (parts.scheme == "http" and _is_here(host)))


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


class Console(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The web pages."""

    host: str = "127.0.0.1"
    """Where they are served. Anything but this machine's own loopback needs ``tokens``, a ``proxy`` or ``oidc``."""
    port: Port = 8470
    """Their port; 0: any free one."""
    backtests: str = ""
    """Folder whose runs of backtests the console lists."""
    keep_audit: timedelta = timedelta(days=400)
    """How long the audit log of a month stays after its end, by months."""
    forwarded_by: tuple[str, ...] = ()
    """Addresses or networks of proxies that name nobody (TLS alone). Theirs and those of ``proxy`` are believed when they say from where
    (``X-Forwarded-For``: who is not signed in is counted by it) and how (``X-Forwarded-Proto``). In the environment commas between."""
    proxy: Proxy = Proxy()
    """One that says in a header who somebody is (docs/console.md)."""
    oidc: Oidc = Oidc()
    """A provider at which people sign in (docs/console.md)."""
    tokens: dict[str, Token] = field(default_factory=dict)
    """Who may use them, by name; that name stands in verdicts and in the audit log. None: whoever sits at this machine."""

    def __post_init__(self) -> None:
        """Raise ValueError where two have one secret, nobody could tell who judged, and for what trusts everybody."""
        if self.keep_audit <= timedelta():
            raise ValueError(f"keep_audit is {self.keep_audit}, it must be longer than nothing")
        if everybody := _everybody(self.forwarded_by):
            raise ValueError(f"forwarded_by: {everybody} is everybody: then anybody can say where they come from")
        if taken := [name for name in self.tokens if is_word_of_ours(name)]:
            raise ValueError(f"tokens: nobody can be called {taken[0]!r}, the audit log says something else with it")
        secrets = [token.secret for token in self.tokens.values()]
        if len(set(secrets)) < len(secrets):
            raise ValueError("tokens: two of them have the same secret")
