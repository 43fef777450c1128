"""Short keyed hashes: state can tell people and comments apart, and nobody without the key can tell who they are."""

import hashlib
from functools import lru_cache, partial
from typing import Final

_BYTES: Final = 8
_WORD_BYTES: Final = 4


class Pseudonyms:
    """63-bit numbers for authors, comments and names, and four bytes for words, under an installation key."""

    def __init__(self, installation_key: bytes) -> None:
        """Derive the hashes from the key, which may have any length."""
        key = hashlib.sha256(installation_key).digest()
        author = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"author")
        self._author = lru_cache(1 << 14)(partial(_number, author))  # the same people come again and again
        self._unknown = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"unknown")
        self._comment = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"comment")
        conversation = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"conversation")
        self._conversation = lru_cache(1 << 12)(partial(_number, conversation))  # so do they
        self._name = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"name")
        self._word = hashlib.blake2b(key=key, digest_size=_WORD_BYTES, person=b"word")

    def author(self, author_id: str | None, conversation_id: str) -> int:
        """Return an author's number; all unknown authors of one conversation have one together."""
        return _number(self._unknown, conversation_id) if author_id is None else self._author(author_id)

    def comment(self, comment_id: str, conversation_id: str) -> int:
        """Return a comment's number. Sources that number the comments of each conversation anew are many."""
        return _number(self._comment, f"{len(conversation_id)}:{conversation_id}:{comment_id}")

    def conversation(self, conversation_id: str) -> int:
        """Return a conversation's number."""
        return self._conversation(conversation_id)

    def name(self, folded: str) -> int:
        """Return the number of a name, or of a part of one."""
        return _number(self._name, folded)

    def word(self, mark: int) -> bytes:
        """Return four bytes for a 32-bit hash of words."""
        hasher = self._word.copy()
        hasher.update(mark.to_bytes(4))
        return hasher.digest()


def _number(keyed: "hashlib.blake2b", text: str) -> int:
    hasher = keyed.copy()
    hasher.update(text.encode("utf-8", "surrogatepass"))
    return int.from_bytes(hasher.digest()) >> 1
