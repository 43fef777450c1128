"""A mute by a button, on the real broker: the worker holds back, replay and verify hold back the same, and it is told again once ended."""

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec
import pytest

from streams.kafka.mutes import forget_mutes, send_mutes, with_mutes
from streams.live.mutes import Mutes
from streams.stages.alert import Alerts, Config, Mute, Reason
from streams.stages.firing import Firing
from streams.stages.muting import GRACE, Muting
from tests.integration.test_live_state import INSULT
from tests.support.builders import DAY, SECOND, comment, pileon
from tests.support.console_process import ConsoleProcess
from tests.support.live import Live, until

pytestmark = pytest.mark.kafka


@pytest.fixture
async def console(live: Live) -> AsyncIterator[ConsoleProcess]:
    made = ConsoleProcess(live)
    yield made
    made.stop()


def attacked(person: str, first: int, last: int) -> list[Any]:
    now = datetime.now(UTC)
    root = [comment(f"root-{person}", author_id=person, conversation_id=f"talk-{person}", created_at=now, ingested_at=now)]
    return [*root, *(comment(f"{person}-{n}", author_id=f"p{n}", parent_id=f"root-{person}", conversation_id=f"talk-{person}", text=INSULT,
                             created_at=now, ingested_at=now) for n in range(first, last))]  # fmt: skip


async def posted(console: ConsoleProcess, address: str, pileon_id: str, path: str, **fields: str) -> None:
    async with httpx.AsyncClient(base_url=address, timeout=30) as browser:
        page = (await browser.get(f"/pileons/{pileon_id}/silence")).text
        hidden = dict(re.findall(r'name="(form_token|mute)" value="(\w+)"', page))
        answer = await browser.post(f"/pileons/{pileon_id}/{path}", data={**hidden, "judge": "kim"} | fields)
        assert answer.status_code == 303 and f"done={path}d" in answer.headers["location"], answer.text


async def test_a_mute_holds_back_live_and_in_replay_and_is_ended(live: Live, console: ConsoleProcess) -> None:
    worker = live.worker()
    await worker.ready()
    address = await console.up()
    await live.send(attacked("ann", 0, 4))
    await live.settled()
    (pileon_id,) = {pileon.pileon_id for pileon in live.pileons()}
    await console.caught_up()
    await until("the case is there", lambda: pileon_id in console.page("/"))
    await posted(console, address, pileon_id, "mute", whom="person", lasts="1d", reason="they know")
    begins = (await with_mutes(live.settings)).mutes[-1].since
    await until("it holds", lambda: datetime.now(UTC) > begins + timedelta(seconds=3))

    await live.send([*attacked("ann", 4, 12), *attacked("bob", 0, 4)])
    await live.settled()
    assert sorted(held(live)) == [("ann", "", 1), ("bob", "", 1)]
    (severities,) = {firing.severities for firing in firings(live) if firing.pileon_id == pileon_id}
    assert [str(each) for each in severities] == ["warning"], "that it became critical is told to nobody"

    verified = await live.command("backtest", "verify")
    assert verified.returncode == 0, verified.stderr
    out = live.folder / "again"
    assert (await live.command("replay", "--topic", "replies", "--out", str(out))).returncode == 0
    again = [msgspec.json.decode(line) for line in (out / "alerts.jsonl").read_bytes().splitlines()]
    assert {line["reason"] for line in again if line["pileon_id"] == pileon_id} == {"new", "muted"}

    await posted(console, address, pileon_id, "unmute")
    ends = (await with_mutes(live.settings)).mutes[-1].until
    await until("it is over", lambda: datetime.now(UTC) > ends + timedelta(seconds=3))
    await live.send(attacked("ann", 12, 20))
    await live.settled()
    await until("it is told again", lambda: any(len(firing.severities) == 2 for firing in firings(live)))
    noted = console.audit_file.read_text()
    assert noted.count('"what":"mute"') == 1 and noted.count('"what":"unmute"') == 1 and "ann" not in noted
    assert await forget_mutes(live.settings, "ann") == 1


async def test_what_is_muted_is_known_to_its_end_before_anything_is_taken_and_what_was_forgotten_holds_nothing(live: Live) -> None:
    now = datetime.now(UTC)
    said = Muting(name="mute 1", version=1, by="kim", mute=Mute(target="ann", reason="r", since=now - DAY, until=now + DAY))
    stage = Alerts(Config(), ())
    mutes = Mutes(live.settings, stage)
    assert await send_mutes(live.settings, [said], now) == [said]
    await mutes.fresh()
    (mute,) = (await with_mutes(live.settings)).mutes
    assert mute.since >= now + GRACE, "whatever its maker's clock said"
    assert reason(stage, mute.since) is Reason.MUTED and reason(stage, mute.since - SECOND) is Reason.NEW
    assert await send_mutes(live.settings, [said], now) == [], "no version twice"

    forgotten = await live.command("forget", "--author", "ann")
    assert forgotten.returncode == 0 and "1 mute of this person removed" in forgotten.stdout and "nothing more" in forgotten.stdout
    assert (await with_mutes(live.settings)).mutes == ()
    await mutes.look()
    assert reason(stage, mute.since) is Reason.NEW
    await mutes.close()


def reason(stage: Alerts, at: datetime) -> Reason:
    return stage.step(stage.new_store(), pileon(target_id="ann", opened_at=at), at).outputs[0].reason  # type: ignore[no-any-return]


def held(live: Live) -> list[tuple[str, str, int]]:
    targets = {pileon.pileon_id: pileon.target_id for pileon in live.pileons()}
    return [(targets[firing.pileon_id], firing.held_because, len(firing.severities)) for firing in firings(live)]


def firings(live: Live) -> list[Firing]:
    return [entry for entry in live.firing() if isinstance(entry, Firing)]
