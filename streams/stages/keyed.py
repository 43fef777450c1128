"""Names and words as ``address`` remembers them: keyed hashes, which a text can be matched with and nobody without the key can read.

What a comment says is hashed the same way when it is heard, so a name typed in a text finds its author, and a quotation what
it repeats, although neither stands in state.
"""

from collections.abc import Iterable
from functools import lru_cache
from typing import Final

from streams.stages.names import name_keys
from streams.stages.pseudonyms import Pseudonyms

MARKS: Final = 16
"""Hashes kept of one comment's words."""
MARK_BYTES: Final = 4


class Keyed:
    """Hashes under one installation key. Names and words come again and again: they are hashed once."""

    def __init__(self, installation_key: bytes) -> None:
        """Derive the hashes from the key, which may have any length."""
        pseudonyms = Pseudonyms(installation_key)
        self.name = lru_cache(1 << 16)(pseudonyms.name)
        """A folded name, or a part or the skeleton of it → its number."""
        self._word = lru_cache(1 << 16)(pseudonyms.word)
        self.names_of = lru_cache(1 << 14)(self._names_of)
        """What somebody can be called by, sorted; empty for no name."""
        self.keys_of = lru_cache(1 << 14)(self._keys_of)
        """What somebody with this id, and these hashes of a name beside it, can be called by."""

    def _names_of(self, name: str | None) -> tuple[int, ...]:
        """Whole names are marked so that a part never equals one, skeletons too."""
        if not name:
            return ()
        whole, parts, bones = name_keys(name)
        keys = [*parts, *("~" + one for one in bones), *(["=" + whole] if whole else [])]
        return tuple(sorted(set(map(self.name, keys))))

    def _keys_of(self, author_id: str, called: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted({*self.names_of(author_id), *called}))

    def needles(self, found: Iterable[int]) -> list[bytes]:
        """Return the 16 smallest hashes of a text under the key: the same sample of a sentence in the comment and in what quotes it."""
        return list(map(self._word, sorted(found)[:MARKS]))

    def fingerprint(self, found: Iterable[int]) -> bytes:
        """Return them as bytes, sorted: their order says nothing about the words."""
        return b"".join(sorted(self.needles(found)))

    def words(self, found: Iterable[int]) -> bytes:
        """Return the hash of each word under the key, sorted."""
        return b"".join(sorted(map(self._word, found)))

    def rekeyed(self, marks: bytes) -> bytes:
        """Return the fingerprint that these unkeyed hashes would have been (state version 1)."""
        return self.fingerprint(int.from_bytes(marks[at : at + MARK_BYTES]) for at in range(0, len(marks), MARK_BYTES))
