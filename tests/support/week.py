"""A site's days as a recording of ``replies``: what ``threadwatch calibrate`` listens to."""

from collections.abc import Sequence
from pathlib import Path

import msgspec

from streams.evaluation.life import Knobs
from streams.evaluation.scenario import Plan, streams
from streams.records import ConfigChange, Reply
from streams.topics import REPLIES
from tests.support.recorded import messages, write_recording


def week(people: int = 150, days: int = 10) -> list[Reply]:
    """Return the replies of a simulated site, in order."""
    plan = Plan(targets=people, knobs=msgspec.structs.replace(Knobs(), days=days))
    return sorted((reply for stream in streams(plan, range(people)) for reply in stream.replies()), key=lambda one: one.created_at)


def recorded(replies: Sequence[Reply | ConfigChange], file: Path) -> str:
    """Write them down as a recording; return its name."""
    write_recording(file, REPLIES.name, messages(REPLIES.name, [msgspec.json.encode(one) for one in replies]))
    return str(file)
