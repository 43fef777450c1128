"""Ticks anywhere in a recording, each keeping its promise: nothing comes after it that arrived before."""

from datetime import timedelta
from typing import Any

from hypothesis import strategies as st

from streams.records import Reply
from tests.support.builders import HOUR, tick


def with_ticks(recording: list[Reply], data: st.DataObject) -> list[Any]:
    """Return the recording with ticks before some of its replies."""
    found: list[Any] = []
    for record in recording:
        if data.draw(st.booleans()):
            found.append(tick(record.ingested_at - data.draw(st.sampled_from([timedelta(0), HOUR, 25 * HOUR]))))
        found.append(record)
    return found
