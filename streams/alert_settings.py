"""What can be set of telling people: the sections ``[alertmanager]`` and ``[[webhooks]]`` of ``streams.settings``."""

from datetime import timedelta
from typing import Annotated
from urllib.parse import urlsplit

from msgspec import Meta, Struct

from streams.hosts import is_host
from streams.records import Severity


class Alertmanager(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts go: every Alertmanager, not a load balancer."""

    urls: tuple[str, ...] = ()
    """Every Alertmanager, ``http://host:port`` each; in the environment commas between. None: alerts are decided and told to nobody."""
    lease: timedelta = timedelta(minutes=15)
    """An alert that is not posted again for so long is shown as no longer monitored."""
    post_every: timedelta = timedelta(seconds=30)
    """How often every open pile-on is posted again, or an empty list that shows whether Alertmanager answers."""
    console_url: str = ""
    """``http(s)://host``, where the links in alerts lead; empty: no links."""

    def __post_init__(self) -> None:
        """Raise ValueError for what is no address, where a duration is none, or where the lease would lapse between two posts."""
        if wrong := [url for url in self.urls if not is_address(url)]:
            raise ValueError(f"urls: {wrong[0].rpartition('@')[2]!r} is no address; write http://host:port")
        if self.console_url and not is_address(self.console_url):
            raise ValueError(f"console_url: {self.console_url.rpartition('@')[2]!r} is no address; write https://host")
        longer_than_nothing(self, "lease", "post_every")
        if self.lease <= self.post_every:
            raise ValueError(f"lease is {self.lease}, it must be longer than post_every ({self.post_every})")


def is_address(url: str) -> bool:
    """Return whether this is an http address with a host that can be looked up and, where it has a port, one that there is."""
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and is_host(parts.hostname or "") and parts.port != 0
    except ValueError:  # a port that is none
        return False


class Webhook(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One receiver of signed webhooks, for those without Alertmanager."""

    name: Annotated[str, Meta(pattern="^[a-z0-9-]{1,40}$")]
    """Small letters, digits and hyphens. It stands in every body and in the environment: ``THREADWATCH_WEBHOOKS__NAME__SECRETS``."""
    url: str
    """``https://…``; ``http://`` only with ``allow_private``. Redirects are not followed."""
    secrets: tuple[str, ...] = ()
    """One, or two while it is changed: each signs. At least 16 characters; best in the environment, commas between."""
    severities: tuple[Severity, ...] = (Severity.WARNING, Severity.CRITICAL)
    """Who is told of an opening is told of its end too."""
    communities: tuple[str, ...] = ()
    """``"source/community"`` or ``"source"``; none: all."""
    allow_private: bool = False
    """Whether the address may be a private, loopback or link-local one."""
    timeout: timedelta = timedelta(seconds=10)
    """How long one try may take."""
    give_up_after: timedelta = timedelta(hours=24)
    """How long a delivery is tried again, with growing pauses of up to a minute."""
    give_up_refused_after: timedelta = timedelta(hours=1)
    """The same for one that is answered with 400, 410, 413 or 422 each time: what is in it is refused, and stays so."""

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be; a secret is never in the message."""
        longer_than_nothing(self, "timeout", "give_up_after", "give_up_refused_after")
        if len(self.secrets) > 2 or any(len(secret) < 16 for secret in self.secrets):
            raise ValueError(f"secrets of webhook {self.name}: one or two of them, of at least 16 characters each")
        if any(secret != secret.strip() for secret in self.secrets):
            raise ValueError(f"secrets of webhook {self.name}: one begins or ends with white space, which no receiver has")
        if not self.severities:
            raise ValueError(f"severities of webhook {self.name}: it would never be told anything")


def longer_than_nothing(section: Struct, *names: str) -> None:
    """Raise ValueError for the first of these durations that is none (``Meta`` bounds numbers only)."""
    for name in names:
        if getattr(section, name) <= timedelta():
            raise ValueError(f"{name} is {getattr(section, name)}, it must be longer than nothing")
