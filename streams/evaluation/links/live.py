"""The stage ``address`` at work on a chat, as it runs live: every message a comment, and what its state says afterwards."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct

from streams.evaluation.links.chats import Chat
from streams.records import Comment, ScoredComment
from streams.stages.address import Address
from streams.stages.ranking.ranker import Ranker
from streams.stages.step import Arrived

_SOURCE: Final = "chat"
_BEGINS: Final = datetime(2004, 1, 1, tzinfo=UTC)
"""Any day: a log tells only the hour."""
_CIVIL: Final = 0.05
_SAME: Final = timedelta(milliseconds=1)


class Found(Struct, frozen=True):
    """What the stage found of a chat's messages, by number."""

    answered: dict[int, int]
    """The message each answers, as state has it; its own number, where it starts anew."""
    people: dict[int, dict[str, float]]
    """Whom each is aimed at, and how surely."""


def addressed(chat: Chat, ranker: Ranker) -> Found:
    """Return what ``address`` makes of all messages of people, in order; the whole chat, for it is live."""
    stage = Address(rankers={_SOURCE: ranker})
    store, people, numbers = stage.new_store(), dict[int, dict[str, float]](), list[int]()
    for number, message in enumerate(chat.messages):
        if message.turn is None:
            continue
        at = _BEGINS + timedelta(minutes=message.turn.at) + number * _SAME
        comment = Comment(
            source=_SOURCE, community="chats", conversation_id=chat.name, comment_id=str(number), author_id=message.turn.author,
            text=message.text, created_at=at, ingested_at=at,
        )  # fmt: skip
        step = stage.step(store, Arrived(ScoredComment(comment=comment, toxicity=_CIVIL, scorer="none@1"), at))
        for key, entry in step.entries:
            store.apply(key, entry)
        people[number] = {reply.target_id: reply.confidence for reply in step.outputs if reply.comment_id == str(number)}
        numbers.append(number)
    entries = store.conversation((_SOURCE, "chats", chat.name)).entries
    return Found({int(name): numbers[entry.n - entry.turn.back] for name, entry in entries.items() if entry.turn is not None}, people)
