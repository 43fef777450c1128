"""What webhooks still have to tell, per partition of ``pileons``: written with the alert stage's state, removed once delivered.

A decision becomes deliveries in the very transaction that applies it (ADR 13), so none is lost and none is made twice.
"""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import Struct

from streams.alert_settings import Webhook
from streams.engine import Effects
from streams.live.storms import KEPT, Storms, StormTold, is_same, name_of, over
from streams.live.storms import told as storm_told
from streams.live.wording import annotations, line
from streams.records import Moment
from streams.site_names import shown
from streams.stages.alert import AlertDecision, Decision, Reason
from streams.stages.alert_config import Config
from streams.stages.firing import Firing, Storm
from streams.stages.reasons import case_name
from streams.topics import json_key

TOPIC: Final = "deliveries"
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


_ENCODE: Final = msgspec.json.Encoder().encode
_DECODE: Final = msgspec.json.Decoder(Delivery | Told | StormTold).decode


class Outbox:
    """What waits in one partition. A function of its entries, but for storms; ``planned`` says which to write and takes them."""

    def __init__(self, webhooks: Sequence[Webhook], console_url: str, storms: Storms | None = None) -> None:
        self._webhooks, self._console_url, self._storms = webhooks, console_url, storms or Storms(Config())
        self._entries: dict[bytes, Delivery | Told | StormTold] = {}
        self._storms.join(self)
        self._planned: set[bytes] = set()
        """Keys of entries that do not stand in the log yet."""

    @property
    def is_written(self) -> bool:
        """Return whether all that was planned stands in the log."""
        return not self._planned

    def written(self) -> None:
        """Note that all that was planned stands in the log; the room says so."""
        self._planned.clear()

    def take(self, entries: Mapping[bytes, bytes | None]) -> None:
        """Take entries as they stand in the topic: a removed one is None."""
        for key, value in entries.items():
            if value is None:
                self._entries.pop(key, None)
            else:
                self._entries[key] = _DECODE(value)

    def waiting(self) -> list[Delivery]:
        """Return what is not delivered, oldest first. What does not stand in the log yet is told to nobody: it may come to nothing."""
        found = [entry for key, entry in self._entries.items() if isinstance(entry, Delivery) and key not in self._planned]
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
        self._planned |= asked.keys()
        return asked

    def storm_told(self, source: str) -> StormTold | None:
        """Return what this partition knows of a source's last storm that was told."""
        found = self._entries.get(json_key("storm", source))
        return found if isinstance(found, StormTold) else None

    def storms_told(self) -> dict[str, StormTold]:
        """Return them all, by source."""
        return {msgspec.json.decode(key)[1]: one for key, one in self._entries.items() if isinstance(one, StormTold)}

    def passed(self, storms: Mapping[str, Storm], now: datetime) -> Entries:
        """Return the entries that storms ask for which are over by now: their end, once, by the partition that told them.

        ``storms`` is what the worker sees of each source. Unlike ``planned``, this takes nothing: it may come to nothing.
        """
        asked: Entries = {}
        for source, told, last in over(self.storms_told(), storms, now):
            if not told.has_ended and told.receivers and last is not None:
                ended = msgspec.structs.replace(
                    told, until=last.until or told.until, revision=told.revision + 1, has_ended=True, storm=None
                )
                asked |= {json_key("storm", source): _ENCODE(ended)} | self._storm_told(last, ended, now)
            elif now >= told.until + KEPT:
                asked[json_key("storm", source)] = None
        return asked

    def _of_storm(self, storm: Storm, now: datetime) -> Entries:
        """Return one summary per storm, and how long it is on: many at once are not told one by one."""
        assert storm.since is not None
        assert storm.until is not None
        key, before = json_key("storm", storm.source), self._storms.told(storm.source)
        if before is None or not is_same(before, storm):
            before = None
        elif not before.has_ended or storm.until <= before.until:
            if not self._storms.is_written(storm.source):  # who would know of it in the log must not be all that is left of it
                return {}
            mine = self.storm_told(storm.source)
            ours = mine.receivers if mine is not None and mine.since == before.since else ()
            known = msgspec.structs.replace(before, until=max(before.until, storm.until), receivers=ours, storm=storm if ours else None)
            return {key: _ENCODE(known)}
        to = tuple(one.name for one in self._webhooks if _is_of(one, storm.source, None))  # of any severity: it stands for warnings too
        since, revision = (before.since, before.revision + 1) if before is not None else (storm.since, 1)
        told = StormTold(since=since, until=storm.until, receivers=to, revision=revision, storm=storm)
        return {key: _ENCODE(told)} | self._storm_told(storm, told, now)

    def _storm_told(self, storm: Storm, told: StormTold, now: datetime) -> Entries:
        name = name_of(storm.source, told.since)
        body = storm_told(storm, name, told.revision, self._console_url, has_ended=told.has_ended)
        event = body["event"]
        return _encoded(_made(name, told.revision, receiver, event, body, now) for receiver in told.receivers)

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
        storm = self._storms.told(told.source)
        return storm is not None and told.at < storm.until

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
