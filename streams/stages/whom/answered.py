"""Who is answered by a name for what they wrote: "OP is a liar" said to the author of the post is said to them."""

import re
from typing import TYPE_CHECKING, Final

from streams.stages.hearing import Heard

if TYPE_CHECKING:
    from streams.records import Comment
    from streams.stages.conversation import Entry

_WHO: Final = r"(?:who(?:so)?ever|the (?:one|guy|man|woman|person|people) who) (?:just )?(?:wrote|posted|typed|made|writes|posts)"
_WROTE: Final = re.compile(rf"\b{_WHO} (?:this|that)\b", re.IGNORECASE)
_AUTHOR: Final = re.compile(r"\b(?:the )?(?:op|original poster)\b|\bthe (?:author|writer|poster)\b", re.IGNORECASE)
_TOLD: Final = frozenset("op poster author writer wrote posted typed made writes posts".split())


def as_spoken_to(heard: Heard, comment: "Comment", parent: "Entry | None") -> Heard:
    """Return the comment with "you" where it names the person answered as author: of what it answers, or of the conversation's post.

    A quotation may be what "this" is: then nothing is changed.
    """
    if _TOLD.isdisjoint(heard.words) or '"' in heard.text or "“" in heard.text or heard.quoted:
        return heard
    text = _WROTE.sub("you", heard.text) if parent is not None else heard.text
    if _is_to_the_posts_author(comment, parent):
        text = _AUTHOR.sub("you", text)
    return heard if text == heard.text else Heard(text)


def _is_to_the_posts_author(comment: "Comment", parent: "Entry | None") -> bool:
    """Return whether it answers the post, or something else that the post's author wrote."""
    if parent is None or comment.parent_id == comment.conversation_id:
        return comment.parent_id in (None, comment.conversation_id)
    if comment.conversation_author_id is not None:
        return parent.author == comment.conversation_author_id
    return parent.n == 0
