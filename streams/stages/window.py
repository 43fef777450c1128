"""The window rule: a fold over the replies of a partition. Entries are the truth, ledgers their working form.

What decides on one reply is the ``Episode``; another detector makes its own (``esr.behind``).
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any, Final

import msgspec

from streams.records import ConfigChange, Judged, PileOn, Reply, Tick
from streams.stages.case import Case
from streams.stages.episode import Episode
from streams.stages.followed import Followed, Held
from streams.stages.instants import micros
from streams.stages.ledger import Ledger, Target
from streams.stages.pileon_config import Config, Rule, rule
from streams.stages.pseudonyms import Pseudonyms
from streams.stages.step import Arrived, Step
from streams.stages.watched import Watched
from streams.topics import json_key

DEFAULT_LATENESS: Final = timedelta(hours=24)
MAX_EXPIRED_A_TICK: Final = 20_000
MAX_RULES: Final = 5_000

Taken = tuple[str, list[PileOn], list[str]]
"""What one record makes: its outcome, the transitions, and what was odd."""


class WindowDetector:
    """Opens a pile-on where enough different people are hostile to one within a window."""

    name = "window@1"
    """Ids are made under ``window`` alone: an upgrade does not tell of open cases again."""

    def __init__(
        self,
        config: Config,
        overrides: dict[tuple[str, str], Config],
        lateness: dict[str, timedelta],
        installation_key: bytes,
    ) -> None:
        """``overrides`` by (source, community), ``lateness`` by source; the key makes ids that nobody can reverse."""
        self._config = config
        self._overrides = overrides
        self._lateness = lateness
        self._key = installation_key
        self._pseudonyms = Pseudonyms(installation_key)
        self._rules: dict[tuple[str, str], Rule] = {}

    def new_store(self) -> Watched:
        """Return the state of a partition where nothing happened yet."""
        return Watched(self._kept())

    def new_followed(self) -> Followed:
        """Return the same for ``follow``."""
        return Followed(self._kept())

    def _kept(self) -> int:
        configs = (self._config, *self._overrides.values())
        lateness = max((DEFAULT_LATENESS, *self._lateness.values()))
        return max(self._made(config, lateness).keep for config in configs)

    def _made(self, config: Config, lateness: timedelta) -> Rule:
        return rule(config, lateness)

    def steps(self, store: Watched, arrived: Sequence[Arrived]) -> Iterable[Step]:
        """Yield one step per record, in order."""
        for each in arrived:
            yield self.step(store, each.record)

    def step(self, store: Watched, record: Any) -> Step:
        """Return what one record changes."""
        if isinstance(record, Reply):
            return self._reply(store, record)
        if isinstance(record, Tick):
            return self._tick(store, micros(record.at))
        if isinstance(record, Judged):
            return self._judged(store, record)
        return Step("config_change", (), self._changed(store, record))

    def follow(self, store: Followed, record: Any) -> Taken:
        """Return what one record makes, and change the store by it: what ``step`` makes, without entries."""
        if type(record) is Reply:
            where = (record.source, record.community, record.target_id)
            key = json_key(*where).decode()
            held, episode = self._held(store, key, where)
            outcome = episode.take(record, self._key, self._pseudonyms)
            if episode.changed:
                store.keep(key, held, episode.case)
            return outcome, episode.told, episode.notes
        if isinstance(record, Tick):
            return "tick", self._time_passed(store, micros(record.at)), []
        if isinstance(record, Judged):
            return self._follow_judged(store, record)
        for key, entry in self._changed(store, record):
            store.apply(key, entry)
        return "config_change", [], []

    def _changed(self, store: Watched | Followed, change: ConfigChange) -> tuple[tuple[str, Target], ...]:
        """Return the entries of a setting that the log changes. None here: the window rule's come from the settings file."""
        return ()

    def _time_passed(self, store: Followed, at: int) -> list[PileOn]:
        told: list[PileOn] = []
        for due, key in store.dues.by(at):
            held, episode = self._held(store, key, msgspec.json.decode(key, type=tuple[str, str, str]))
            episode.close_quiet(due)
            store.keep(key, held, episode.case)
            told += episode.told
        store.forget_by(at)
        return told

    def _follow_judged(self, store: Followed, judged: Judged) -> Taken:
        where = (judged.source, judged.community, judged.target_id)
        key = json_key(*where).decode()
        held, episode = self._held(store, key, where)
        episode.judge(judged)
        if episode.changed:
            store.keep(key, held, episode.case)
        return "judged", episode.told, []

    def _held(self, store: Followed, key: str, where: tuple[str, str, str]) -> tuple[Held, Episode]:
        held = store.held(key)
        return held, self._on(store, where, held.ledger, held.case)

    def _on(self, store: Watched | Followed, where: tuple[str, str, str], ledger: Ledger, case: Case | None) -> Episode:
        """Return an episode on one target."""
        return Episode(self.name, self._rule(where[0], where[1]), where, ledger, case)

    def _reply(self, store: Watched, reply: Reply) -> Step:
        key = json_key(reply.source, reply.community, reply.target_id).decode()
        episode = self._episode(store, key, (reply.source, reply.community, reply.target_id))
        outcome = episode.take(reply, self._key, self._pseudonyms)
        return Step(outcome, tuple(episode.told), _entries(store, key, episode), tuple(episode.notes))

    def _judged(self, store: Watched, judged: Judged) -> Step:
        key = json_key(judged.source, judged.community, judged.target_id).decode()
        episode = self._episode(store, key, (judged.source, judged.community, judged.target_id))
        episode.judge(judged)
        return Step("judged", tuple(episode.told), _entries(store, key, episode))

    def _tick(self, store: Watched, at: int) -> Step:
        """Close what is due, soonest first, then forget the targets that can matter no more, and what a shadow left."""
        outputs: list[Any] = []
        entries: list[tuple[str, Any]] = []
        for due, key in store.due_by(at):
            episode = self._episode(store, key, tuple(msgspec.json.decode(key)))
            episode.close_quiet(due)
            outputs += episode.told
            entries += _entries(store, key, episode)
        expired = store.expired_by(at)[:MAX_EXPIRED_A_TICK]
        left = store.left_behind(MAX_EXPIRED_A_TICK - len(expired))
        return Step("tick", tuple(outputs), (*entries, *((key, store.rested(key)) for key in expired), *((key, None) for key in left)))

    def _episode(self, store: Watched, key: str, where: Any) -> Episode:
        entry = store.get(key)
        case: Case | None = None if entry is None else entry.case
        return self._on(store, where, store.ledger(key), case)

    def _rule(self, source: str, community: str) -> Rule:
        found = self._rules.get((source, community))
        if found is None:
            found = self._made(self._config_of(source, community), self._lateness.get(source, DEFAULT_LATENESS))
            if len(self._rules) < MAX_RULES:  # communities are few; names made up by a flood must not fill memory
                self._rules[source, community] = found
        return found

    def _config_of(self, source: str, community: str) -> Config:
        return self._overrides.get((source, community), self._config)


def _entries(store: Watched, key: str, episode: Episode) -> tuple[tuple[str, Any], ...]:
    if not episode.changed:
        return ()
    entry = episode.ledger.target(episode.case)
    store.remember(key, entry, episode.ledger)
    return ((key, entry),)
