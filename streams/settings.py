"""What can be tuned, typed and bounded, read once: defaults < ``threadwatch.toml`` < ``THREADWATCH_…`` < options.

Stages get their own small Config, never Settings.
"""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from streams.errors import UserError
from streams.records import Severity
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Config as AlertConfig
from streams.stages.alert import Mute
from streams.stages.pileon import Config as PileOnConfig
from streams.topology import Config as TopologyConfig

FILE: Final = Path("threadwatch.toml")
PREFIX: Final = "THREADWATCH_"
PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
Port = Annotated[int, Meta(ge=0, le=65535)]


class Kafka(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How to reach the broker. Empty ``bootstrap`` means the embedded one."""

    bootstrap: str = ""
    """``host:port[,…]`` of the broker; empty: the embedded one. ``THREADWATCH_KAFKA`` is short for it."""
    security_protocol: str = "PLAINTEXT"
    """``PLAINTEXT``, ``SSL``, ``SASL_PLAINTEXT`` or ``SASL_SSL``."""
    sasl_mechanism: str = "SCRAM-SHA-512"
    """``SCRAM-SHA-512``, ``SCRAM-SHA-256`` or ``PLAIN``; counts with a SASL protocol."""
    sasl_username: str = ""
    """Who we are to the broker."""
    sasl_password: str = ""
    """Best given as ``THREADWATCH_KAFKA__SASL_PASSWORD``, not in the file."""
    ssl_cafile: str = ""
    """Certificates that sign the broker's; empty: the system's."""
    ssl_certfile: str = ""
    """Our own certificate, where the broker wants one."""
    ssl_keyfile: str = ""
    """The key of ``ssl_certfile``."""
    prefix: str = ""
    """Stands before every topic, group and transaction name: a second instance on one broker."""
    replication: Annotated[int, Meta(ge=1, le=9)] = 1
    """Copies of every topic that ``topics create`` makes; from 3 on, two must be in sync to write."""

    def __post_init__(self) -> None:
        """Raise ValueError for a protocol or a mechanism that there is not, with those that there are."""
        for name, allowed in (("security_protocol", PROTOCOLS), ("sasl_mechanism", MECHANISMS)):
            if getattr(self, name) not in allowed:
                raise ValueError(f"{name} is {getattr(self, name)!r}, there are {', '.join(allowed)}")


class Source(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is known of one source."""

    communities: tuple[str, ...] = ()
    """Metric label values; any other community is counted as ``other``."""
    lateness: timedelta = timedelta(hours=24)
    """A comment that arrives longer after it was written is shown, but not counted by the detector."""


class Worker(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How the live program runs."""

    metrics_host: str = "127.0.0.1"
    """Where /metrics, /healthz and /readyz listen. They ask for no password: keep it on loopback or an inner network."""
    metrics_port: Port = 9464
    """Its port; 0 takes any free one and says which."""
    batch: Annotated[int, Meta(ge=1, le=4096)] = 1000
    """Messages that a stage takes at once, at most."""
    batch_within: timedelta = timedelta(milliseconds=400)
    """How long a busy partition rests at most between two batches, so that they grow; an idle one begins at once."""
    tick_every: timedelta = timedelta(seconds=10)
    """How often time is written into the replies log: changes how soon a pile-on closes, never what is decided."""
    stuck_after: timedelta = timedelta(seconds=60)
    """No progress for so long while input waits: the worker ends (70) and is started again."""
    broker_wait: timedelta = timedelta(seconds=60)
    """How long a worker waits for the broker when it starts."""

    def __post_init__(self) -> None:
        """Raise ValueError where a duration is none (Meta bounds numbers only)."""
        _longer_than_nothing(self, "tick_every", "stuck_after", "broker_wait")
        if self.batch_within < timedelta():
            raise ValueError(f"batch_within is {self.batch_within}, it cannot be negative")


class Alertmanager(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where alerts go: every Alertmanager, not a load balancer."""

    urls: tuple[str, ...] = ()
    """Every Alertmanager, ``http://host:port`` each; in the environment commas between. None: alerts are decided and told to nobody."""
    lease: timedelta = timedelta(minutes=15)
    """An alert that is not posted again for so long is shown as no longer monitored."""
    post_every: timedelta = timedelta(seconds=30)
    """How often every open pile-on is posted again."""
    console_url: str = ""
    """Where the links in alerts lead; empty: no links."""

    def __post_init__(self) -> None:
        """Raise ValueError where a duration is none, or the lease would lapse between two posts."""
        _longer_than_nothing(self, "lease", "post_every")
        if self.lease <= self.post_every:
            raise ValueError(f"lease is {self.lease}, it must be longer than post_every ({self.post_every})")


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

    def __post_init__(self) -> None:
        """Raise ValueError for what cannot be; a secret is never in the message."""
        _longer_than_nothing(self, "timeout", "give_up_after")
        if len(self.secrets) > 2 or any(len(secret) < 16 for secret in self.secrets):
            raise ValueError(f"secrets of webhook {self.name}: one or two of them, of at least 16 characters each")
        if not self.severities:
            raise ValueError(f"severities of webhook {self.name}: it would never be told anything")


def _longer_than_nothing(section: Struct, *names: str) -> None:
    for name in names:
        if getattr(section, name) <= timedelta():
            raise ValueError(f"{name} is {getattr(section, name)}, it must be longer than nothing")


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    kafka: Kafka = Kafka()
    worker: Worker = Worker()
    alertmanager: Alertmanager = Alertmanager()
    scorer: str = "linear"
    """``linear``, or ``detoxify:`` and a model (docs/scorers.md)."""
    address: AddressConfig = AddressConfig()
    pileon: PileOnConfig = PileOnConfig()
    alert: AlertConfig = AlertConfig()
    sources: dict[str, Source] = field(default_factory=dict)
    """Per source: ``communities`` (names that metrics may show; any other is ``other``) and ``lateness`` (default 24 h)."""
    communities: dict[str, dict[str, Any]] = field(default_factory=dict)
    """``"source/community"`` → overrides of ``pileon`` settings for it."""
    mutes: tuple[Mute, ...] = ()
    """Targets or conversations that alert nobody, each with a reason and an end, at most 30 days away; still listed and counted."""
    webhooks: tuple[Webhook, ...] = ()
    """Receivers of signed webhooks (docs/alerts.md), each with a name of its own."""
    retention: timedelta = timedelta(days=30)
    """How long text lives wherever it stands: topics, dead letters, recordings, caches (docs/privacy.md)."""
    data: str = ".threadwatch"
    """Folder of the embedded broker and of the installation key."""

    def __post_init__(self) -> None:
        """Raise ValueError where two webhooks have one name: nobody could tell their deliveries apart."""
        names = [webhook.name for webhook in self.webhooks]
        if twice := sorted({name for name in names if names.count(name) > 1}):
            raise ValueError(f"webhooks: the name {twice[0]} stands there twice")


def load(environment: Mapping[str, str] | None = None, file: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings. ``options`` are dotted names (``kafka.bootstrap``) that were typed; None means not given.

    Raises UserError that names the file or variable, the setting, what was wrong and what is allowed.
    """
    environment = os.environ if environment is None else environment
    tree = _from_file(file, environment)
    set_by: dict[str, str] = {}
    for variable, name, value in _from_environment(environment):
        _put(tree, name, value, variable)
        set_by[name] = variable
    for name, given in (options or {}).items():
        if given is not None:
            _put(tree, name, given, name)
            set_by[name] = f"--{name.rpartition('.')[2].replace('_', '-')}"
    return _converted(tree, "settings", set_by)


def _from_file(file: Path | None, environment: Mapping[str, str]) -> dict[str, Any]:
    path = file or Path(environment.get(f"{PREFIX}CONFIG", FILE))
    if not path.exists():
        if file is not None or f"{PREFIX}CONFIG" in environment:
            raise UserError(f"there is no settings file {path}")
        return {}
    try:
        tree = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
        raise UserError(f"{path}: {error}") from error
    _converted(tree, str(path))
    return tree


_SHORT: Final = {"kafka": "kafka.bootstrap", "kafka__bootstrap": "kafka.bootstrap"}
_LISTS: Final = frozenset({"urls", "secrets", "severities", "communities"})
_NOT_SETTINGS: Final = frozenset({"config", "key", "jars", "java", "detoxify_checkpoint", "detoxify_config", "log"})


def _from_environment(environment: Mapping[str, str]) -> Iterator[tuple[str, str, str]]:
    """``THREADWATCH_KAFKA`` is the bootstrap address; others are ``THREADWATCH_SECTION__NAME``."""
    for variable, value in sorted(environment.items()):
        name = variable.removeprefix(PREFIX).lower()
        if variable.startswith(PREFIX) and name not in _NOT_SETTINGS:
            yield variable, _SHORT.get(name, name.replace("__", ".")), value


def _put(tree: Any, name: str, value: Any, where: str) -> None:
    *sections, last = name.split(".")
    for section in sections:
        tree = _named(tree, section, where) if isinstance(tree, list) else tree.setdefault(section, [] if section == "webhooks" else {})
        if not isinstance(tree, dict | list):
            raise UserError(f"{where}: {section} is one setting, not a section")
    if isinstance(tree, list):
        raise UserError(f"{where}: write {PREFIX}WEBHOOKS__NAME__SETTING, with the webhook's name")
    tree[last] = _list_or_value(last, value)


def _named(webhooks: list[Any], name: str, where: str) -> Any:
    """Return the webhook that a variable speaks of: a variable's name has no hyphens."""
    found = [one for one in webhooks if isinstance(one, dict) and str(one.get("name")).replace("-", "_") == name]
    if not found:
        raise UserError(f"{where}: the settings file has no [[webhooks]] with the name {name.replace('_', '-')!r}")
    return found[0]


def _list_or_value(name: str, value: Any) -> Any:
    return [part for part in value.split(",") if part] if name in _LISTS and isinstance(value, str) else value


def _converted(tree: dict[str, Any], where: str, set_by: Mapping[str, str] | None = None) -> Settings:
    try:
        settings = msgspec.convert(tree, Settings, strict=False, dec_hook=_duration)
    except msgspec.ValidationError as error:
        raise UserError(f"{_culprit(str(error), set_by or {}) or where}: {error}") from error
    for community in settings.communities:
        pileon_config(settings, community)
    return settings


def _culprit(said: str, set_by: Mapping[str, str]) -> str | None:
    """Return the variable or option that set what msgspec complains of, if one did."""
    at = re.search(r"at `\$\.?([\w.]*)", said)
    unknown = re.search(r"unknown field `([^`]+)`", said)
    path = ".".join(part for part in (at[1] if at else "", unknown[1] if unknown else "") if part)
    if by := set_by.get(f"{path}.{said.partition(' ')[0]}"):
        return by  # a section's own check begins with the setting's name
    return next((by for name, by in set_by.items() if name == path or name.startswith(path + ".") or path.startswith(name + ".")), None)


def _duration(kind: type, value: Any) -> Any:
    raise NotImplementedError(f"{kind} from {value!r}")


def pileon_config(settings: Settings, community: str) -> PileOnConfig:
    """Return the detector's settings for ``"source/community"``, overrides applied; UserError if one is unknown."""
    overrides = settings.communities.get(community, {})
    try:
        return msgspec.convert(msgspec.to_builtins(settings.pileon) | overrides, PileOnConfig, strict=False)
    except msgspec.ValidationError as error:
        raise UserError(f"communities.{community}: {error}") from error


def topology_config(settings: Settings, installation_key: bytes) -> TopologyConfig:
    """Return what the stages need to know, each its own part."""
    return TopologyConfig(
        address=settings.address,
        pileon=settings.pileon,
        pileon_overrides={_community(name): pileon_config(settings, name) for name in settings.communities},
        lateness={name: source.lateness for name, source in settings.sources.items()},
        alert=settings.alert,
        mutes=settings.mutes,
        installation_key=installation_key,
    )


def _community(name: str) -> tuple[str, str]:
    source, slash, community = name.partition("/")
    if not (source and slash and community):
        raise UserError(f'communities.{name!r}: write it as "source/community"')
    return source, community
