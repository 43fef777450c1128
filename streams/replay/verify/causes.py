"""Why the ``pileon`` stage gave live what the replay does not: a cause only where a record proves it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct, field

from streams.records import PileOn
from streams.replay.verify.applied import Applied, other_settings
from streams.replay.verify.differences import Cause, Fired, Found, Kind, Made, Pair, Place, Record, key_of
from streams.stages.baseline import REST
from streams.topics import PILEONS, REPLIES, state_topic

HISTORY: Final = timedelta(microseconds=REST) + timedelta(days=2)
"""For so long what is usual at a person can depend on replies of before."""
OF_HISTORY: Final = frozenset(("usual_hostile_authors", "reason"))
"""What of a transition the history decides; nothing opens or ends by it."""
UNEXPLAINED: Final = Found(Cause.UNEXPLAINED)
_STATE: Final = state_topic("pileon")

Target = tuple[str, str, str]
Ends = Mapping[int, tuple[int, datetime | None]]
"""Partition of ``pileons`` → first offset that is left, and when the broker got the first message that is."""


class Evidence(Struct, frozen=True, kw_only=True):
    """All that may prove something, whomever it is about."""

    configuration: str
    """The hash of the settings with which the replay was made."""
    detector: str
    applied: Mapping[int, Sequence[Applied]] = {}
    """Partition of ``replies`` → what is left of its ``applied`` records, oldest first."""
    approximate: Mapping[int, int] = {}
    """Partition of ``replies`` whose beginning is gone, and no snapshot stands for it → its first offset."""
    starts: Mapping[int, datetime] = {}
    """Partition of ``replies`` → when the broker got the first message that was folded."""
    ends: Ends = {}
    kept: Mapping[tuple[int, int], int] = {}
    """Partitions of ``replies`` and ``pileons`` → the first offset of input whose live record is left."""


class Person(Struct, frozen=True, kw_only=True):
    """What is about one person alone."""

    partition: int
    """Theirs of ``replies``."""
    written_to: int
    """Theirs of ``pileons``."""
    fired: Sequence[Fired] = ()
    """All transitions of them that fired, whenever that was."""
    heard: frozenset[datetime] = frozenset()
    """Times of the replies to them that are left, where the partition is approximate."""


class Kept(Struct):
    """Gathers, person by person, where the live records begin that are left."""

    first: dict[tuple[int, int], int] = field(default_factory=dict)

    def take(self, person: Person, made: Iterable[Made]) -> None:
        """Take what was made of one person's replies."""
        left = {key_of(one.pileon) for one in person.fired}
        offsets = [one.input.offset for one in made if key_of(one.pileon) in left]
        if offsets:
            place = person.partition, person.written_to
            self.first[place] = min(self.first.get(place, offsets[0]), *offsets)


def explained(pairs: Iterable[Pair], evidence: Evidence, person: Person) -> list[Found]:
    """Return for each difference its cause: version, retention or approximate start where one is proven, else unexplained."""
    return [_found(pair, evidence, person) for pair in pairs]


def _found(pair: Pair, evidence: Evidence, person: Person) -> Found:
    if pair.kind is Kind.DOUBLED:
        return UNEXPLAINED
    return _version(pair, evidence, person) or _retention(pair, evidence, person) or _approximate(pair, evidence, person) or UNEXPLAINED


def _version(pair: Pair, evidence: Evidence, person: Person) -> Found | None:
    if pair.fired is not None and pair.fired.pileon.detector != evidence.detector:
        told = f"detector {pair.fired.pileon.detector} in the live record, {evidence.detector} here"
        return Found(Cause.VERSION, told, (_live(pair.fired),))
    if pair.made is not None:
        place, by_time = pair.made.input, False
    elif pair.fired is not None:
        place, by_time = Place(person.partition, -1, pair.fired.place.at), True
    else:
        return None
    return other_settings(_STATE, evidence.applied.get(place.partition, ()), place, evidence.configuration, by_time=by_time)


def _live(fired: Fired) -> Record:
    return Record(PILEONS.name, fired.place.partition, fired.place.offset)


def _retention(pair: Pair, evidence: Evidence, person: Person) -> Found | None:
    """Whether its live record stood before the first of its partition that is left: fold and topic have one order."""
    if pair.kind is not Kind.MISSING or pair.made is None:
        return None
    first, at = evidence.ends.get(person.written_to, (0, None))
    if not first:
        return None
    kept = evidence.kept.get((pair.made.input.partition, person.written_to))
    is_before = pair.made.input.offset < kept if kept is not None else at is None or pair.made.input.at < at
    if not is_before:
        return None
    told = f"pileons partition {person.written_to} begins at offset {first}, after this record"
    return Found(Cause.RETENTION, told, (Record(PILEONS.name, person.written_to, first),))


def _approximate(pair: Pair, evidence: Evidence, person: Person) -> Found | None:
    """Whether a live case of the person began with a reply that is gone, and can matter here."""
    if person.partition not in evidence.approximate:
        return None
    start = evidence.starts.get(person.partition)
    only_history = pair.kind is Kind.ALTERED and pair.fields.keys() <= OF_HISTORY
    for case in person.fired:
        began = case.pileon.first_hostile_at
        is_gone = (start is None or began < start) and began not in person.heard
        if is_gone and _matters(case.pileon, pair.pileon, person, only_history):
            told = f"case {case.pileon.pileon_id} began at {began.isoformat()}"
            told = f"{told}, with a reply before the first that is left in replies partition {person.partition}"
            begins = Record(REPLIES.name, person.partition, evidence.approximate[person.partition])
            return Found(Cause.APPROXIMATE_START, told, (_live(case), begins))
    return None


def _matters(case: PileOn, pileon: PileOn, person: Person, only_history: bool) -> bool:
    if case.pileon_id == pileon.pileon_id:
        return True
    last = max(one.pileon.updated_at for one in person.fired if one.pileon.pileon_id == case.pileon_id)
    reach = HISTORY if only_history else timedelta(0)
    return case.first_hostile_at <= pileon.updated_at and pileon.first_hostile_at <= last + reach


def target_of(told: PileOn) -> Target:
    """Return whom it is on."""
    return told.source, told.community, told.target_id
