"""Verdicts on their way: which case is meant, and the record into ``feedback``."""

from typing import Final

from streams.errors import UserError
from streams.kafka.follow import follow
from streams.kafka.produce import send_records_async
from streams.records import PileOn, Verdict
from streams.settings import Settings
from streams.topics import FEEDBACK, PILEONS

MIN_BEGINNING: Final = 6
"""Characters of an id that are enough to name a case, if no other begins so."""


async def case_of(settings: Settings, begins: str) -> PileOn:
    """Return the latest transition of the case whose id begins so. UserError if there is none, or more than one."""
    if len(begins) < MIN_BEGINNING:
        raise UserError(f"{begins!r} is too short to name a case: give at least {MIN_BEGINNING} characters of its id")
    found: dict[str, PileOn] = {}
    async for pileon in follow(settings, PILEONS, once=True):
        if pileon.pileon_id.startswith(begins):
            found[pileon.pileon_id] = pileon
    if not found:
        raise UserError(f"there is no case {begins!r}: its id stands in its alert and in `threadwatch watch`")
    if len(found) > 1:
        raise UserError(f"{len(found)} cases begin with {begins!r}: give more of the id")
    return next(iter(found.values()))


async def send(settings: Settings, verdict: Verdict) -> None:
    """Send it; it is acknowledged when this comes back."""
    await send_records_async(settings, FEEDBACK, [verdict])
