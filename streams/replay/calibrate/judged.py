"""What people judged to be pile-ons in a recording: these teach nothing of false alarms."""

from collections.abc import Iterable

from streams.errors import UserError
from streams.records import Judgement
from streams.replay.backtest.labels import Label
from streams.stages.esr.learning import EVER
from streams.stages.instants import micros

Where = tuple[str, str, str]
"""Source, community, target."""
Times = tuple[tuple[int, int], ...]
"""(from, to), microseconds."""


def times_of(labels: Iterable[Label], people: Iterable[Where]) -> dict[Where, Times]:
    """Return when each of these people was piled on, of those who were. UserError where labels speak of none of them."""
    by_target: dict[str, list[Label]] = {}
    for label in labels:
        by_target.setdefault(label.target_id, []).append(label)
    found = {where: labels for where in people if (labels := [label for label in by_target.get(where[2], ()) if _is_there(label, where)])}
    if by_target and not found:
        raise UserError("--labels: nobody that they speak of is answered in this recording; are their targets as in pileons.jsonl?")
    return {where: _real(labels) for where, labels in found.items()}


def _is_there(label: Label, where: Where) -> bool:
    return label.source in (None, where[0]) and label.community in (None, where[1])


def _real(labels: Iterable[Label]) -> Times:
    real = (label for label in labels if label.judgement is Judgement.PILE_ON)
    return tuple((micros(label.start), EVER if label.end is None else micros(label.end)) for label in real)
