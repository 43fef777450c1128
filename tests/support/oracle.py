"""What must hold of topics after a run, checked as multisets of ids: nothing lost, nothing made up, nothing doubled.

A stage's account is that of an offline fold over the very log that it read, partition by partition: each input has one
outcome, the outcomes are disjoint, and the topic holds just the outputs of that fold, whatever was killed on the way.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from streams.engine import Effects, fold
from streams.records import Comment, PileOn, Reply, ScoredComment
from streams.stages.decode import Unreadable, decoder
from streams.stages.step import Arrived, Stage

_SHOWN: Final = 5
_SETTLED: Final = {"released": "replies", "released_self_reply": "self_reply", "parent_missing": "unaddressed", "withdrawn": "withdrawn"}


class Account(Struct):
    """What became of each input of a stage, and what it gave."""

    by_outcome: dict[str, Counter[Any]] = field(default_factory=dict)
    outputs: list[Any] = field(default_factory=list)
    notes: Counter[str] = field(default_factory=Counter)

    def count(self, outcome: str) -> int:
        """Return how many inputs had this outcome; who waited counts where it ended."""
        settled = sum(self.notes[note] for note, became in _SETTLED.items() if became == outcome)
        if outcome == "waiting":
            settled = -sum(self.notes[note] for note in _SETTLED)
        return self.by_outcome.get(outcome, Counter()).total() + settled


def comment_id(record: Comment | ScoredComment) -> tuple[Any, ...]:
    """Return the idempotence key: (source, community, comment, action, edited_at)."""
    said = record.comment if isinstance(record, ScoredComment) else record
    return said.source, said.community, said.comment_id, said.action, said.edited_at


def reply_id(reply: Reply) -> tuple[Any, ...]:
    """Return what no two replies share: (source, community, comment, target, revision)."""
    return reply.source, reply.community, reply.comment_id, reply.target_id, reply.revision


def pileon_id(pileon: PileOn) -> tuple[Any, ...]:
    """Return what no two transitions share: (pile-on, revision)."""
    return pileon.pileon_id, pileon.revision


def alert_id(decision: Any) -> tuple[Any, ...]:
    """Return what no two decisions share: (pile-on, revision)."""
    return decision.pileon_id, decision.revision


def check_raw(raw: Sequence[bytes | None], scored: Iterable[ScoredComment], dead: Sequence[bytes | None]) -> None:
    """Raw = scored + deletions + dead-lettered, each as often as it came; a deletion stands in ``scored`` unscored."""
    readable, unreadable = Counter[Any](), Counter[Any]()
    read = decoder(Comment)
    for value in raw:
        try:
            readable[comment_id(read(value))] += 1
        except Unreadable:
            unreadable[value] += 1
    _same("comments.raw → comments.scored", readable, Counter(map(comment_id, scored)))
    _same("comments.raw → comments.raw.dlq", unreadable, Counter(dead))


def check_scored(stage: Stage, partitions: Sequence[Sequence[Arrived]], replies: Sequence[Reply]) -> Account:
    """Scored = replies + unaddressed + outside + self-replies + duplicates + revisions; the topic holds those replies, once."""
    account = account_of(stage, partitions, comment_id)
    _same("comments.scored → replies", _encoded(account.outputs), _encoded(replies))
    _once("replies", map(reply_id, replies))
    arrived = Counter(comment_id(one.record) for partition in partitions for one in partition)
    _same("outcomes of address", arrived, sum(account.by_outcome.values(), Counter()))
    assert all(account.count(outcome) >= 0 for outcome in stage.outcomes), account.notes
    return account


def check_replies(stage: Stage, partitions: Sequence[Sequence[Arrived]], pileons: Sequence[PileOn]) -> Account:
    """Replies = counted + late + not qualifying + duplicates (+ ticks); the topic holds those transitions, once, without a gap."""
    account = account_of(stage, partitions, lambda record: reply_id(record) if isinstance(record, Reply) else msgspec.json.encode(record))
    _same("replies → pileons", _encoded(account.outputs), _encoded(pileons))
    _once("pileons", map(pileon_id, pileons))
    _without_gaps(pileons)
    return account


def check_alerts(stage: Stage, partitions: Sequence[Sequence[Arrived]], decisions: Sequence[Any]) -> Account:
    """Every transition has one decision, and no alert is decided twice."""
    account = account_of(stage, partitions, pileon_id)
    _same("pileons → alerts", _encoded(account.outputs), _encoded(decisions))
    _once("alerts", map(alert_id, decisions))
    return account


def account_of(stage: Stage, partitions: Sequence[Sequence[Arrived]], key: Callable[[Any], Any]) -> Account:
    """Return what the stage makes of these logs offline: one store per partition, as live."""
    account = Account()
    for partition in partitions:
        effects = Effects()
        fold(stage, partition, stage.new_store(), effects)
        account.outputs += effects.outputs
        account.notes += effects.notes
        for one, step in zip(partition, effects.steps, strict=True):
            account.by_outcome.setdefault(step.outcome, Counter())[key(one.record)] += 1
    assert set(account.by_outcome) <= set(stage.outcomes), f"{stage.name} has outcomes that it does not declare"
    return account


def state_of(stage: Stage, arrived: Sequence[Arrived]) -> dict[bytes, bytes]:
    """Return the state entries that an offline fold of one partition leaves."""
    effects = Effects()
    fold(stage, arrived, stage.new_store(), effects)
    return {key: value for key, value in effects.entries.items() if value is not None}


def _encoded(records: Iterable[Any]) -> Counter[Any]:
    return Counter(map(msgspec.json.encode, records))


def _same(what: str, expected: Mapping[Any, int], found: Mapping[Any, int]) -> None:
    lost, made_up = Counter(expected) - Counter(found), Counter(found) - Counter(expected)
    assert not lost and not made_up, f"{what}: lost {_few(lost)}; made up or doubled {_few(made_up)}"


def _once(what: str, ids: Iterable[Any]) -> None:
    doubled = Counter({one: times for one, times in Counter(ids).items() if times > 1})
    assert not doubled, f"{what}: doubled {_few(doubled)}"


def _without_gaps(pileons: Iterable[PileOn]) -> None:
    revisions: dict[str, set[int]] = {}
    for pileon in pileons:
        revisions.setdefault(pileon.pileon_id, set()).add(pileon.revision)
    broken = {one: sorted(found) for one, found in revisions.items() if found != set(range(1, len(found) + 1))}
    assert not broken, f"pileons: revisions are missing: {broken}"


def _few(counted: Counter[Any]) -> str:
    shown = ", ".join(str(one)[:200] for one in list(counted)[:_SHOWN])
    return f"{counted.total()} ({shown})" if counted else "0"
