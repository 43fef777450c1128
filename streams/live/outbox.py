"""What webhooks still have to tell, per partition of ``pileons``: written with the alert stage's state, removed once delivered.

A decision becomes deliveries in the very transaction that applies it (ADR 13), so none is lost and none is made twice.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote
from weakref import WeakKeyDictionary

import msgspec
from msgspec import Struct

from streams.engine import Effects
from streams.live.wording import annotations, line, shown
from streams.records import Moment
from streams.settings import Webhook
from streams.stages.alert import AlertDecision, Decision, Reason
from streams.stages.alert_config import Config
from streams.stages.firing import Firing, Storm, together
from streams.stages.reasons import case_name
from streams.topics import json_key

TOPIC: Final = "deliveries"
STORM: Final = "storm"
_HALF_HOUR: Final = 1800
Entries = dict[bytes, bytes | None]


class Delivery(Struct, frozen=True, kw_only=True, tag="delivery"):
    """One POST that one receiver has not answered with 2xx yet. A repeat has the same id and the same body."""

    pileon_id: str
    revision: int
    receiver: str
    event: str
    body: str
    queued_at: Moment

    @property
    def id(self) -> str:
        """Return the idempotency key."""
        return _id(self.pileon_id, self.revision, self.receiver)

    @property
    def key(self) -> bytes:
        """Return its key in the topic."""
        return json_key("delivery", self.pileon_id, str(self.revision), self.receiver)


class Told(Struct, frozen=True, kw_only=True, tag="told"):
    """Who was told that a pile-on opened: they are told how it goes on, nobody else."""

    receivers: tuple[str, ...]


class StormTold(Struct, frozen=True, kw_only=True, tag="storm"):
    """The storm that was told of a source."""

    since: Moment
    until: Moment


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(Delivery | Told | StormTold).decode


class Storms:
    """What opened on the partitions of this worker: a storm is one, however its cases fall on them."""

    def __init__(self, config: Config) -> None:
        """``config`` says what a storm is."""
        self._config = config
        self._of: WeakKeyDictionary[Outbox, dict[str, Storm]] = WeakKeyDictionary()

    def seen(self, outbox: "Outbox", storm: Storm) -> Storm:
        """Take what a partition sees of a source; return what all of them see."""
        self._of.setdefault(outbox, {})[storm.source] = storm
        (found,) = together([of[storm.source] for of in self._of.values() if storm.source in of], self._config)
        return found


class Outbox:
    """What waits in one partition. A function of its entries, but for storms; ``planned`` says which to write and takes them."""

    def __init__(self, webhooks: Sequence[Webhook], console_url: str, storms: Storms | None = None) -> None:
        self._webhooks, self._console_url, self._storms = webhooks, console_url, storms or Storms(Config())
        self._entries: dict[bytes, Delivery | Told | StormTold] = {}

    def take(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Take entries as they stand in the topic: a removed one is None."""
        for key, value in entries.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = _DECODE(value)

    def waiting(self) -> list[Delivery]:
        """Return what is not delivered, oldest first."""
        found = [entry for entry in self._entries.values() if isinstance(entry, Delivery)]
        return sorted(found, key=lambda one: (one.queued_at, one.revision))

    def planned(self, effects: Effects, now: datetime) -> Entries:
        """Return the entries that a batch of the alert stage asks for, and take them."""
        asked: Entries = {}
        for step in effects.steps:
            entries = [entry for _, entry in step.entries]
            storm = next((self._storms.seen(self, entry) for entry in entries if isinstance(entry, Storm)), None)
            for told in step.outputs:
                if isinstance(told, AlertDecision) and told.decision is not Decision.HOLD:
                    firing = next((one for one in entries if isinstance(one, Firing) and one.pileon_id == told.pileon_id), None)
                    one = self._of_storm(storm, now) if storm and _is_of_storm(told, storm) else self._of_case(told, firing, now)
                    self.take(one)
                    asked |= one
        return asked

    def _of_storm(self, storm: Storm, now: datetime) -> Entries:
        """Return one summary per storm, and how long it is on: many at once are not told one by one."""
        key = json_key("storm", storm.source)
        before = self._entries.get(key)
        assert storm.since is not None
        assert storm.until is not None
        told: Entries = {key: _ENCODE(StormTold(since=storm.since, until=storm.until))}
        if isinstance(before, StormTold) and before.since == storm.since:
            return told
        to = [one for one in self._webhooks if _is_of(one, storm.source, None)]  # of any severity: it stands for warnings too
        return told | _encoded(_storm_delivery(storm, one.name, now) for one in to)

    def _of_case(self, told: AlertDecision, firing: Firing | None, now: datetime) -> Entries:
        key = json_key("told", told.pileon_id)
        before = self._entries.get(key)
        knowing = before.receivers if isinstance(before, Told) else ()
        to = [one.name for one in self._webhooks if self._hears(one, told, knowing)]
        if firing is None or not to:
            return {key: None} if told.decision is Decision.RESOLVE and knowing else {}
        made = _encoded(self._delivery(told, firing, name, knowing, now) for name in to)
        if told.decision is Decision.RESOLVE:
            return {key: None} | made
        everyone = tuple(dict.fromkeys((*knowing, *to)))
        return {key: _ENCODE(Told(receivers=everyone))} | made

    def _hears(self, webhook: Webhook, told: AlertDecision, knowing: tuple[str, ...]) -> bool:
        if told.decision is Decision.RESOLVE:
            return webhook.name in knowing
        if told.decision is Decision.ESCALATE and not knowing and self._is_stormy(told):
            return False
        return told.severity in webhook.severities and _is_of(webhook, told.source, told.community)

    def _is_stormy(self, told: AlertDecision) -> bool:
        storm = self._entries.get(json_key("storm", told.source))
        return isinstance(storm, StormTold) and told.at < storm.until

    def _delivery(self, told: AlertDecision, firing: Firing, receiver: str, knowing: tuple[str, ...], now: datetime) -> Delivery:
        is_end = told.decision is Decision.RESOLVE
        event = "ended" if is_end else "escalated" if receiver in knowing else "opened"
        link = f"{self._console_url.rstrip('/')}/pileons/{told.pileon_id}" if self._console_url else ""
        before = str(firing.severities[0]) if event == "escalated" and firing.severities else ""
        numbers = annotations(firing, firing.conversations, str(told.reason) if is_end else "", link, before)
        labels = {"severity": str(told.severity), "source": shown(told.source), "community": shown(told.community)}
        body = {"event": event, "text": line(labels, numbers), "pileon_id": told.pileon_id, "case": case_name(told.pileon_id),
                "revision": told.revision, **labels, **_numbers(firing), "at": told.at,
                **({"ended_because": str(told.reason)} if is_end else {}), **({"link": link} if link else {})}  # fmt: skip
        return _made(told.pileon_id, told.revision, receiver, event, body, now)


def _is_of_storm(told: AlertDecision, storm: Storm) -> bool:
    return told.reason is Reason.STORM or (told.decision is Decision.FIRE and storm.is_on)


def _numbers(firing: Firing) -> dict[str, Any]:
    return {
        "hostile_authors": firing.hostile_authors,
        **({} if firing.usual_hostile_authors is None else {"usual_hostile_authors": firing.usual_hostile_authors}),
        "replying_authors": firing.replying_authors,
        "hostile_replies": firing.hostile_replies,
        "unknown_author_replies": firing.unknown_author_replies,
        "conversations": firing.conversations,
        "first_hostile_at": firing.first_hostile_at,
        "reason": firing.reason,
    }


def _storm_delivery(storm: Storm, receiver: str, now: datetime) -> Delivery:
    """Return the same for every partition that sees this storm: key and body know the half hour only, so a receiver has it once."""
    assert storm.since is not None
    since = datetime.fromtimestamp(storm.since.timestamp() // _HALF_HOUR * _HALF_HOUR, UTC)
    name = "storm-" + hashlib.sha256(f"{storm.source}\n{since}".encode()).hexdigest()[:24]
    bound, source = len(storm.opened) - 1, shown(storm.source)
    text = f"[critical] {source} · more than {bound} pile-ons opened at once; this stands for all of them"
    body = {"event": STORM, "text": text, "pileon_id": name, "revision": 1, "severity": "critical", "source": source, "at": since}
    return _made(name, 1, receiver, STORM, body, now)


def _made(pileon_id: str, revision: int, receiver: str, event: str, body: dict[str, Any], now: datetime) -> Delivery:
    whole = {"version": 1, "id": _id(pileon_id, revision, receiver), "receiver": receiver} | body
    return Delivery(pileon_id=pileon_id, revision=revision, receiver=receiver, event=event, body=_ENCODE(whole).decode(),
                    queued_at=now.astimezone(UTC))  # fmt: skip


def _id(pileon_id: str, revision: int, receiver: str) -> str:
    """Return what can stand in a header, whatever an id holds."""
    return f"{quote(pileon_id, safe='')}/{revision}/{receiver}"


def _encoded(deliveries: Iterable[Delivery]) -> Entries:
    return {delivery.key: _ENCODE(delivery) for delivery in deliveries}


def _is_of(webhook: Webhook, source: str, community: str | None) -> bool:
    """Return whether a receiver wants this community; of a storm, which has none, whether it wants any of the source."""
    if not webhook.communities:
        return True
    wanted = (name.partition("/") for name in webhook.communities)
    return any(of == source and (not slash or community in (None, only)) for of, slash, only in wanted)
