"""How far each stage is, read from its state topic by anybody, whoever runs it."""

from typing import Any, Final

import msgspec

from streams.engine import APPLIED
from streams.kafka.read import read_bounded
from streams.settings import Settings
from streams.topics import state_topic

STATE_VERSION: Final = 2
"""Of state entries; this one and the one before are read."""


async def applied_offsets(settings: Settings, stage: str) -> dict[int, int]:
    """Return the last input offset applied, per partition of the stage's input; a partition never touched is absent."""
    found: dict[int, int] = {}
    async for batch in read_bounded(settings, state_topic(stage)):
        for message in batch:
            if message.key == APPLIED and message.value:
                entry: Any = msgspec.json.decode(message.value)
                found[message.partition] = entry["offset"]
    return found
