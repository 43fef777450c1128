"""What people judged of a recording: what was a pile-on teaches nothing, neither of false alarms nor of what is usual."""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import NamedTuple

from streams.errors import UserError
from streams.records import Judgement
from streams.replay.backtest.labels import Label
from streams.stages.esr.learning import Counted, Times
from streams.stages.instants import micros
from streams.stages.pileon_config import Config

Where = tuple[str, str, str]
"""Source, community, target."""
_MICROSECOND = timedelta(microseconds=1)


class Judged(NamedTuple):
    """When each of those people was piled on, when it was none, and how many labels speak of anybody."""

    real: Mapping[Where, Times]
    calm: Mapping[Where, Times]
    labels: int
    matched: int


def times_of(labels: Iterable[Label], people: Mapping[Where, Counted], config: Config) -> Judged:
    """Return what was judged of these people. UserError where labels speak of none of them.

    A label without an end ends a case length after the last hostile reply of its case: it forgives one pile-on and not the next.
    """
    given, targets = list(labels), dict[str, list[Where]]()
    for where in people:
        targets.setdefault(where[2], []).append(where)
    found = [(label, where) for label in given for where in targets.get(label.target_id, ()) if _is_there(label, where)]
    if given and not found:
        raise UserError("--labels: nobody that they speak of is answered in this recording; are their targets as in pileons.jsonl?")
    real, calm = (_times(found, people, config, judgement) for judgement in (Judgement.PILE_ON, Judgement.NOT_ONE))
    return Judged(real, calm, len(given), len({label.about for label, _ in found}))


def _is_there(label: Label, where: Where) -> bool:
    return label.source in (None, where[0]) and label.community in (None, where[1])


def _times(
    found: Iterable[tuple[Label, Where]], people: Mapping[Where, Counted], config: Config, judgement: Judgement
) -> dict[Where, Times]:
    times: dict[Where, Times] = {}
    for label, where in found:
        if label.judgement is judgement:
            end = _end_of(label, people[where], config) if label.end is None else micros(label.end)
            times[where] = (*times.get(where, ()), (micros(label.start), end))
    return times


def _end_of(label: Label, one: Counted, config: Config) -> int:
    """Return when a case that was open when it was judged ended, by the replies that kept it open."""
    last, length = micros(label.start), config.case_length // _MICROSECOND
    for at in sorted(one.at[one.x >= config.min_hostility].tolist()):
        if last <= at <= last + length:
            last = at
    return last + length
