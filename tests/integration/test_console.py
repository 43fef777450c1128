"""The console on the real broker: exactly once whatever kills it, deleted text gone, and a broker that goes and comes back."""

import asyncio
import os
import re
import signal
import sqlite3
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import msgspec
import pytest

from streams.kafka.produce import send_records_async
from streams.records import ScoredComment
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED, FEEDBACK, HANDLING, PILEONS, REPLIES, Topic
from tests.conftest import Another
from tests.integration.test_leaves_no_trace import watched
from tests.support.broker import OwnBroker
from tests.support.builders import comment, deleted, handling, pileon, reply, scored, verdict
from tests.support.console_process import ConsoleProcess
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka

NOW = datetime.now(UTC)
TABLES = ("comments", "replies", "pileons", "transitions", "verdicts", "handling", "held")


@pytest.fixture
async def console(live: Live) -> AsyncIterator[ConsoleProcess]:
    made = ConsoleProcess(live)
    yield made
    made.stop()


def rows(model: Path) -> dict[str, int]:
    connection = sqlite3.connect(f"file:{model}?mode=ro", uri=True)
    try:
        return {table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in TABLES}
    finally:
        connection.close()


def read(model: Path) -> int:
    """Return how many records are in a read model, by its offsets; none where it is being made just now."""
    connection = sqlite3.connect(f"file:{model}?mode=ro", uri=True)
    try:
        return int(connection.execute("SELECT coalesce(sum(next), 0) FROM offsets").fetchone()[0])
    except sqlite3.OperationalError:
        return 0
    finally:
        connection.close()


async def send(live: Live, **records: list[Any]) -> None:
    for topic in (COMMENTS_SCORED, REPLIES, PILEONS, FEEDBACK, HANDLING):
        await send_records_async(live.settings, topic, records.get(topic.name.rpartition(".")[2], []))


async def test_a_console_that_is_killed_again_and_again_has_every_record_once(live: Live, console: ConsoleProcess) -> None:
    many = 20_000
    await send(
        live, scored=[scored(f"c{n}", conversation_id=f"talk-{n % 97}", text="words") for n in range(many)],
        replies=[reply(f"p{n}", comment_id=f"c{n}", conversation_id=f"talk-{n % 97}") for n in range(many)],
        pileons=[pileon(f"case-{n}", target_id=f"t{n}") for n in range(300)],
        feedback=[verdict(pileon_id=f"case-{n}", judge=f"j{n % 7}") for n in range(300)],
        handling=[handling(by=by, pileon_id=f"case-{n}") for n in range(150) for by in ("kim", "lee")],
    )  # fmt: skip
    kills = 0
    while (before := read(console.model) if kills else 0) < 2 * many + 900:
        console.start()
        await until("it has read some more", lambda before=before: console.model.exists() and read(console.model) > before, every=0.005)
        console.kill()
        kills += 1
    assert kills > 2, "it was killed before its end"
    await console.up()
    await console.caught_up()
    cases = {"pileons": 300, "transitions": 300, "verdicts": 300, "handling": 300, "held": 150}
    assert rows(console.model) == {"comments": many, "replies": many} | cases
    assert console.stop() == 0


async def test_of_a_deleted_comment_no_byte_is_left_in_the_files_of_a_running_console(live: Live, console: ConsoleProcess) -> None:
    written = [
        comment(f"c{n}", text=f"quartzite {n} " * 40, author_id=f"nightjar-{n}", url=f"https://x.example/quartzite/{n}") for n in range(300)
    ]
    await send(live, scored=[ScoredComment(comment=each, toxicity=0.2, scorer="test@1") for each in written], pileons=[pileon()])
    await console.up()
    await console.caught_up()
    assert b"quartzite" in files(console) and "quartzite 1 " in console.page("/pileons/case-1")
    gone = [deleted(each, NOW) for each in written]
    await send(live, scored=[ScoredComment(comment=each, toxicity=0.0, scorer="none@0") for each in gone])
    await until("the deletions are read", lambda: read(console.model) == 2 * len(written) + 1)
    await until("nothing of the text is left", lambda: not {word for word in (b"quartzite", b"nightjar") if word in files(console)})
    assert "quartzite" not in console.page("/pileons/case-1")
    assert rows(console.model)["comments"] == 300, "where it stood in the conversation is kept"


def files(console: ConsoleProcess) -> bytes:
    """Return every byte of the read model and its texts, of the log and of the audit log."""
    return b"".join(
        file.read_bytes()
        for file in console.model.parent.rglob("*")
        if file.is_file() and "console" in str(file.relative_to(console.model.parent))
    )


async def test_reading_commits_nothing_joins_no_group_and_writes_nothing(live: Live, console: ConsoleProcess) -> None:
    await send(live, scored=[scored("c1")], pileons=[pileon()])
    before = await watched(live)
    await console.up()
    await console.caught_up()
    for path in (
        "/",
        "/pileons/case-1",
        "/pileons/case-1/silence",
        "/queue",
        "/top",
        "/conversation?source=news&community=sport&id=talk",
        "/health",
        "/health/dead-letters",
    ):
        console.page(path)
    assert await watched(live) == before


async def test_rebuild_reads_everything_again(live: Live, console: ConsoleProcess) -> None:
    await send(live, scored=[scored("c1")], pileons=[pileon()])
    await console.up()
    await console.caught_up()
    console.stop()
    console.model.write_bytes(b"torn" * 1000)
    console.start()
    assert await console.ended() == 2
    assert console.last_words().startswith("threadwatch: the read model") and "--rebuild" in console.last_words()
    assert "Traceback" not in console.said()
    await console.up("--rebuild")
    await console.caught_up()
    assert rows(console.model)["comments"] == rows(console.model)["pileons"] == 1


async def test_a_read_model_of_another_log_is_not_mixed_with_this_one(live: Live, console: ConsoleProcess) -> None:
    store = console.store()
    store._connection.execute("INSERT INTO offsets VALUES ('pileons', 0, 5000)")
    store.close()
    console.start()
    assert await console.ended() == 2
    assert "is ahead of the topic" in console.last_words() and "--rebuild" in console.last_words()


async def test_a_second_console_on_one_read_model_and_a_taken_port_are_one_line_each(live: Live, console: ConsoleProcess) -> None:
    address = await console.up()
    second = await live.command("console", "--port", "0", "--model", str(console.model))
    assert second.returncode == 2 and "another console" in second.stderr
    third = await live.command("console", "--port", address.rpartition(":")[2])
    assert third.returncode == 2 and "--port" in third.stderr
    fourth = await live.command("console", "--host", "0.0.0.0")
    assert fourth.returncode == 2 and "console.tokens" in fourth.stderr


async def test_while_the_broker_is_away_pages_say_so_and_afterwards_it_goes_on(own_broker: OwnBroker, another: Another) -> None:
    live: Live = await another(on=own_broker.address)
    console = ConsoleProcess(live)
    await send(live, pileons=[pileon(opened_at=NOW - timedelta(hours=1))])
    await console.up()
    await console.caught_up()
    own_broker.stop()
    await until("the page says that the broker is away", lambda: "The broker does not answer" in console.page("/"))
    assert "CASE-1" in console.page("/"), "what is known stays"
    own_broker.up()
    await until("the page says nothing of it any more", lambda: "The broker does not answer" not in console.page("/"))
    await send(live, pileons=[pileon("other", target_id="bob")])
    await until("what came since is there", lambda: "OTHER" in console.page("/"))
    assert console.stop() == 0


async def test_a_console_that_starts_before_broker_and_topics_waits_for_them(live: Live, console: ConsoleProcess) -> None:
    live.environment["THREADWATCH_KAFKA__PREFIX"] = "not-there-yet."
    await console.up()
    await until("the page says what is missing", lambda: "is not on the broker" in console.page("/"))
    assert "No pile-on yet" in console.page("/")


async def test_an_open_stream_does_not_keep_it_from_ending(live: Live, console: ConsoleProcess) -> None:
    address = await console.up()
    await console.caught_up()
    reader, writer = await asyncio.open_connection(*address.removeprefix("http://").split(":"))
    writer.write(b"GET /live/stream?since=0 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    assert b"text/event-stream" in await reader.readuntil(b"\r\n\r\n")
    assert b"hx-partial" in await reader.readuntil(b"</hx-partial>")
    os.kill(console._process.pid, signal.SIGTERM)
    assert await console.ended() == 0
    assert console.said().splitlines() == [f"console {address}"], "and no traceback"
    writer.close()


async def test_dead_letters_that_can_be_read_now_go_back_once_from_their_page(live: Live, console: ConsoleProcess) -> None:
    letters = Topic(COMMENTS_RAW.dead_letters, COMMENTS_RAW.record, COMMENTS_RAW.key)
    await live.put(letters, [(None, msgspec.json.encode(comment("c1"))), (None, b"<b>nonsense")])
    address = await console.up()
    async with httpx.AsyncClient(base_url=address, timeout=60) as browser:
        page = (await browser.get("/health/dead-letters")).text
        token = re.search(r'name="form_token" value="(\w+)"', page)[1]
        told = []
        for topic in ("comments.raw", "comments.raw", "nonsense", "feedback"):
            answer = await browser.post("/health/dead-letters", data={"form_token": token, "topic": topic})
            told.append((answer.status_code, re.search(r'class="(?:done|problem)"[^>]*>([^<]*)', answer.text)[1]))
    assert told == [
        (200, "comments.raw: 1 sent back, 0 were before, 1 still unreadable."),
        (200, "comments.raw: 0 sent back, 1 were before, 1 still unreadable."),
        (400, "There is no such topic. Nothing was sent."),
        (400, "There is no such topic. Nothing was sent."),
    ]
    assert console.audit_file.read_text().count('"what":"redrive"') == 2 and "nonsense" not in console.audit_file.read_text()


async def test_health_says_what_waits_for_each_stage_without_joining_its_group(live: Live, console: ConsoleProcess) -> None:
    worker = live.worker()
    await worker.ready()
    address = await console.up()
    await live.send([comment(f"c{n}", conversation_id=f"talk-{n}") for n in range(8)])
    await live.settled()
    await until("all of it is finished", lambda: waiting(console)["score"] == 0)
    worker.stop()
    await live.send([comment(f"c{n}", conversation_id=f"talk-{n}") for n in range(8, 11)])
    await until("the answer of before, which is kept for seconds, is asked anew", lambda: waiting(console)["score"] == 3)
    assert waiting(console) == {"score": 3, "address": 0, "pileon": 0, "alert": 0}
    async with httpx.AsyncClient(base_url=address) as browser:
        part = (await browser.get("/health/lags")).text
    assert "<main" not in part and "comments.raw" in part and "it has finished nothing yet" in part, "no reply came, no pile-on opened"


def waiting(console: ConsoleProcess) -> dict[str, int]:
    rows = re.findall(
        r'<tr><th scope="row">(\w+)</th><td>[\w.]+</td>\s*<td class="number">([\d,]+)[ <]', console.page("/health?lags=shown")
    )
    return {stage: int(count.replace(",", "")) for stage, count in rows}
