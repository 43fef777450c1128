"""How well the program tells whom a comment answers: chats by their published protocol, trees with their parents hidden."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from msgspec import Struct

from streams.evaluation.links.chats import Chat, irc, missing, molweni
from streams.evaluation.links.live import addressed
from streams.evaluation.links.played import Guess, guesses
from streams.evaluation.links.protocol import links, previous
from streams.evaluation.links.ruled import ruled
from streams.evaluation.trees import issues, reddit
from streams.evaluation.trees import missing as missing_trees
from streams.rankers import open_ranker
from streams.records import Comment
from streams.replay.priors.hidden import Order
from streams.replay.priors.learned import Learned, learned
from streams.replay.priors.reliability import Reliability, reliability
from streams.scorers import open_scorer
from streams.stages.candidates import Prior


class Row(Struct, frozen=True):
    """One way to find links."""

    name: str
    f1: float
    """In percent."""
    published: bool = False
    """Read in a paper, not measured here."""


class ChatResult(Struct, frozen=True, kw_only=True):
    """One set of chats."""

    name: str
    chats: int
    messages: int
    """Annotated."""
    rows: tuple[Row, ...]
    right_people: float
    """Of messages that answer somebody else, the share for which the ranker's likeliest person is right, in percent."""
    right_people_live: float
    """The same of the stage ``address``, which finds nobody for insults to groups and strangers."""
    live_error: float
    """Calibration error of whom the stage says."""
    messages_said: Reliability
    """Of the ranker's likeliest message, or that it starts anew."""
    people_said: Reliability
    """Of the ranker's likeliest other person; where nobody else is answered, it is not right."""


class Tree(Struct, frozen=True):
    """One source with its parents hidden."""

    name: str
    found: Learned


class LinkResults(Struct, frozen=True, kw_only=True):
    """All of it; ``absent`` names the files that were not there."""

    absent: tuple[str, ...] = ()
    chats: tuple[ChatResult, ...] = ()
    trees: tuple[Tree, ...] = ()


class Set(Struct, frozen=True):
    """A set of chats, its protocol and what papers report of it."""

    name: str
    read: Callable[[Path, str], list[Chat]]
    starts_count: bool
    published: tuple[Row, ...]


SETS: Final = {
    "irc": Set(
        "IRC disentanglement", irc, True,
        (
            Row("previous message (Kummerfeld et al., 2019)", 35.0, True), Row("linear, the same", 63.5, True),
            Row("feed-forward, the same, trained on the train part", 72.3, True), Row("vote of ten, the same", 73.5, True),
        ),
    ),
    "molweni": Set("Molweni", molweni, False, (Row("Deep Sequential (Shi & Huang, 2019), trained on the train part", 76.1, True),)),
}  # fmt: skip
LEARNED_FROM: Final = "dev"
_QUICK: Final = {"irc": 1, "molweni": 50}
"""Chats looked at in a hurry."""
STEPS: Final = len(SETS) + 3


def measured(data: Path, step: Callable[[str], None], *, quick: bool = False) -> LinkResults:
    """Return it all; ``step`` is told what comes next."""
    if absent := [*missing(data), *missing_trees(data)]:
        return LinkResults(absent=tuple(absent))
    chats = tuple(_chat(name, data, step, _QUICK[name] if quick else None) for name in SETS)
    return LinkResults(chats=chats, trees=() if quick else tuple(_trees(data, step)))


def _chat(name: str, data: Path, step: Callable[[str], None], most: int | None) -> ChatResult:
    given = SETS[name]
    step(f"links of {given.name}")
    chats, ranker = given.read(data, "test")[:most], open_ranker(name)
    found = {chat.name: dict(guesses(chat, ranker)) for chat in chats}
    live = {chat.name: addressed(chat, ranker) for chat in chats}
    f1 = partial(_f1, chats, given)
    rows = (
        Row("previous message", f1(previous)), Row("rules alone", f1(partial(ruled, starts=given.starts_count))),
        Row(f"ranker, trained on the {LEARNED_FROM} part", f1(lambda chat: {n: guess.answered for n, guess in found[chat.name].items()})),
        Row("the stage address, live, with that ranker", f1(lambda chat: live[chat.name].answered)),
    )  # fmt: skip
    people = [said for chat in chats for said in _people(chat, {n: guess.people(chat) for n, guess in found[chat.name].items()})]
    said_live = [said for chat in chats for said in _people(chat, live[chat.name].people)]
    return ChatResult(
        name=given.name, chats=len(chats), messages=sum(1 for chat in chats for _ in chat.annotated()), rows=(*rows, *given.published),
        right_people=_right(people), right_people_live=_right(said_live),
        live_error=reliability((share, is_so) for share, is_so, _ in said_live).error,
        people_said=reliability((share, is_so) for share, is_so, _ in people),
        messages_said=reliability(said for chat in chats for said in _messages(chat, found[chat.name])),
    )  # fmt: skip


def _f1(chats: Sequence[Chat], given: Set, answered: Callable[[Chat], dict[int, int]]) -> float:
    return links(chats, answered, starts_count=given.starts_count).f1


def _messages(chat: Chat, found: dict[int, Guess]) -> list[tuple[float, bool]]:
    """Return how surely each message's link was given, and whether it is right."""
    there = [(message, found[number]) for number, message in chat.annotated() if number in found]
    return [(max(guess.ranked.anew, *guess.ranked.shares, 0.0), guess.answered in message.answers) for message, guess in there]


def _right(people: Sequence[tuple[float, bool, bool]]) -> float:
    to_others = [is_so for _, is_so, is_answer in people if is_answer]
    return 100 * sum(to_others) / len(to_others)


def _people(chat: Chat, found: Mapping[int, Mapping[str, float]]) -> list[tuple[float, bool, bool]]:
    """Return how surely each message was aimed at its likeliest other person, whether at them it is, and whether at anybody else at all."""
    said = []
    for number, message in chat.annotated():
        if message.turn is None:
            continue
        me = message.turn.author
        answered = [chat.messages[answer].turn for answer in message.answers - {number}]
        right = {turn.author for turn in answered if turn is not None} - {me}
        shares = {person: share for person, share in found[number].items() if person != me}
        person = max(shares, key=lambda one: (shares[one], one), default=None)
        if person is not None:
            said.append((min(shares[person], 1.0), person in right, bool(right)))
        elif right:
            said.append((0.0, False, True))
    return said


def _trees(data: Path, step: Callable[[str], None]) -> list[Tree]:
    scorer = open_scorer("linear")
    every: tuple[tuple[str, Callable[[Path], Sequence[Comment]]], ...] = (
        ("Reddit, posts not shown", lambda data: [one for one in reddit(data) if one.comment_id.startswith("t1_")]),
        ("Reddit, posts shown first", lambda data: list(reddit(data))),
        ("issues of open projects", lambda data: list(issues(data))),
    )
    found = []
    for name, read in every:
        step(f"{name}, parents hidden")
        found.append(Tree(name, learned(name, read(data), Order.PAGE, scorer, Prior())))
    return found
