"""The published protocol: of all links that people marked and all that were given, how many are the same."""

from collections.abc import Callable, Iterable, Mapping

from msgspec import Struct

from streams.evaluation.links.chats import Chat

Answered = Callable[[Chat], Mapping[int, int]]
"""A chat → per message of people, by number, the one it answers; its own number, where it starts anew."""


class Found(Struct, frozen=True):
    """Links given, marked, and both."""

    right: int
    given: int
    marked: int

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall, in percent."""
        return 200 * self.right / (self.given + self.marked)


def links(chats: Iterable[Chat], answered: Answered, *, starts_count: bool) -> Found:
    """Return what a guesser finds, one link a message.

    ``starts_count``: who starts anew is linked to itself, and so are the server's messages (IRC); else they have no link (Molweni).
    """
    right = given = marked = 0
    for chat in chats:
        found = answered(chat)
        for number, message in chat.annotated():
            said = found.get(number, number)
            counts = starts_count or said != number
            given += counts
            right += counts and said in message.answers
            marked += len(message.answers) if starts_count else len(message.answers - {number})
    return Found(right, given, marked)


def previous(chat: Chat) -> dict[int, int]:
    """Answer the message just before."""
    people = [number for number, message in enumerate(chat.messages) if message.turn is not None]
    return dict(zip(people[1:], people, strict=False))
