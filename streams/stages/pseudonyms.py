"""Short keyed hashes: state can tell people and comments apart, and nobody without the key can tell who they are."""

import hashlib
from typing import Final

_BYTES: Final = 8


class Pseudonyms:
    """63-bit numbers for authors and comments under an installation key."""

    def __init__(self, installation_key: bytes) -> None:
        """Derive the hashes from the key, which may have any length."""
        key = hashlib.sha256(installation_key).digest()
        self._author = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"author")
        self._unknown = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"unknown")
        self._comment = hashlib.blake2b(key=key, digest_size=_BYTES, person=b"comment")

    def author(self, author_id: str | None, conversation_id: str) -> int:
        """Return an author's number; all unknown authors of one conversation have one together."""
        return _number(self._unknown, conversation_id) if author_id is None else _number(self._author, author_id)

    def comment(self, comment_id: str) -> int:
        """Return a comment's number."""
        return _number(self._comment, comment_id)


def _number(keyed: "hashlib.blake2b", text: str) -> int:
    hasher = keyed.copy()
    hasher.update(text.encode("utf-8", "surrogatepass"))
    return int.from_bytes(hasher.digest()) >> 1
