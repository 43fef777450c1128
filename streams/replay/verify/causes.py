"""Why the ``pileon`` stage gave live what the replay does not: a cause only where a record proves it. Pure."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.records import PileOn
from streams.replay.verify.differences import Cause, Fired, Kind, Made, Pair, Place, key_of
from streams.stages.baseline import REST

HISTORY: Final = timedelta(microseconds=REST) + timedelta(days=2)
"""For so long what is usual at a person can depend on replies of before."""
OF_HISTORY: Final = frozenset(("usual_hostile_authors", "reason"))
"""What of a transition the history decides; nothing opens or ends by it."""

Target = tuple[str, str, str]


class Applied(Struct, frozen=True):
    """What ``state.pileon`` says of one batch: the last offset of ``replies`` that was applied, when, and with which settings."""

    offset: int
    at: datetime
    configuration: str


class Found(Struct, frozen=True):
    """A cause and the record that proves it, in words."""

    cause: Cause
    proof: str = ""


UNEXPLAINED: Final = Found(Cause.UNEXPLAINED)


class Evidence(Struct, frozen=True, kw_only=True):
    """All that may prove something."""

    configuration: str
    """The hash of the settings with which the replay was made."""
    detector: str
    applied: Mapping[int, Sequence[Applied]] = {}
    """Partition of ``replies`` → what is left of its ``applied`` records, oldest first."""
    approximate: frozenset[int] = frozenset()
    """Partitions of ``replies`` whose beginning is gone."""
    starts: Mapping[int, datetime] = {}
    """Partition of ``replies`` → when the broker got the first message that is left."""
    heard: Mapping[Target, set[datetime]] = {}
    """Target → times of the replies to it that are left, where its partition is approximate."""
    partition_of: Mapping[Target, int] = {}
    """Target → its partition of ``replies``."""
    ends: Mapping[int, tuple[int, datetime | None]] = {}
    """Partition of ``pileons`` → first offset that is left, and the time of the first message that is."""
    written_to: Mapping[Target, int] = {}
    """Target → its partition of ``pileons``."""
    fired: Sequence[Fired] = ()
    made: Sequence[Made] = ()


def explained(pairs: Iterable[Pair], evidence: Evidence) -> list[Found]:
    """Return for each difference its cause: version, retention or approximate start where one is proven, else unexplained."""
    judge = _Judge(evidence)
    return [judge.found(pair) for pair in pairs]


class _Judge:
    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence
        self._kept = _first_kept(evidence)
        self._cases: dict[Target, list[PileOn]] = {}
        for one in evidence.fired:
            self._cases.setdefault(target_of(one.pileon), []).append(one.pileon)

    def found(self, pair: Pair) -> Found:
        if pair.kind is Kind.DOUBLED:
            return UNEXPLAINED
        return self._version(pair) or self._retention(pair) or self._approximate(pair) or UNEXPLAINED

    def _version(self, pair: Pair) -> Found | None:
        if pair.fired is not None and pair.fired.pileon.detector != self._evidence.detector:
            return Found(Cause.VERSION, f"detector {pair.fired.pileon.detector} in the live record, {self._evidence.detector} here")
        if pair.made is not None:
            return self._settings(pair.made.input, by_time=False)
        partition = self._evidence.partition_of.get(target_of(pair.pileon))
        if pair.fired is None or partition is None:
            return None
        return self._settings(Place(partition, -1, pair.fired.place.at), by_time=True)

    def _settings(self, place: Place, *, by_time: bool) -> Found | None:
        """Compaction removes records: only where those left on both sides have other settings, none between can have had ours."""
        applied = self._evidence.applied.get(place.partition, ())
        before = [one for one in applied if (one.at < place.at if by_time else one.offset < place.offset)]
        after = [one for one in applied if (one.at >= place.at if by_time else one.offset >= place.offset)]
        around = [*before[-1:], *after[:1]]
        if not after or any(one.configuration == self._evidence.configuration for one in around):
            return None
        told = f"state.pileon partition {place.partition}: offset {after[0].offset} of replies was applied with settings"
        return Found(Cause.VERSION, f"{told} {after[0].configuration}, here they are {self._evidence.configuration}")

    def _retention(self, pair: Pair) -> Found | None:
        """Whether its live record stood before the first of its partition that is left: fold and topic have one order."""
        if pair.kind is not Kind.MISSING or pair.made is None:
            return None
        partition = self._evidence.written_to.get(target_of(pair.pileon))
        first, at = self._evidence.ends.get(partition, (0, None)) if partition is not None else (0, None)
        if not first:
            return None
        kept = self._kept.get((pair.made.input.partition, partition))
        is_before = pair.made.input.offset < kept if kept is not None else at is None or pair.made.input.at < at
        return Found(Cause.RETENTION, f"pileons partition {partition} begins at offset {first}, after this record") if is_before else None

    def _approximate(self, pair: Pair) -> Found | None:
        """Whether a live case of the target began with a reply that is gone, and can matter here."""
        where = target_of(pair.pileon)
        partition = self._evidence.partition_of.get(where)
        if partition is None or partition not in self._evidence.approximate:
            return None
        start = self._evidence.starts.get(partition)
        only_history = pair.kind is Kind.ALTERED and pair.fields.keys() <= OF_HISTORY
        for case in self._cases.get(where, ()):
            is_gone = (start is None or case.first_hostile_at < start) and case.first_hostile_at not in self._evidence.heard.get(where, ())
            if is_gone and self._matters(case, pair.pileon, only_history):
                told = f"case {case.pileon_id} began at {case.first_hostile_at.isoformat()}"
                return Found(
                    Cause.APPROXIMATE_START, f"{told}, with a reply before the first that is left in replies partition {partition}"
                )
        return None

    def _matters(self, case: PileOn, pileon: PileOn, only_history: bool) -> bool:
        if case.pileon_id == pileon.pileon_id:
            return True
        last = max(one.updated_at for one in self._cases[target_of(case)] if one.pileon_id == case.pileon_id)
        reach = HISTORY if only_history else timedelta(0)
        return case.first_hostile_at <= pileon.updated_at and pileon.first_hostile_at <= last + reach


def target_of(pileon: PileOn) -> Target:
    """Return whom it is on."""
    return pileon.source, pileon.community, pileon.target_id


def _first_kept(evidence: Evidence) -> dict[tuple[int, int | None], int]:
    """Return for each pair of partitions (``replies``, ``pileons``) the first offset of input whose live record is left."""
    left = {key_of(one.pileon) for one in evidence.fired}
    first: dict[tuple[int, int | None], int] = {}
    for one in evidence.made:
        if key_of(one.pileon) in left:
            place = one.input.partition, evidence.written_to.get(target_of(one.pileon))
            first[place] = min(first.get(place, one.input.offset), one.input.offset)
    return first
