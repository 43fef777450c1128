"""What of a recording counts to the tests of the detector e-SR: its own stage is asked, and opens nothing meanwhile."""

from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from functools import partial
from typing import Any

import numpy as np

from streams.records import ConfigChange, Reply
from streams.replay.replies.fold import records_of
from streams.replay.replies.logs import Log
from streams.settings import Settings, topology_config
from streams.stages.decode import Unreadable
from streams.stages.esr.behind import EvidenceDetector
from streams.stages.esr.detector import DAY, Exposure, Finding, Target
from streams.stages.esr.episode import EvidenceEpisode
from streams.stages.esr.learning import Counted
from streams.stages.esr.membership import Seen


class Person:
    """One person's replies that count, as they come."""

    __slots__ = ("at", "author", "conversation", "seen", "x")

    def __init__(self) -> None:
        self.at, self.x, self.seen, self.conversation = array("q"), array("d"), array("b"), array("q")
        self.author = array("q")
        """0: unknown."""

    def counted(self, first_day: Mapping[int, int] | None) -> Counted:
        """Return them as columns. ``first_day``: when each account was first seen; None: nobody keeps a list, and nobody is new."""
        at, x, seen, talk = (np.asarray(column) for column in (self.at, self.x, self.seen, self.conversation))
        days = zip(self.author, self.at, strict=True)
        is_new = [first_day is not None and first_day.get(who, -1) >= when // DAY for who, when in days]
        return Counted(at, x, seen.astype(np.int64), talk, np.array(is_new, bool))


class Heard:
    """What was heard."""

    def __init__(self, community: tuple[str, str] | None = None) -> None:
        """``community``: of one alone; None: of all."""
        self.people: dict[tuple[str, str, str], Person] = {}
        self.authors: set[int] = set()
        self.first_day: dict[int, int] = {}
        """When each known author first wrote to anybody."""
        self.last_day = 0
        """The newest on which anybody wrote."""
        self.outcomes: Counter[str] = Counter()
        self.versions: dict[str, int] = {}
        """Of the settings that the log has changed, by name, the newest: what is sent must be newer, or nobody follows it."""
        self.untimed = 0
        self._community = community

    def wants(self, record: Reply) -> bool:
        """Return whether a reply is of the community that is asked for."""
        return self._community in (None, (record.source, record.community))

    def take(self, where: tuple[str, str, str], reply: Exposure, seen: Seen, *, is_timed: bool) -> None:
        """Take one that the tests see."""
        self.authors.add(reply.author)
        self.last_day = max(self.last_day, reply.at // DAY)
        if reply.is_new:  # it has an author
            day = reply.at // DAY
            self.first_day[reply.author] = min(day, self.first_day.get(reply.author, day))
        if not is_timed:
            self.untimed += 1
        elif seen >= Seen.FIRST:
            person = self.people.get(where)
            if person is None:
                person = self.people[where] = Person()
            person.at.append(reply.at)
            person.x.append(reply.x)
            person.seen.append(seen)
            person.conversation.append(reply.conversation)
            person.author.append(reply.author if reply.is_new else 0)

    @property
    def timed(self) -> int:
        """Return how many count."""
        return sum(len(person.at) for person in self.people.values())


class _Listening(EvidenceEpisode):
    """Notes what the tests would be given, and tests nothing."""

    __slots__ = ("_heard",)

    def __init__(self, heard: Heard, *given: Any) -> None:
        super().__init__(*given)
        self._heard = heard

    def _is_new(self, reply: Reply, at: int, author: int) -> bool:
        """Return whether the author can be new at all; who is, is known at the end."""
        return reply.author_id is not None

    def _tested(self, target: Target, exposure: Exposure, *, is_timed: bool) -> Finding | None:
        is_hostile = exposure.x >= self.rule.config.min_hostility
        seen = target.members.take(exposure.at // DAY, exposure.author, exposure.comment, is_hostile=is_hostile)
        target.last_at = max(target.last_at, exposure.at)
        self._heard.take(self.where, exposure, seen, is_timed=is_timed)
        return None


def listened(log: Log, settings: Settings, key: bytes, heard: Heard, told: Callable[[int], object]) -> None:
    """Let the stage take all that a log holds, partition after partition, into ``heard``; ``told``: how many records more."""
    config = topology_config(settings, key)
    detector = EvidenceDetector(config.pileon, config.pileon_overrides, config.lateness, key, config.calibration)
    detector.episode = partial(_Listening, heard)
    for part in log.parts:
        store = detector.new_followed()
        for record in _records(log, part.partition, told):
            if isinstance(record, ConfigChange):
                heard.versions[record.name] = max(record.version, heard.versions.get(record.name, 0))
                continue
            if isinstance(record, Reply) and not heard.wants(record):
                continue
            outcome, _, _ = detector.follow(store, record)
            heard.outcomes[outcome] += isinstance(record, Reply)


def _records(log: Log, partition: int, told: Callable[[int], object]) -> Iterator[Any]:
    with closing(log.columns({partition: -1})) as coming:
        for columns in coming:
            yield from (record for record in records_of(columns.values) if not isinstance(record, Unreadable))
            told(len(columns))
