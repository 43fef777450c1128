"""Conversations in a fixed number of parts: what ``address`` does is the same however many processes share them.

Only one thing in ``address`` goes from one conversation to another: it forgets one that has long been quiet when something comes in another
of its community. In a replay the other one is of the same part, as live it is of the same partition.
"""

from typing import Final
from zlib import crc32

from streams.stages.address import Address
from streams.stages.conversation import Conversations, Place
from streams.topics import json_key

PARTS: Final = 16
"""Also the most processes that can share them."""


def part_of(source: str, community: str, conversation_id: str) -> int:
    """Return the part of a conversation: a function of its name alone, the same on any machine."""
    return crc32(json_key(source, community, conversation_id)) % PARTS


class Parted(Address):
    """The stage ``address`` over all parts, or over any of them."""

    def new_store(self) -> Conversations:
        """Return an empty store."""
        return _Parts(self._keyed)


class _Parts(Conversations):
    def neighbours(self, place: Place) -> tuple[str, ...]:
        """Return what is the same for conversations of one community and one part."""
        return (*place[:2], str(part_of(*place)))
