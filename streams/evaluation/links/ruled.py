"""The rules for chats at work on a chat, beside the ranker."""

from streams.evaluation.links.chats import Chat
from streams.stages.ranking.rules import answered
from streams.stages.ranking.turn import LOOK_BACK, Turn


def ruled(chat: Chat, *, starts: bool) -> dict[int, int]:
    """Return which message each one answers. ``starts``: some start anew; else what the rules call so answers the message before."""
    found: dict[int, int] = {}
    earlier: list[tuple[int, Turn]] = []
    for number, message in enumerate(chat.messages):
        if message.turn is None:
            continue
        place = answered(message.turn, [turn for _, turn in earlier])
        if place is None and earlier and not starts:
            place = 0
        found[number] = number if place is None else earlier[place][0]
        earlier = [(number, message.turn), *earlier[: LOOK_BACK - 1]]
    return found
