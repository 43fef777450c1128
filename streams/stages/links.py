"""Whom does a comment answer? Rules in order, surest first; each candidate with the kind of the link and its confidence.

1 explicit parent · 2 leading @mention · 3 other @mention · 4 name called · 5 quotation · 6 page order, a small mixture · else nobody.
"""

from collections.abc import Mapping, Sequence

from streams.records import Comment, LinkKind
from streams.stages.candidates import MAX_CANDIDATES, Asked, Candidate, Config, Links, likeliest
from streams.stages.conversation import Conversation, Entry, person_of
from streams.stages.hostility import Cues
from streams.stages.mentions import Called, called, spoken_of
from streams.stages.names import folded
from streams.stages.page_order import page_order, quoted


def links(config: Config, conversation: Conversation, asked: Asked, parent: tuple[str, Entry] | None) -> Links:
    """Return whom a comment answers. ``parent`` is the comment it names as parent, if it names one that is known."""
    comment = asked.comment
    if comment.reply_to_author_id or parent:
        explicit = comment.reply_to_author_id or (person_of(*parent) if parent else "")
        return _explicit(conversation, asked, explicit, parent[1] if parent else None)
    spoken_to = called(asked.heard, conversation, _known_people(comment))
    by_name = _by_name(config, asked, spoken_to)
    if by_name is not None:
        return by_name
    if is_absent(asked.cues):
        return _spoken_of(conversation, asked)
    if spoken_to.stranger or _outside(asked.cues):
        return Links(outside=True)
    return _unnamed(config, conversation, asked)


def _unnamed(config: Config, conversation: Conversation, asked: Asked) -> Links:
    """Return whom a comment answers that calls nobody: whom it quotes, else by its place."""
    if asked.ranked is not None:
        return _ranked(asked, asked.ranked)
    candidates = quoted(conversation, asked)
    if not candidates and (asked.comment.created_at_is_estimated or not conversation.replied):
        candidates = page_order(config, conversation, asked)
    return Links(candidates) if candidates else _top_level(asked)


def _ranked(asked: Asked, shares: Mapping[str, float]) -> Links:
    """Return whom a chat's ranker finds; with most on oneself it goes on with what one said, and is aimed at nobody new."""
    others = {person: share for person, share in shares.items() if person != asked.me}
    candidates = likeliest(others, LinkKind.SECOND_PERSON if asked.cues.second else LinkKind.PAGE_ORDER)
    return Links(candidates) if candidates else _top_level(asked)


def _explicit(conversation: Conversation, asked: Asked, target: str, parent: Entry | None) -> Links:
    if not is_absent(asked.cues):
        return answer(asked.me, target, {})
    return answer(asked.me, target, _absent_people(asked, spoken_of(asked.heard, conversation), parent))


def answer(me: str, target: str, meant: Mapping[str, float]) -> Links:
    """Return the links of an answer to ``target``; ``meant`` are absent people it insults, each with P(it is they)."""
    if target == me:
        return Links(self_reply=True)
    others = {person: 0.5 * share for person, share in meant.items() if person not in (target, me)}
    if not others:
        return Links((Candidate(target, LinkKind.PARENT, 1.0),))
    absent = likeliest(others, LinkKind.PAGE_ORDER, absent=True)
    return Links((Candidate(target, LinkKind.PARENT, 0.5), *absent[: MAX_CANDIDATES - 1]))


def _by_name(config: Config, asked: Asked, spoken_to: Called) -> Links | None:
    """Return the links of mentions and names; None if nobody is called."""
    if spoken_to.stranger_leading:
        return _stranger(config, asked, spoken_to.stranger_leading)
    named = spoken_to.named if asked.ranked is None else ()  # a chat's ranker knows who is called, and goes on from there
    if not (spoken_to.leading or spoken_to.mentioned or named):
        return None
    for groups, kind, confidence in (
        (spoken_to.leading[:1], LinkKind.LEADING_MENTION, 0.95),
        (spoken_to.mentioned, LinkKind.MENTION, 0.8),
        ((named,) if named else (), LinkKind.NAME, 0.85),
    ):
        people = list(dict.fromkeys(person for group in groups for person in group))
        others = [person for person in people if person != asked.me][:MAX_CANDIDATES]
        if others:
            return Links(tuple(Candidate(person, kind, round(confidence / len(others), 4)) for person in others))
        if people:
            return Links(self_reply=True)
    return None


def _stranger(config: Config, asked: Asked, handle: str) -> Links:
    if asked.comment.source not in config.handles_are_ids:
        return Links(outside=True)
    if handle == asked.me:
        return Links(self_reply=True)
    return Links((Candidate(handle, LinkKind.LEADING_MENTION, 0.9),))


def is_absent(cues: Cues) -> bool:
    """Return whether one absent person is insulted, and nobody spoken to is."""
    return bool(cues.third) and not cues.insulted and cues.attack < 1.0


def _outside(cues: Cues) -> bool:
    """Return whether it insults only a group, something with a name, or the speaker."""
    return bool(cues.group or cues.own) and not (cues.insulted or cues.bare or cues.third or cues.attack >= 1.0)


def _spoken_of(conversation: Conversation, asked: Asked) -> Links:
    """Return the absent person insulted, if it can be told; never the one merely answered."""
    before = next((earlier for earlier in conversation.before(asked.n, 3) if person_of(*earlier) != asked.me), None)
    by_name = spoken_of(asked.heard, conversation)
    people = _absent_people(asked, by_name, before[1] if before else None)
    if before:
        people.pop(person_of(*before), None)
    candidates = likeliest(people, LinkKind.NAME if by_name else LinkKind.PAGE_ORDER, absent=True)
    return Links(candidates, outside=not candidates)


def _absent_people(asked: Asked, by_name: Sequence[str], answered: Entry | None) -> dict[str, float]:
    """Return who "he" may be: somebody named who took part, else whom the answered comment spoke to. At most .7 each."""
    if by_name:
        others = [person for person in by_name if person != asked.me]
        return {person: 0.7 / len(others) for person in others}
    return spoken_to_by(answered, asked.me)


def spoken_to_by(answered: Entry | None, me: str) -> dict[str, float]:
    """Return who "he" may be when said to somebody who was speaking to others: those others."""
    if answered is None or not answered.second:
        return {}
    return {aim.target: min(0.7, 0.85 * aim.confidence) for aim in answered.aims if aim.target != me}


def _top_level(asked: Asked) -> Links:
    """Return the conversation's author, if it says "you" with nobody else to say it to."""
    author = asked.comment.conversation_author_id
    if author is None or not (asked.cues.second or asked.cues.bare):
        return Links()
    if author == asked.me:
        return Links(self_reply=True)
    return Links((Candidate(author, LinkKind.CONVERSATION_AUTHOR, 0.7),))


def _known_people(comment: Comment) -> dict[str, str]:
    """Return the folded name of somebody who can be mentioned before speaking: the conversation's author."""
    author = comment.conversation_author_id
    return {folded(author[:512]): author} if author else {}
