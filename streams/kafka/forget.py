"""Forget a comment or an author: delete what can be deleted now, and say when retention removes the rest."""

from datetime import UTC, datetime, timedelta
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from streams.engine import Message, decoder_of, moment
from streams.kafka.declared import topic_files
from streams.kafka.produce import send_records_async
from streams.kafka.read import read_bounded
from streams.records import Action, Comment, DeletedBy
from streams.settings import Settings
from streams.stages.decode import Unreadable
from streams.topics import COMMENTS_RAW, snapshots_topic

_WRITTEN_DOWN: Final = (snapshots_topic("address"), snapshots_topic("pileon"))


class Found(Struct, frozen=True):
    """A comment in the log that is to be forgotten, and when it got there."""

    comment: Comment
    at: datetime


class Remains(Struct, frozen=True):
    """A place where only retention can remove something, and by when it has."""

    topic: str
    what: str
    until: datetime


async def find(settings: Settings, author: str | None, comment: str | None) -> list[Found]:
    """Return every record of ``comments.raw`` by this author or of this comment."""
    found: list[Found] = []
    async for batch in read_bounded(settings, COMMENTS_RAW.name):
        found += [hit for message in batch if (hit := _hit(message, author, comment))]
    return found


def _hit(message: Message, author: str | None, comment: str | None) -> Found | None:
    try:
        record = decoder_of(COMMENTS_RAW)(message.value)
    except Unreadable:
        return None
    wanted = (author is not None and record.author_id == author) or (comment is not None and record.comment_id == comment)
    return Found(record, moment(message.timestamp_ms)) if wanted else None


async def forget(settings: Settings, found: list[Found], now: datetime) -> int:
    """Send a deletion for each comment not deleted yet: every stage, list and read model drops it. Return how many."""
    deleted = {_id(hit.comment) for hit in found if hit.comment.action is Action.DELETED}
    open_ones = {_id(hit.comment): hit.comment for hit in found if _id(hit.comment) not in deleted}
    deletions = [
        replace(
            comment,
            action=Action.DELETED,
            deleted_by=DeletedBy.AUTHOR,
            text=None,
            author_name=None,
            url=None,
            edited_at=now,
            ingested_at=None,
        )
        for comment in open_ones.values()
    ]
    return await send_records_async(settings, COMMENTS_RAW, deletions)


def _id(comment: Comment) -> tuple[str, str, str, str]:
    return comment.source, comment.community, comment.conversation_id, comment.comment_id


def remains(settings: Settings, found: list[Found]) -> list[Remains]:
    """Return where text or ids of these comments stay until retention removes them, soonest first."""
    now = datetime.now(UTC)
    last = max((hit.at for hit in found), default=now)
    places = []
    for topic in topic_files():
        if topic.holds_text:
            places.append(Remains(topic.name, "text", last + settings.retention + timedelta(days=1)))
        elif topic.name in ("replies", "pileons", "pileons.shadow"):
            places.append(Remains(topic.name, "ids and numbers, no text", last + timedelta(days=401)))
        elif topic.name in _WRITTEN_DOWN:  # those of every day up to now; tomorrow's has the deletion
            places.append(Remains(topic.name, "ids and numbers, no text", now + timedelta(days=401)))
    return sorted(places, key=lambda place: (place.until, place.topic))
