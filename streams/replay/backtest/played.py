"""One configuration's side of a backtest: the recorded comments through its stages, and what is kept of that."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from typing import Any

from msgspec import Struct, field

from streams.records import Action, PileOn, Reply
from streams.replay import warm_up
from streams.replay.from_file import Run
from streams.replay.replies import summary as replies_account
from streams.replay.run import Turn
from streams.replay.summary import Tally, tally_of
from streams.replay.warm_up import WarmUp
from streams.settings import Settings, pileon_config
from streams.stages.alert import AlertDecision
from streams.stages.episode import COUNTED
from streams.stages.targets import Target


class Side(StrEnum):
    """Whose results: those of the settings that one has, or of those that one tries."""

    BASELINE = "baseline"
    CANDIDATE = "candidate"


class Rules(Struct, frozen=True):
    """One configuration: its settings, and the stages that they make."""

    settings: Settings
    plan: Run


class Undecodable(Struct, frozen=True):
    """Lines that are no comments."""

    lines: int = 0
    """Of the period."""
    before: int = 0
    """Of its warm-up."""


class Told(Struct, frozen=True):
    """One transition of a pile-on, and what was decided about it."""

    pileon: PileOn
    decision: AlertDecision

    @property
    def at(self) -> datetime:
        """Return the transition's event time."""
        return self.pileon.closed_at or self.pileon.updated_at

    @property
    def waited(self) -> float:
        """Return seconds of event time from the case's first hostile reply to this."""
        return max(0.0, (self.at - self.pileon.first_hostile_at).total_seconds())


class Act(Struct, frozen=True):
    """A comment that the detector counted as hostile to a person. No text."""

    at: datetime
    """Event time."""
    source: str
    community: str
    conversation_id: str
    comment_id: str
    target_id: str


class Played(Struct):
    """What a backtest keeps of one side: an account of every record, each decision, and when replies were hostile. No text."""

    tally: Tally
    warm_up: Tally = field(default_factory=Tally)
    """Of what came before the period."""
    before: list[PileOn] = field(default_factory=list)
    """Transitions in the warm-up: nobody was told, but a pile-on that goes on is no new one."""
    told: list[Told] = field(default_factory=list)
    hostile: list[Act] = field(default_factory=list)
    """Each reply that the detector counted as hostile, once per comment and person."""
    answered: set[Target] = field(default_factory=set)
    """Whom a reply was aimed at."""

    def sections(self) -> dict[str, dict[str, int]]:
        """Return the account, as ``summary.json`` of a replay has it. Raises Unbalanced if a record went missing."""
        if "score" not in self.tally.outcomes:
            return replies_account.sections(self.tally)
        return warm_up.sections(self.tally, self.warm_up)

    def warm_up_section(self) -> WarmUp:
        """Return the account of what came before the period; what was scored and addressed live is in none."""
        if "score" not in self.tally.outcomes:
            found = replies_account.sections(self.warm_up)
            return WarmUp(raw={}, scored={}, **found, carried={"open_pileons": warm_up.open_pileons(found["pileons"])})
        return warm_up.warm_up(self.warm_up)


def nothing(rules: Rules, undecodable: Undecodable) -> Played:
    """Return a side that has taken nothing yet but lines that are no comments."""
    return Played(_bad(rules, undecodable.lines), _bad(rules, undecodable.before))


def _bad(rules: Rules, lines: int) -> Tally:
    return Tally(lines=lines, dead_lettered=lines, outcomes=tally_of(rules.plan.stages).outcomes)


class Taking:
    """Keeps what a backtest needs of one side."""

    def __init__(self, made: Played, settings: Settings, since: datetime | None) -> None:
        self.hostility = HostileReplies(settings)
        self._made, self._since = made, since
        self._transitions: list[PileOn] = []

    def take(self, turn: Turn) -> None:
        """Take what the detector, or the alerts behind it, made of a batch."""
        before, within = warm_up.split(turn, self._since)
        if before is not None:
            self._pass(before)
        if within is not None:
            self._take(within)

    def _pass(self, turn: Turn) -> None:
        """Keep of the warm-up what the period is told apart by."""
        made, outputs = self._made, turn.effects.outputs
        made.warm_up.turn(turn)
        if turn.stage.name == "pileon":
            self._transitions = []
            made.before.extend(outputs)
            made.warm_up.statuses.update(str(pileon.status) for pileon in outputs)
            for _ in self.hostility.of(turn):  # a reply that counted then is not the first of its comment now
                pass

    def _take(self, turn: Turn) -> None:
        made, outputs = self._made, turn.effects.outputs
        made.tally.turn(turn)
        if turn.stage.name == "pileon":
            self._transitions = outputs
            made.tally.statuses.update(str(pileon.status) for pileon in outputs)
            made.hostile.extend(self.hostility.of(turn))
        else:
            made.told.extend(Told(pileon, decision) for pileon, decision in zip(self._transitions, outputs, strict=True))


Deed = tuple[str, str, str, str, str]
"""Source, community, conversation, comment, target."""


class HostileReplies:
    """Tells which replies count as hostile: as many as the detector took, each comment once per person it is aimed at."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self.seen: set[Deed] = set()
        """Which comment was hostile to whom."""
        self._least: dict[tuple[str, str], float] = {}

    def of(self, turn: Turn) -> Iterator[Act]:
        """Yield those of a turn."""
        return self.among([one.record for one in turn.arrived], [step.outcome for step in turn.effects.steps])

    def among(self, records: Iterable[Any], outcomes: Iterable[str]) -> Iterator[Act]:
        """Yield those among records of the log that the detector took so."""
        for reply, outcome in zip(records, outcomes, strict=True):
            if outcome == COUNTED and self._is_first(reply):
                at = reply.ingested_at if reply.created_at_is_estimated else reply.created_at
                yield Act(at, reply.source, reply.community, reply.conversation_id, reply.comment_id, reply.target_id)

    def _is_first(self, reply: Reply) -> bool:
        if reply.hostility < self._theta(reply.source, reply.community) or reply.action is Action.DELETED:
            return False
        act = (reply.source, reply.community, reply.conversation_id, reply.comment_id, reply.target_id)
        if act in self.seen:
            return False
        self.seen.add(act)
        return True

    def _theta(self, source: str, community: str) -> float:
        where = (source, community)
        if where not in self._least:
            self._least[where] = pileon_config(self._settings, f"{source}/{community}").min_hostility
        return self._least[where]
