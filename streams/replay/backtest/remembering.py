"""A scorer that scores no text twice: two configurations with one scorer cost one scoring."""

import hashlib
import sqlite3
from collections.abc import Collection, Iterator, Sequence
from tempfile import gettempdir
from typing import Final

import msgspec

from streams.errors import UserError
from streams.scorers import Scorer, Toxicity

AT_ONCE: Final = 500
"""Texts looked up by one statement; SQLite takes 999 at least."""


class Remembering:
    """Stands where its scorer stands. Keeps a hash and a score of each text, never the text, on disk once they are many."""

    def __init__(self, scorer: Scorer) -> None:
        """A scorer gives a text the same score whatever else is in the batch; that is why it may be asked once."""
        self.name = scorer.name
        self.at_most: int = getattr(scorer, "at_most", 4096)
        self.languages: frozenset[str] = getattr(scorer, "languages", frozenset())
        self._scorer = scorer
        self._known = _known()

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        """Return one toxicity per text, in order; asks the scorer for those only that it has never seen.

        UserError where the disk has no room for what is to be remembered.
        """
        keys = [_key(text) for text in texts]
        by_key = dict(zip(keys, texts, strict=True))
        scores = dict(self._found(by_key))
        if new := {key: text for key, text in by_key.items() if key not in scores}:
            made = dict(zip(new, self._scorer.score(list(new.values())), strict=True))
            self._keep(made)
            scores |= made
        return [scores[key] for key in keys]

    def _keep(self, made: dict[bytes, Toxicity]) -> None:
        try:
            self._known.executemany("INSERT INTO known VALUES (?, ?)", ((key, _ENCODE(score)) for key, score in made.items()))
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                raise
            raise UserError(f"{gettempdir()} has no room for the scores of this backtest; make some, or set TMPDIR") from error

    def _found(self, keys: Collection[bytes]) -> Iterator[tuple[bytes, Toxicity]]:
        asked = list(keys)
        for start in range(0, len(asked), AT_ONCE):
            some = asked[start : start + AT_ONCE]
            marks = ",".join("?" * len(some))
            rows = self._known.execute(f"SELECT key, score FROM known WHERE key IN ({marks})", some)  # noqa: S608, only marks
            yield from ((key, _DECODE(score)) for key, score in rows)


def _known() -> sqlite3.Connection:
    """Return an empty table without a name: SQLite writes it to a file of its own when it grows, and nobody finds that afterwards."""
    opened = sqlite3.connect("", isolation_level=None, check_same_thread=False)
    opened.execute("PRAGMA journal_mode = OFF")
    opened.execute("PRAGMA cache_size = -32000")  # KiB
    opened.execute("CREATE TABLE known (key BLOB PRIMARY KEY, score BLOB) WITHOUT ROWID")
    opened.execute("BEGIN")  # never to end: what is not committed is written when there is no room for it, not after each batch
    return opened


def _key(text: str) -> bytes:
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


_ENCODE: Final = msgspec.msgpack.Encoder().encode
_DECODE: Final = msgspec.msgpack.Decoder(Toxicity).decode
