"""``threadwatch forget``: everything of an author is deleted at every stage, and what only retention removes is named with its date."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from streams.records import Action, Comment, EndedBecause, Status
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED
from tests.integration.test_live_state import crowd, root
from tests.support.builders import comment
from tests.support.live import Live

pytestmark = pytest.mark.kafka


async def test_an_author_who_is_forgotten_counts_no_longer_and_no_new_text_is_written(live: Live) -> None:
    live.worker()
    since = datetime.now(UTC) - timedelta(minutes=20)
    await live.send([root(since=since), *crowd(1, 5, since=since)])
    await live.settled()
    assert [one.status for one in live.pileons()] == [Status.OPENED]

    done = await live.command("forget", "--author", "talk-p2")
    assert done.returncode == 0, done.stderr
    assert "1 records found; 1 deletions sent" in done.stdout
    named = dict(re.findall(r"^  (\S+) .* until (\d{4}-\d\d-\d\d) \(retention\)$", done.stdout, re.MULTILINE))
    assert {"comments.raw", "comments.scored", "replies", "pileons"} <= named.keys()
    await live.settled()
    live.check()
    (end,) = [one for one in live.pileons() if one.status is Status.CLOSED]
    assert end.ended_because is EndedBecause.REMOVED
    gone = [record for record in live.records(COMMENTS_RAW) if isinstance(record, Comment) and record.action is Action.DELETED]
    assert [(record.author_id, record.text) for record in gone] == [("talk-p2", None)]

    again = await live.command("forget", "--author", "talk-p2")
    assert "2 records found; 0 deletions sent" in again.stdout


async def test_one_comment_is_forgotten_by_its_id_and_its_deletion_carries_no_text(live: Live) -> None:
    live.worker()
    await live.send([root(), *crowd(1, 3)])
    done = await live.command("forget", "--comment", "talk-1")
    assert done.returncode == 0
    await live.settled()
    live.check()
    said = [scored for scored in live.records(COMMENTS_SCORED) if scored.comment.comment_id == "talk-1"]
    assert [(scored.comment.action, scored.comment.text is None) for scored in said] == [(Action.CREATED, False), (Action.DELETED, True)]


async def test_comments_of_the_same_number_in_two_conversations_are_both_forgotten(live: Live) -> None:
    await live.send([comment("1", conversation_id=talk, author_id="ann") for talk in ("x", "y")])
    done = await live.command("forget", "--author", "ann")
    assert "2 records found; 2 deletions sent" in done.stdout


async def test_nothing_found_is_exit_1_and_neither_or_both_names_are_a_mistake(live: Live) -> None:
    assert (await live.command("forget", "--author", "nobody")).returncode == 1
    for wrong in ((), ("--author", "a", "--comment", "c")):
        done = await live.command("forget", *wrong)
        assert done.returncode == 2
        assert "either --author ID or --comment ID" in done.stderr
