"""The ranker at work on a chat, as it would be live: it knows of each earlier message only what it found itself."""

from collections.abc import Iterator
from typing import Final

import msgspec
from msgspec import Struct

from streams.evaluation.links.chats import Chat
from streams.stages.ranking.following import Following
from streams.stages.ranking.ranker import Ranked, Ranker
from streams.stages.ranking.turn import LOOK_BACK

_READ: Final = 3 * LOOK_BACK
"""Messages that it follows before the first annotated one: more than it can look back at."""


class Guess(Struct, frozen=True):
    """What was found of one message."""

    answered: int
    """Its number; the message's own, where it starts anew."""
    ranked: Ranked
    earlier: tuple[int, ...]
    """The numbers of the messages ranked, the last one first."""

    def people(self, chat: Chat) -> dict[str, float]:
        """Return P(it answers a message of this person), by person."""
        return self.ranked.people([turn for number in self.earlier if (turn := chat.messages[number].turn) is not None])


def guesses(chat: Chat, ranker: Ranker) -> Iterator[tuple[int, Guess]]:
    """Yield what the ranker finds of each message of people, with its number; of a long unannotated beginning only the end is read."""
    following, numbers = Following(ranker), list[int]()
    first = max(next((number for number, _ in chat.annotated()), 0) - _READ, 0)
    for number, message in enumerate(chat.messages[first:], first):
        if message.turn is not None:
            ranked = following.take(message.turn)
            earlier = tuple(numbers[: -LOOK_BACK - 1 : -1])
            yield number, Guess(number if ranked.place is None else earlier[ranked.place], ranked, earlier)
            numbers.append(number)


def answered(chat: Chat, ranker: Ranker) -> dict[int, int]:
    """Return which message each one answers."""
    return {number: guess.answered for number, guess in guesses(chat, ranker)}


def with_answers(chat: Chat, ranker: Ranker) -> Chat:
    """Return the chat as the ranker remembers it, each message with what it was found to answer."""
    places = {number: 0 if guess.ranked.place is None else guess.ranked.place + 1 for number, guess in guesses(chat, ranker)}
    messages = [
        message
        if message.turn is None
        else msgspec.structs.replace(message, turn=msgspec.structs.replace(message.turn, back=places.get(number, 0)))
        for number, message in enumerate(chat.messages)
    ]
    return msgspec.structs.replace(chat, messages=tuple(messages))
