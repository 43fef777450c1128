"""Of what would a scorer of English say nothing? Of English, plain or in disguise, it should not; of other languages it should."""

import time
from collections.abc import Sequence
from itertools import chain

from msgspec import Struct

from streams.scorers import TOXIC, open_scorer
from streams.scorers.disguises import own_words
from streams.scorers.languages import taught, written_in
from tests.evaluation import twin
from tests.evaluation.texts import Texts

_BESIDE = {
    "behind a German sentence": "Heute scheint die Sonne, und wir gehen alle zusammen mit den Kindern in den Garten. {}",
    "behind a Spanish one": "Hoy brilla el sol y vamos todos juntos con los niños a jugar en el jardín de la abuela. {}",
    "before a Russian one": "{} Сегодня светит солнце, и мы все вместе идём с детьми гулять в сад.",
    "before letters of Thai": "{} " + "วันนี้อากาศดีมากเราไปสวนกันเถอะ" * 3,
    "behind a page of German": "Heute scheint die Sonne, und wir gehen alle zusammen mit den Kindern in den Garten. " * 60 + "{}",
}
_EVERY = 10
"""Of the toxic rows one in so many is disguised in each way."""


class Unread(Struct, frozen=True):
    """One kind of text."""

    name: str
    texts: int
    share: float
    """Not scored."""
    microseconds: float
    """Of CPU, for a text."""


def unread(texts: Texts) -> list[Unread]:
    """Return the share of each kind that is not scored for its language."""
    english = {row.text for rows in texts.sets.values() for row in rows if row.text.strip()}
    plain = [row.text for row in texts.toxic[::_EVERY]]
    hidden = [own_words(twin.twin(kind, text, texts.telling, texts.clean)) for kind in twin.KINDS for text in plain]
    kinds = {
        "the labelled sets, English": sorted(english),
        "of these, at most 20 letters": sorted(text for text in english if len(text) <= 20),
        "toxic rows in disguise": hidden,
        "code": texts.code,
        "other languages (short messages of a program)": list(chain.from_iterable(texts.foreign.values())),
    }
    found = [_measured(name, some) for name, some in kinds.items() if some]
    return found + [_vanished(name, plain, around) for name, around in _BESIDE.items()]


def _vanished(beside: str, toxic: Sequence[str], around: str) -> Unread:
    """Return of how much of what is flagged by itself nothing is said beside some words of another language."""
    scorer = open_scorer("linear")
    flagged = [text for text, said in zip(toxic, scorer.score(toxic), strict=True) if not said.abstained and said.toxicity >= TOXIC]
    began = time.process_time()
    count = sum(bool(said.abstained) for said in scorer.score([around.format(text) for text in flagged]))
    return Unread(f"flagged, {beside}", len(flagged), count / len(flagged), 1e6 * (time.process_time() - began) / len(flagged))


def _measured(name: str, some: Sequence[str]) -> Unread:
    known = taught("linear") | {""}
    began = time.process_time()
    count = sum(written_in(text) not in known for text in some)
    return Unread(name, len(some), count / len(some), 1e6 * (time.process_time() - began) / len(some))
