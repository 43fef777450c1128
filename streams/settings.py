"""What can be tuned, typed and bounded, read once: defaults < ``threadwatch.toml`` < ``THREADWATCH_…`` < options.

Stages get their own small Config, never Settings.
"""

import os
from collections.abc import Callable, Mapping
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
from msgspec import Meta, Struct, field

from streams.alert_settings import Alertmanager, Webhook, longer_than_nothing
from streams.complaints import is_lack, steps_to, with_allowed, with_names
from streams.console_settings import Console, Port
from streams.environment import PREFIX, given_in, put
from streams.errors import UserError
from streams.scorers import Config as ScoringConfig
from streams.stages.address import Config as AddressConfig
from streams.stages.alert import Config as AlertConfig
from streams.stages.alert import Mute
from streams.stages.esr.calibration import Calibration
from streams.stages.esr.detector import RING as MOST_AUTHORS
from streams.stages.pileon import Config as PileOnConfig
from streams.stages.pileon import Which
from streams.toml_lines import Steps, parsed, place
from streams.topology import Config as TopologyConfig

if TYPE_CHECKING:
    from streams.stages.ranking.ranker import Ranker

FILE: Final = Path("threadwatch.toml")
PROTOCOLS: Final = ("PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL")
MECHANISMS: Final = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")


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
    partitions: Annotated[int, Meta(ge=0, le=1024)] = 0
    """Of every topic that stages read and write, as ``topics create`` makes them: so many workers can share a stage. 0: as declared (4).
    Choose it once: a topic that exists keeps what it has, since its keys would move."""

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
    accept_config: bool = False
    """As `--accept-config`, where the command cannot be changed (compose): go on with changed settings; past decisions stand."""

    def __post_init__(self) -> None:
        """Raise ValueError where a duration is none (Meta bounds numbers only)."""
        longer_than_nothing(self, "tick_every", "stuck_after", "broker_wait")
        if self.batch_within < timedelta():
            raise ValueError(f"batch_within is {self.batch_within}, it cannot be negative")


class Snapshots(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a replay can start exactly (docs/replay.md)."""

    daily: bool = True
    """Whether each stage writes its whole state down once a day, to ``state.<stage>.snapshots``, kept 400 days (ADR 15)."""


class Settings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Everything that can be set."""

    kafka: Kafka = Kafka()
    worker: Worker = Worker()
    snapshots: Snapshots = Snapshots()
    alertmanager: Alertmanager = Alertmanager()
    console: Console = Console()
    scorer: str = "linear"
    """``linear``, ``compact``, or ``detoxify:`` and a model (docs/scorers.md)."""
    scoring: ScoringConfig = ScoringConfig()
    detector: Which = Which.WINDOW
    """What opens a pile-on: ``window``, so many hostile people in so long; ``e-SR``, more and faster than history explains, on a budget of
    false alarms a day (docs/detector.md)."""
    shadow: bool = False
    """Whether the other detector runs along: what it would tell is written to ``pileons.shadow`` and counted, and nobody is told."""
    address: AddressConfig = AddressConfig()
    pileon: PileOnConfig = PileOnConfig()
    calibration: Calibration = Calibration()
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
        """Raise ValueError where two webhooks have one name: nobody could tell their deliveries apart; or for a floor that cannot be."""
        if (self.shadow or self.detector is Which.ESR) and self.pileon.min_hostile_authors > MOST_AUTHORS:
            raise ValueError(f"pileon.{_too_high(self.pileon.min_hostile_authors)}")
        names = [webhook.name for webhook in self.webhooks]
        if twice := [number for number, name in enumerate(names) if name in names[:number]]:
            raise ValueError(f"webhooks[{twice[0]}].name: the name {names[twice[0]]} stands there twice")


def _too_high(floor: int) -> str:
    return f"min_hostile_authors is {floor}: the detector e-SR counts to {MOST_AUTHORS}, take a floor up to there"


def load(environment: Mapping[str, str] | None = None, file: Path | None = None, options: Mapping[str, Any] | None = None) -> Settings:
    """Return the settings. ``options`` are dotted names (``kafka.bootstrap``) that were typed; None means not given.

    Raises UserError that names the file with the line, or the variable, the setting, what was wrong and what is allowed.
    """
    environment = os.environ if environment is None else environment
    path = settings_file(file, environment)
    tree = parsed(path) if path else {}
    lacking = _lacking(tree, path) if path else None
    set_by: dict[str, str] = {}
    for variable, name, value in given_in(environment):
        put(tree, name, value, variable)
        set_by[name] = variable
    for name, given in (options or {}).items():
        if given is not None:
            put(tree, name, given, name)
            set_by[name] = f"--{name.rpartition('.')[2].replace('_', '-')}"

    def where(steps: Steps) -> str:
        if path and steps == lacking:  # nobody gave it elsewhere
            return place(path, steps)
        return _setter(tree, steps, set_by) or (place(path, steps) if path else "settings")

    return _converted(tree, where)


def _lacking(tree: dict[str, Any], path: Path) -> Steps | None:
    """Return where a file lacks what may stand elsewhere: a secret belongs in the environment. UserError for its own mistakes."""
    try:
        _converted(tree, lambda steps: place(path, steps))
    except _LackingError as error:
        return error.steps
    return None


class _LackingError(UserError):
    """Something that must be given is not, in the section that these steps lead to."""

    def __init__(self, said: str, steps: Steps) -> None:
        super().__init__(said)
        self.steps = steps


def settings_file(file: Path | None = None, environment: Mapping[str, str] | None = None) -> Path | None:
    """Return the file that settings are read from, if there is one. Raises UserError where one is named that is not there."""
    environment = os.environ if environment is None else environment
    named = environment.get(f"{PREFIX}CONFIG")  # empty is as good as not set, as of any setting
    path = file or Path(named or FILE)
    if path.exists():
        return path
    if file is not None or named:
        raise UserError(f"there is no settings file {path}")
    return None


def _converted(tree: dict[str, Any], where: Callable[[Steps], str]) -> Settings:
    try:
        settings = _settings(tree)
    except msgspec.ValidationError as error:
        steps = steps_to(str(error), tree, _settings)
        told = f"{where(steps)}: {with_allowed(with_names(str(error), steps), Settings, steps)}"
        raise (_LackingError(told, steps) if is_lack(str(error)) else UserError(told)) from error
    for name in settings.communities:
        try:
            _community(name)
            pileon_config(settings, name)
        except UserError as error:
            steps = steps_to(str(error.__cause__ or ""), settings.communities[name], _settings)
            raise UserError(f"{where(('communities', name, *steps))}: {error}") from error
    return settings


def _settings(tree: dict[str, Any]) -> Settings:
    return msgspec.convert(tree, Settings, strict=False, dec_hook=_duration)


def _setter(tree: dict[str, Any], steps: Steps, set_by: Mapping[str, str]) -> str | None:
    """Return the variable or option that set what is complained of, else one that set something beside it."""
    names = [str(step) for step in steps]
    if names[:1] == ["webhooks"] and names[1:]:  # a variable calls it by its name
        names[1] = str(tree["webhooks"][steps[1]].get("name")).replace("-", "_")
    for length in range(len(names), 0, -1):
        path = ".".join(names[:length])
        if by := next((by for name, by in set_by.items() if f"{name}.".startswith(f"{path}.") or path.startswith(f"{name}.")), None):
            return by
    return None


def _duration(kind: type, value: Any) -> Any:
    raise NotImplementedError(f"{kind} from {value!r}")


def pileon_config(settings: Settings, community: str) -> PileOnConfig:
    """Return the detector's settings for ``"source/community"``, overrides applied; UserError if one is unknown."""
    overrides = settings.communities.get(community, {})
    try:
        found = msgspec.convert(msgspec.to_builtins(settings.pileon) | overrides, PileOnConfig, strict=False)
        if (settings.shadow or settings.detector is Which.ESR) and found.min_hostile_authors > MOST_AUTHORS:
            raise msgspec.ValidationError(_too_high(found.min_hostile_authors))
        return found
    except msgspec.ValidationError as error:
        raise UserError(f"communities.{community}: {with_allowed(str(error), PileOnConfig, ())}") from error


def topology_config(settings: Settings, installation_key: bytes) -> TopologyConfig:
    """Return what the stages need to know, each its own part."""
    return TopologyConfig(
        address=settings.address,
        rankers=rankers_of(settings),
        pileon=settings.pileon,
        pileon_overrides={_community(name): pileon_config(settings, name) for name in settings.communities},
        lateness={name: source.lateness for name, source in settings.sources.items()},
        alert=settings.alert,
        mutes=settings.mutes,
        detector=settings.detector,
        shadow=settings.shadow,
        calibration=settings.calibration,
        installation_key=installation_key,
    )


def rankers_of(settings: Settings) -> dict[str, "Ranker"]:
    """Return the ranker of each source that is a chat. Raises UserError where the package's weights are damaged."""
    names = settings.address.rankers
    if not names:
        return {}
    from streams.rankers import open_ranker  # it needs NumPy, and most have no chats

    opened = {name: open_ranker(name) for name in sorted(set(names.values()))}
    return {source: opened[name] for source, name in names.items()}


def _community(name: str) -> tuple[str, str]:
    source, slash, community = name.partition("/")
    if not (source and slash and community):
        raise UserError(f'communities.{name!r}: write it as "source/community"')
    return source, community
