"""Keyed numbers for people, conversations and comments: the read model tells them apart and names nobody without the key."""

import hashlib
from functools import lru_cache, partial
from typing import Final

from streams.topics import json_key

_BYTES: Final = 8
_ALPHABET: Final = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_SHOWN: Final = 6


class Numbers:
    """63-bit numbers under the installation key; each kind has its own."""

    def __init__(self, installation_key: bytes) -> None:
        """Derive the hashes from the key, which may have any length."""
        key = hashlib.sha256(b"console:" + installation_key).digest()
        self._comment = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"comment")
        # The same people, talks and targets come again and again.
        self.person = lru_cache(1 << 15)(partial(_number, hashlib.blake2b(key=key, digest_size=_BYTES, person=b"person")))
        """(source, author id) → number."""
        self.conversation = lru_cache(1 << 14)(partial(_number, hashlib.blake2b(key=key, digest_size=_BYTES, person=b"conversation")))
        """(source, community, conversation id) → number."""
        self.target = lru_cache(1 << 14)(partial(_number, hashlib.blake2b(key=key, digest_size=_BYTES, person=b"target")))
        """(source, community, target id) → number."""

    def comment(self, comment_id: str) -> int:
        """Return a comment's number; it means something within its conversation only."""
        hasher = self._comment.copy()
        hasher.update(comment_id.encode("utf-8", "surrogatepass"))
        return int.from_bytes(hasher.digest()) >> 1


def _number(keyed: "hashlib.blake2b", *parts: str) -> int:
    hasher = keyed.copy()
    hasher.update(json_key(*parts))
    return int.from_bytes(hasher.digest()) >> 1


def pseudonym(number: int) -> str:
    """Return what a person is called on a page, e.g. ``7Q4FKM``: the first letters of the keyed number."""
    return "".join(_ALPHABET[(number >> shift) & 31] for shift in range(58, 58 - 5 * _SHOWN, -5))
