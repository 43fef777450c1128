"""Silences from the console in a real Alertmanager: its alert is held, the page says so, and it is told again when the silence is ended."""

import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import aiohttp
import pytest

from streams.records import PileOn
from streams.settings import load
from streams.site_names import shown
from tests.support.builders import pileon
from tests.support.console import NOBODY_LISTENS, Console
from tests.support.html import page_of, text_of
from tests.support.manager import Manager, shipped

EVIL = "sport<script>\u202e"


@pytest.fixture
async def manager(tmp_path: Path) -> AsyncIterator[Manager]:
    async with Manager(tmp_path / "manager", shipped("http://127.0.0.1:1")) as started:
        yield started


@pytest.fixture
def console(tmp_path: Path, manager: Manager) -> Iterator[Console]:
    made = Console(tmp_path, load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path),
                                   "THREADWATCH_ALERTMANAGER__URLS": f"{manager.url},http://127.0.0.1:1"}))  # fmt: skip
    yield made
    made.close()


async def fires(manager: Manager, case: PileOn) -> None:
    """Post the alert that a worker would."""
    now = datetime.now(UTC)
    labels = {"alertname": "PileOn", "source": shown(case.source), "community": shown(case.community), "severity": "warning",
              "pileon": case.pileon_id}  # fmt: skip
    alert = {"labels": labels, "startsAt": now.isoformat(), "endsAt": (now + timedelta(hours=1)).isoformat()}
    async with aiohttp.ClientSession() as session, session.post(f"{manager.url}/api/v2/alerts", json=[alert]) as answer:
        assert answer.status == 200


def sent(console: Console, case: str, what: str, status: int = 303, **fields: str) -> str:
    token = re.search(r'name="form_token" value="(\w+)"', console.client.get(f"/pileons/{case}/silence").text)[1]
    answer = console.client.post(f"/pileons/{case}/{what}", data={"form_token": token, "judge": "kim", **fields})
    assert answer.status_code == status, answer.text
    return answer.text


def silence_ids(console: Console, case: str) -> list[str]:
    return re.findall(r'name="silence" value="([\w-]+)"', console.client.get(f"/pileons/{case}/silence").text)


async def states(manager: Manager) -> dict[str, str]:
    return {alert["labels"]["pileon"]: alert["status"]["state"] for alert in await manager.active()}


async def test_a_silence_of_a_case_and_of_a_community_hold_what_they_say_until_they_are_ended(manager: Manager, console: Console) -> None:
    one, same, other = pileon('"case\\1', community=EVIL), pileon("case-2", community=EVIL), pileon("case-3", community="chess")
    console.take(pileons=[one, same, other])
    assert "has no alert of this case" in text_of(page_of(console, "/pileons/case-3/silence"))
    for case in (one, same, other):
        await fires(manager, case)
    name = "%22case%5C1"
    assert "tells it" in console.client.get(f"/pileons/{name}/alert").text
    sent(console, name, "silence", scope="case", lasts="1h", reason="<b>a drill</b>")
    page = page_of(console, f"/pileons/{name}/silence?done=some")
    assert "silenced" in text_of(page, "section") and "127.0.0.1:1 does not answer" in text_of(page)
    assert "<b>a drill</b>" in text_of(page, "table") and "kim" in text_of(page, "table") and page.css("table b") == []
    assert set((await states(manager)).values()) == {"suppressed", "active"}
    sent(console, "case-2", "silence", scope="community", lasts="1d", reason="a drill")
    assert await states(manager) == {one.pileon_id: "suppressed", "case-2": "suppressed", "case-3": "active"}
    assert len(silence_ids(console, name)) == 2, "that of the community holds this case too"
    assert "there is no such silence of this case" in sent(console, "case-3", "unsilence", 400, silence=silence_ids(console, name)[0])
    for silence in silence_ids(console, name):
        sent(console, name, "unsilence", silence=silence)
    assert set((await states(manager)).values()) == {"active"}
    assert [entry["what"] for entry in console.audited()] == ["silence_case", "silence_community", "unsilence", "unsilence"]
