"""How far each stage is, read from its state topic by anybody, whoever runs it."""

from typing import Final

import msgspec
from msgspec import Struct

from streams.engine import APPLIED, Message
from streams.kafka.read import read_bounded
from streams.settings import Settings
from streams.topics import state_topic

STATE_VERSION: Final = 2
"""Of state entries; this one and the one before are read."""


class Said(Struct, frozen=True):
    """What readers want of an ``applied`` entry, which ``live/room.py`` writes."""

    offset: int
    """The last of the input that was applied."""
    config: str = ""
    """Hash of the settings with which the stage was at work."""


def said_in(message: Message) -> Said | None:
    """Return what a message of a state topic says of how far the stage is; None: it is something else."""
    return msgspec.json.decode(message.value, type=Said) if message.key == APPLIED and message.value else None


async def applied_offsets(settings: Settings, stage: str) -> dict[int, int]:
    """Return the last input offset applied, per partition of the stage's input; a partition never touched is absent."""
    found: dict[int, int] = {}
    async for batch in read_bounded(settings, state_topic(stage)):
        for message in batch:
            if (said := said_in(message)) is not None:
                found[message.partition] = said.offset
    return found
