"""Who is called by name: ``@name`` at the start or elsewhere, and "Name," as people write it. Linear in the text."""

from collections.abc import Sequence
from typing import Final

from msgspec import Struct

from streams.stages.conversation import Conversation
from streams.stages.hearing import Clause, Heard
from streams.stages.lexicon import SECOND, STOPWORDS
from streams.stages.names import MAX_NAME, MAX_NAME_WORDS, folded, skeleton
from streams.stages.quotes import WORD

MAX_MENTIONS: Final = 10
MAX_NAMESAKES: Final = 3
"""A part of a name that more people share says nothing."""
_CALLS: Final = frozenset(
    "look listen hey hi hello dear sorry ok okay well no yes yeah oh ah and but so thanks thank nice wow please mr mrs ms dr sir agree "
    "agreed exactly right true wrong congratulations bravo shut up come on hahaha haha lol actually".split()
)
"""Words before a name that is being called."""


class Called(Struct, frozen=True, gc=False):
    """Who is called, in the order they are; each as the people it may be (namesakes)."""

    leading: tuple[tuple[str, ...], ...] = ()
    mentioned: tuple[tuple[str, ...], ...] = ()
    named: tuple[str, ...] = ()
    stranger_leading: str = ""
    """A leading handle that nobody in the conversation has."""
    stranger: bool = False
    """Somebody who is not in the conversation is spoken to by name."""


def called(heard: Heard, conversation: Conversation, known: dict[str, str]) -> Called:
    """Return who is called. ``known`` adds folded names of people who have not spoken (the conversation's author)."""
    leading, mentioned, stranger = _at_signs(heard.text, conversation, known) if "@" in heard.text else ((), (), "")
    if leading or mentioned or stranger:
        return Called(leading, mentioned, stranger_leading=stranger)
    opening = _called_first(heard.opening, conversation)
    if opening:
        return Called(named=opening)
    named, unknown = _called_inside(heard, conversation)
    return Called(named=named, stranger=unknown)


def _at_signs(
    text: str, conversation: Conversation, known: dict[str, str]
) -> tuple[tuple[tuple[str, ...], ...], tuple[tuple[str, ...], ...], str]:
    leading: list[tuple[str, ...]] = []
    others: list[tuple[str, ...]] = []
    stranger, here, still_leading = "", 0, True
    for _ in range(MAX_MENTIONS):
        sign = text.find("@", here)
        if sign < 0:
            break
        between, here = text[here:sign], sign + 1
        if sign and (text[sign - 1].isalnum() or text[sign - 1] in "_@/"):
            still_leading = False
            continue
        handle = _handle(text, here)
        people, length = _people(WORD.findall(text[here : here + MAX_NAME])[:MAX_NAME_WORDS], conversation, known)
        still_leading = still_leading and not between.strip(" \t\n.,:")
        if people:
            (leading if still_leading else others).append(people)
        elif still_leading and not leading and not stranger:
            stranger = handle
        here += length if people else len(handle)
    return tuple(leading), tuple(others), stranger if not leading else ""


def _handle(text: str, start: int) -> str:
    end = start
    while end < min(len(text), start + 64) and (text[end].isalnum() or text[end] in "_.-"):
        end += 1
    return text[start:end].rstrip(".-")


def _people(words: Sequence[str], conversation: Conversation, known: dict[str, str]) -> tuple[tuple[str, ...], int]:
    """Return whom the first words name, longest name first, and how many characters that is at least."""
    for most in range(len(words), 0, -1):
        whole = folded("".join(words[:most]))
        people = conversation.named("=" + whole) or ((known[whole],) if whole in known else ())
        if people:
            return people, sum(map(len, words[:most]))
    part = conversation.named(folded(words[0])) if words else ()
    return (part, len(words[0])) if 0 < len(part) <= MAX_NAMESAKES else ((), 0)


def whole_name(words: Sequence[str], conversation: Conversation) -> tuple[str, ...]:
    """Return the people whose whole name these words are, or whose first or last name the one capitalised word is."""
    if not 0 < len(words) <= MAX_NAME_WORDS:
        return ()
    people = conversation.named("=" + folded("".join(words)))
    if not people and len(words) == 1 and words[0][0].isupper() and words[0].lower() not in STOPWORDS:
        people = conversation.named(folded(words[0]))
    return people if len(people) <= MAX_NAMESAKES else ()


def _called_first(opening: Sequence[Clause], conversation: Conversation) -> tuple[str, ...]:
    """Return whom the comment starts by calling: "Look Name;", "Yes, Name, …", "Hi Name you …"."""
    for clause in opening:
        before = 0
        while before < min(3, len(clause.words)) and clause.words[before].lower() in _CALLS:
            before += 1
        for start in range(before, -1, -1):
            people = _name_then_you(clause, start, conversation)
            if people:
                return people
        if before < len(clause.words) or clause.after not in {",", "!", ".", ";"}:
            break
    return ()


def _name_then_you(clause: Clause, start: int, conversation: Conversation) -> tuple[str, ...]:
    rest = clause.words[start:]
    if clause.after and len(rest) <= MAX_NAME_WORDS:
        people = whole_name(rest, conversation)
        if people and (clause.after != "." or len(rest) > 1):
            return people
    for most in range(min(MAX_NAME_WORDS, len(rest) - 1), 0, -1):
        if rest[most].lower() in SECOND:
            return whole_name(rest[:most], conversation)
    return ()


def _called_inside(heard: Heard, conversation: Conversation) -> tuple[tuple[str, ...], bool]:
    """Return whom a clause of its own calls in a sentence that says "you", and whether that is a stranger."""
    if "," not in heard.text or SECOND.isdisjoint(heard.words):
        return (), False
    stranger = False
    last = ""
    for clause in heard.clauses:
        listed, last = last[:1].isupper(), clause.words[-1]
        if clause.before != "," or len(clause.words) > MAX_NAME_WORDS or SECOND.isdisjoint(heard.sentences[clause.sentence]):
            continue
        people = whole_name(clause.words, conversation)
        if people:
            return people, False
        lone = len(clause.words) <= 2 and all(word[0].isupper() and word.lower() not in STOPWORDS for word in clause.words)
        stranger = stranger or (lone and not listed)
    return (), stranger


def spoken_of(heard: Heard, conversation: Conversation) -> tuple[str, ...]:
    """Return the people of the conversation who are the subject of a sentence ("Name is …")."""
    for subject in heard.subjects:
        people = whole_name(subject, conversation)
        if people:
            return people
    return ()


def misspelt(words: Sequence[str], conversation: Conversation) -> tuple[str, ...]:
    """Return whom the words name, exactly or with other vowels; for a correction, where a name must stand."""
    for most in range(min(MAX_NAME_WORDS, len(words)), 0, -1):
        people = whole_name(words[:most], conversation)
        if people:
            return people
    bones = skeleton(folded(words[0])) if words else ""
    people = conversation.named("~" + bones) if bones else ()
    return people if len(people) == 1 else ()
