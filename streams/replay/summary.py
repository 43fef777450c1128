"""An account of every record: what came in is what went somewhere, in disjoint sums (streaming.md's oracle)."""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import msgspec
from msgspec import Struct, field

from streams.replay.addressing import BEFORE, NEW_CONVERSATION, WITHOUT_AUTHOR, WITHOUT_TIME, Made
from streams.replay.run import Turn
from streams.stages.step import Stage
from streams.stages.targets import Condition

_SETTLED: Final = {"released": "replies", "released_self_reply": "self_reply", "parent_missing": "unaddressed", "withdrawn": "withdrawn"}
"""Note of ``address`` → what became of a comment that had waited for its parent."""

NOT_BELIEVED: Final = "replay.arrival_not_believed"


class Unbalanced(Exception):
    """Records went missing or were made up: a bug of this program, never of its input."""


class Summary(Struct, kw_only=True):
    """``summary.json``. Every section is a sum: its first number is that of all the others together."""

    complete: bool
    """False: the run was stopped, and this many comments were left."""
    not_replayed: int
    scorer: str
    detector: str
    configuration: str
    """SHA-256 of scorer, settings that matter to results, and the installation key's fingerprint."""
    program: str
    start: str
    """What the stages knew when the period began: ``beginning``, ``snapshot`` or ``approximate`` (streams/replay/reach.py)."""
    warm_up_days: float
    """Days before the period in which comments were found for that, up to those asked for."""
    raw: dict[str, int]
    scored: dict[str, int]
    replies: dict[str, int]
    pileons: dict[str, int]
    alerts: dict[str, int]
    warm_up: Any
    """The same sums of what came before the period, none of it in those above (``warm_up.WarmUp``); null where nothing was read of it."""
    comments: dict[str, int]
    """Not a sum: comments without author, without time, aimed outside; distinct conversations."""
    targets: dict[str, int]
    """People in ``targets.jsonl`` by how they are."""
    notes: dict[str, int]
    """Odd things met on the way, each counted."""
    first_arrival: str | None
    last_arrival: str | None
    alerts_digest: str
    """SHA-256 of the sorted lines of ``alerts.jsonl``."""


class Tally(Struct):
    """Counts while a replay runs."""

    lines: int = 0
    dead_lettered: int = 0
    without_author: int = 0
    without_time: int = 0
    conversations: int = 0
    outcomes: dict[str, Counter[str]] = field(default_factory=dict)
    """By stage; begins with every outcome of the run's stages at zero."""
    notes: dict[str, Counter[str]] = field(default_factory=dict)
    statuses: Counter[str] = field(default_factory=Counter)
    not_believed: int = 0
    """Arrivals that the other records of the file contradict."""
    replies: int = 0
    """Replies sent by ``address``."""

    def bad_line(self) -> None:
        """Count one line, or message, that is no comment."""
        self.lines += 1
        self.dead_lettered += 1

    def comment(self, facts: int) -> None:
        """Count one comment read, by its facts (``addressing.Facts``)."""
        self.lines += 1
        self.conversations += bool(facts & NEW_CONVERSATION)
        self.without_author += bool(facts & WITHOUT_AUTHOR)
        self.without_time += bool(facts & WITHOUT_TIME)

    def made(self, some: Sequence[Made]) -> None:
        """Count what the stages before the detector made of comments."""
        for number, stage in enumerate(BEFORE):
            self.outcomes.setdefault(stage, Counter()).update([one.outcomes[number] for one in some])
            self.notes.setdefault(stage, Counter()).update([note for one in some for note in one.notes[number]])
        for one in some:
            self.comment(one.facts)
            self.replies += len(one.replies)

    def go_on_from(self, before: "Tally") -> None:
        """Take over what another run counted of the comments that it took; what was read is counted anew."""
        self.lines += before.lines - before.dead_lettered
        self.replies, self.statuses = before.replies, before.statuses
        self.conversations, self.without_author, self.without_time = before.conversations, before.without_author, before.without_time
        self.outcomes, self.notes = before.outcomes, before.notes

    def turn(self, turn: Turn) -> None:
        """Count what a stage made of a batch."""
        name = turn.stage.name
        self.outcomes.setdefault(name, Counter()).update(turn.effects.outcomes)
        self.notes.setdefault(name, Counter()).update(turn.effects.notes)
        if name == "address":
            self.replies += len(turn.effects.outputs)


def tally_of(stages: Iterable[Stage]) -> Tally:
    """Return a tally in which every outcome of these stages stands at zero."""
    return Tally(outcomes={stage.name: Counter(dict.fromkeys(stage.outcomes, 0)) for stage in stages})


def balanced(total: int, parts: Mapping[str, int], what: str) -> dict[str, int]:
    """Return a section: the total, then its parts. Raises Unbalanced unless they are just as many, and none negative."""
    if total != sum(parts.values()) or any(part < 0 for part in parts.values()):
        raise Unbalanced(f"{what}: {total} came in, but {dict(parts)} make {sum(parts.values())}")
    return {"records": total, **parts}


def raw_section(tally: Tally) -> dict[str, int]:
    """Return raw = scored + deletes + duplicates + dead-lettered. Duplicates are told apart later, by ``address``."""
    score = tally.outcomes.get("score", Counter())
    parts = {"scored": score["scored"], "deletes": score["deleted"], "duplicates": score["duplicate"], "dead_lettered": tally.dead_lettered}
    return balanced(tally.lines, parts, "raw")


def scored_section(tally: Tally, waiting: int = 0) -> dict[str, int]:
    """Return scored = replies + unaddressed + outside + self-replies + duplicates + …; who waited is counted where it ended.

    ``waiting``: those that waited when this began are among its records.
    """
    outcomes, notes = tally.outcomes.get("address", Counter()), tally.notes.get("address", Counter())
    settled = Counter({"withdrawn": 0, **outcomes})
    settled["waiting"] += waiting
    for note, became in _SETTLED.items():
        settled[became] += notes[note]
        settled["waiting"] -= notes[note]
    score = tally.outcomes.get("score", Counter())
    return balanced(score["scored"] + score["deleted"] + waiting, settled, "scored")


def replies_section(tally: Tally) -> dict[str, int]:
    """Return replies = counted + late + not qualifying + duplicates; ticks stand apart."""
    outcomes = Counter(tally.outcomes.get("pileon", Counter()))
    ticks = outcomes.pop("tick", 0)
    for other in ("config_change", "judged"):  # never in a file of comments
        outcomes.pop(other, 0)
    return balanced(tally.replies, outcomes, "replies") | {"ticks": ticks}


def pileons_section(tally: Tally) -> dict[str, int]:
    """Return transitions of pile-ons by status."""
    return balanced(sum(tally.statuses.values()), {name: tally.statuses[name] for name in ("opened", "ongoing", "closed")}, "pileons")


def alerts_section(tally: Tally) -> dict[str, int]:
    """Return transitions by what was decided."""
    return balanced(sum(tally.statuses.values()), tally.outcomes.get("alert", Counter()), "alerts")


def comments_section(tally: Tally) -> dict[str, int]:
    """Return counts that may overlap."""
    return {
        "without_author": tally.without_author,
        "without_time": tally.without_time,
        "outside": tally.outcomes.get("address", Counter())["outside"],
        "conversations": tally.conversations,
    }


def targets_section(statuses: Mapping[str, int]) -> dict[str, int]:
    """Return how many people there are, by how they are."""
    return balanced(sum(statuses.values()), {str(one): statuses.get(str(one), 0) for one in Condition}, "targets")


def all_notes(tally: Tally) -> dict[str, int]:
    """Return how often each odd thing was met, ``<stage>.<note>``; notes that settle a waiting comment are not odd."""
    found = {f"{stage}.{note}": count for stage, notes in tally.notes.items() for note, count in notes.items() if note not in _SETTLED}
    if tally.not_believed:
        found[NOT_BELIEVED] = tally.not_believed
    return dict(sorted(found.items()))


def configuration_hash(scorer: str, settings: Any) -> str:
    """Return the SHA-256 of what decides about results besides the input."""
    return hashlib.sha256(msgspec.json.encode([scorer, settings], order="sorted")).hexdigest()


def encoded(summary: Summary) -> bytes:
    """Return ``summary.json`` as people read it."""
    return msgspec.json.format(msgspec.json.encode(summary), indent=2) + b"\n"
