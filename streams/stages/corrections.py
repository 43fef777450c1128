"""What an author takes back: "I was not addressing you, I was talking about …", "I meant …". Linear in the words."""

from collections.abc import Iterable, Sequence
from typing import Final

from msgspec import Struct

from streams.records import LinkKind
from streams.stages.conversation import Aim, Conversation, Entry
from streams.stages.hearing import Heard
from streams.stages.mentions import misspelt

OWN_BACK: Final = 64
"""How many comments back one's own earlier comment may be."""
_NOT: Final = frozenset("not wasnt werent didnt isnt arent never".split())
_SPEAKING: Final = frozenset(
    "talking speaking addressing adressing referring refering replying answering responding calling meant mean aimed directed attacking "
    "insulting writing".split()
)
_WHAT: Final = frozenset({"i", "that", "it"})
HARSH: Final = 0.3
"""A toxicity: what is tied to nobody although it is harsh was aimed at a group, or at somebody absent."""
SURELY_AIMED: Final = 0.3
_TO_THE_FACE: Final = frozenset({LinkKind.PARENT, LinkKind.LEADING_MENTION, LinkKind.MENTION})
"""Whom its author chose to answer, rather than whom it was taken to answer."""
HOSTILE: Final = 0.5
MAX_BEFORE: Final = 9
"""Words of a sentence of which one must be such a verb …"""
MAX_WORDS: Final = 16
"""… and words in which further ones are looked for: "I did not mean you, I was talking about Name"."""


class TakenBack(Struct, frozen=True):
    """A correction: ``not_you`` takes it off the person spoken to, ``instead`` says who was meant."""

    not_you: bool = False
    instead: tuple[str, ...] = ()


def taken_back(heard: Heard, conversation: Conversation) -> TakenBack | None:
    """Return what the comment takes back of an earlier one of its author; None if nothing."""
    if _SPEAKING.isdisjoint(heard.words):  # nearly always
        return None
    not_you = False
    instead: tuple[str, ...] = ()
    for number, sentence in enumerate(heard.sentences):
        if _SPEAKING.isdisjoint(sentence[:MAX_BEFORE]) or _WHAT.isdisjoint(sentence):
            continue
        begins = 0
        for verb in [here for here, word in enumerate(sentence[:MAX_WORDS]) if word in _SPEAKING]:
            if _NOT.isdisjoint(sentence[begins:verb]):
                instead = instead or _who(heard, number, sentence[begins:verb], verb, conversation)
            else:
                not_you = not_you or "you" in sentence[verb : verb + 4]
            begins = verb + 1
    return TakenBack(not_you, instead) if not_you or instead else None


def _who(heard: Heard, number: int, before: Sequence[str], verb: int, conversation: Conversation) -> tuple[str, ...]:
    """Return who was meant: a name one or two words after "talking", "meant" or the like, where "I" stands before it."""
    if "i" not in before:
        return ()
    cased = [word for clause in heard.clauses if clause.sentence == number for word in clause.words]
    for start in (verb + 1, verb + 2):
        people = misspelt(cased[start:], conversation)
        if people:
            return people
    return ()


def earlier_of(before: Iterable[tuple[str, Entry]], author: str, person: str | None, *, names_another: bool) -> tuple[str, Entry] | None:
    """Return the author's comment of those before, last first, that was aimed at ``person``; at anybody with hostility, for None.

    Where another is named, a later harsh one that was tied to nobody is meant rather than one that was hardly aimed at the person.
    """
    nobodys: tuple[str, Entry] | None = None
    for comment_id, entry in before:
        if entry.author != author or entry.deleted:
            continue
        if names_another and nobodys is None and not entry.aims and entry.toxicity >= HARSH:
            nobodys = comment_id, entry
        share = _aimed(entry, person)
        if share is not None:
            return nobodys if nobodys is not None and share < SURELY_AIMED else (comment_id, entry)
    return nobodys


def stands(entry: Entry, aim: Aim) -> bool:
    """Return whether no later word of its author takes this off that person: an insult that says "you" in reply to them, or to ``@them``.

    Else "I was not addressing you" would undo any insult, for the price of one more comment.
    """
    return aim.kind in _TO_THE_FACE and entry.second and entry.toward >= HOSTILE


def _aimed(entry: Entry, person: str | None) -> float | None:
    """Return how surely it is aimed at the person; None if it is not. For nobody in particular: 0 where it is hostile to anybody."""
    if person is None:
        return 0.0 if any(aim.hostility >= 0.05 for aim in entry.aims) else None
    return next((aim.confidence for aim in entry.aims if aim.target == person), None)
