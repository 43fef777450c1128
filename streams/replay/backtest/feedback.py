"""``--labels feedback``: what moderators judged, as labels. Read once up to the ends as they are now, in no group, committing nothing."""

import asyncio

from streams.errors import UserError
from streams.kafka.connection import reached
from streams.kafka.read import read_records
from streams.records import Judgement, PileOn, Verdict
from streams.replay.backtest.cases import Case, cases
from streams.replay.backtest.labels import Label
from streams.settings import Settings
from streams.topics import FEEDBACK, PILEONS


def labels_of_feedback(settings: Settings) -> list[Label]:
    """Return a label for each judged pile-on: the latest verdict, and from ``pileons`` whom and when it was on.

    Raises UserError where there is no verdict, or none of a pile-on that ``pileons`` still holds.
    """
    verdicts, transitions = asyncio.run(reached(settings, _read(settings)))
    if not verdicts:
        raise UserError("--labels feedback: nobody judged a pile-on yet; `threadwatch verdict` does, or give a file of labels")
    found = judged_cases(verdicts, cases(transitions))
    if not found:
        raise UserError(f"--labels feedback: none of {len(verdicts)} verdicts is of a pile-on that the topic pileons still holds")
    return found


async def _read(settings: Settings) -> tuple[list[Verdict], list[PileOn]]:
    return await read_records(settings, FEEDBACK), await read_records(settings, PILEONS)


def judged_cases(verdicts: list[Verdict], known: list[Case]) -> list[Label]:
    """Return the latest verdict (they stand in order of the log) of each of these pile-ons as a label."""
    latest = {verdict.pileon_id: verdict.judgement for verdict in verdicts}
    return [_label(case, latest[case.pileon_id]) for case in known if case.pileon_id in latest]


def _label(case: Case, judgement: Judgement) -> Label:
    return Label(
        target_id=case.target_id, start=case.first_hostile_at, end=case.closed_at, judgement=judgement,
        source=case.source, community=case.community, pileon_id=case.pileon_id,
    )  # fmt: skip
