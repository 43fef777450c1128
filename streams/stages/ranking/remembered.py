"""A message as state keeps it: a ``Turn`` without what stands in the comment's entry, its word hashes under the installation's key."""

from msgspec import Struct


class Remembered(Struct, frozen=True, array_like=True, gc=False):
    """Of one message, at most some 300 bytes. No text, and no name: ids of people stand as in the replies made from them (ADR 12)."""

    calls: tuple[str, ...]
    """People it calls by name, in order."""
    words: bytes
    """Keyed hashes of at most 24 words, four bytes each, sorted."""
    signs: int
    length: int
    """How many words."""
    back: int
    """How many places before it in the conversation stands what it answers; 0: it starts anew."""
