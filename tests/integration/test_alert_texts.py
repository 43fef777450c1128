"""What people read, word for word: Slack, mail and webhook of the example, through a real Alertmanager."""

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from streams.records import EndedBecause, PileOn, Severity, Status
from streams.stages.alert import Config
from tests.support.inboxes import Inboxes
from tests.support.live import until
from tests.support.manager import DEPLOY, Manager, channels, example
from tests.support.posting import Posting, changed, opened
from tests.support.reader import QUIET

ID = "7q4fkm4v24yhtwhhjkeaqvc5b"
CONSOLE = "https://console.example"
LINK = f"{CONSOLE}/pileons/{ID}"
HELP = "\nwhat to do: http://localhost:9090/user/runbooks/PileOn.md"
WHY = "9 people hostile in 10 min (usual 0.3); 9 of 14 replying within 1 h"
REST = "9 of 14 replying within 1 h"
"""Of why, what the line has not said."""


def example_config(inboxes: Inboxes) -> dict[str, Any]:
    """Return the shipped routes with the example's receivers, all of them here and every wait short."""
    config: dict[str, Any] = yaml.safe_load((DEPLOY / "alertmanager.yml").read_text(encoding="utf-8"))
    config |= example()
    config["templates"] = [str(DEPLOY / "*.tmpl")]
    config["global"] = {"slack_api_url": f"{inboxes.url}/slack", "smtp_smarthost": inboxes.smarthost, "smtp_require_tls": False,
                        "smtp_from": "threadwatch@example.org", "smtp_hello": "localhost"}  # fmt: skip
    for route in (config["route"], *config["route"]["routes"]):
        route |= {"group_wait": "0s", "group_interval": "1s"}
    for hook in channels(config, "webhook_configs"):
        hook["url"] = f"{inboxes.url}/hook"
    return config


@pytest.fixture
async def inboxes() -> AsyncIterator[Inboxes]:
    async with Inboxes() as made:
        yield made


@pytest.fixture
async def worker(tmp_path: Path, inboxes: Inboxes) -> AsyncIterator[Posting]:
    async with Manager(tmp_path / "alertmanager", example_config(inboxes)) as manager:
        posting = Posting(manager.url, console=CONSOLE)
        yield posting
        await posting.stop()


def case(severity: Severity = Severity.WARNING, name: str = ID, **fields: Any) -> PileOn:
    numbers: dict[str, Any] = {
        "hostile_authors": 9,
        "usual_hostile_authors": 0.31,
        "replying_authors": 14,
        "reason": WHY,
        "source": "harbour-post",
        "community": "letters",
    }
    return opened(severity, name, **(numbers | fields))


def later(before: PileOn, revision: int, status: Status = Status.ONGOING, **fields: Any) -> PileOn:
    numbers = ("hostile_authors", "usual_hostile_authors", "replying_authors")
    kept = {name: getattr(before, name) for name in ("source", "community", *numbers, "reason")}
    return changed(before, revision, status, **(kept | fields))


async def came(inboxes: Inboxes, slack: int, mails: int, hooks: int) -> None:
    def is_there() -> bool:
        return len(inboxes.slack) >= slack and len(inboxes.mails) >= mails and len(inboxes.hooks) >= hooks

    await until(f"{slack} in Slack, {mails} mails, {hooks} at the webhook", is_there, within=20)
    assert (len(inboxes.slack), len(inboxes.mails), len(inboxes.hooks)) == (slack, mails, hooks)


def slack(inboxes: Inboxes) -> tuple[str, str, str]:
    (attachment,) = inboxes.slack[-1]["attachments"]
    assert attachment["mrkdwn_in"] == ["pretext"]
    assert attachment["title"] == attachment["fallback"]
    return attachment["title"], attachment["text"], attachment["color"]


def mail(inboxes: Inboxes) -> tuple[str, str, str]:
    last = inboxes.mails[-1]
    text, html = (last.get_body((kind,)) for kind in ("plain", "html"))
    assert text is not None
    assert html is not None
    return str(last["Subject"]), text.get_content().replace("\r\n", "\n"), html.get_content().replace("\r\n", "\n")


WHAT = "harbour-post / letters · case 7Q4FKM4V: 9 people hostile in 10 min (usual 0.3), 9 of 14 replying"
HTML = f"""<!DOCTYPE html>
<html lang="en"><body style="font:15px/1.5 sans-serif;color:#1a1a1a">
<table cellpadding="8" style="border-collapse:collapse">
<tr style="border-top:1px solid #ccc;vertical-align:top">
<td style="white-space:nowrap">[critical] harbour-post / letters</td>
<td>case 7Q4FKM4V: 9 people hostile in 10 min (usual 0.3), 9 of 14 replying<br><strong>ENDED (removed)</strong>\
<br><span style="color:#555">{REST}</span><br><a href="{LINK}">look at the case</a></td>
</tr>
</table>
<p style="color:#777;font-size:12px">People are accounts whose replies scored hostile: a score, not a verdict on anybody.</p>
</body></html>"""


async def test_from_opened_over_ongoing_and_escalated_to_quiet_word_for_word(worker: Posting, inboxes: Inboxes) -> None:
    warning = case()
    worker.sees(warning)
    await worker.posts()
    await came(inboxes, 1, 1, 0)
    line = f"[warning] {WHAT} · ongoing"
    assert slack(inboxes) == (line, f"{REST} · {LINK}{HELP}", "warning")
    assert mail(inboxes)[:2] == (line, f"{line} · {LINK}\n    {REST}{HELP}")

    worker.sees(later(warning, 2, hostile_authors=10))
    await worker.posts(rounds=2)
    worse = later(warning, 3, severity=Severity.CRITICAL, hostile_authors=11)
    worker.sees(worse)
    await worker.posts()
    await came(inboxes, 2, 2, 1)
    line = f"[critical] {WHAT} · ongoing, began as warning".replace("9 people", "11 people").replace("9 of", "11 of")
    assert slack(inboxes) == (line, f"{REST} · {LINK}{HELP}", "danger")
    assert mail(inboxes)[0] == line

    worker.sees(later(worse, 4, Status.CLOSED, severity=Severity.CRITICAL, hostile_authors=11, ended_because=EndedBecause.QUIET))
    await worker.posts(rounds=2)
    await came(inboxes, 3, 3, 2)
    line = line.replace("ongoing, began as warning", "ENDED (quiet)")
    assert slack(inboxes) == (line, f"{REST} · {LINK}", "#888888")
    read = [text for message in inboxes.slack for text in (message["attachments"][0]["title"], message["attachments"][0]["text"])]
    assert not [text for text in read if "resolved" in text.lower()]


async def test_what_its_authors_took_back_is_told_as_removed_in_every_form(worker: Posting, inboxes: Inboxes) -> None:
    alarm = case(Severity.CRITICAL)
    worker.sees(alarm)
    await worker.posts()
    await came(inboxes, 1, 1, 1)
    worker.sees(later(alarm, 2, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.REMOVED))
    await worker.posts()
    await came(inboxes, 2, 2, 2)
    subject, text, html = mail(inboxes)
    assert (subject, text) == (f"[critical] {WHAT} · ENDED (removed)", f"[critical] {WHAT} · ENDED (removed) · {LINK}\n    {REST}")
    assert html.strip() == HTML
    (alert,) = inboxes.hooks[-1]["alerts"]
    assert alert["status"] == "resolved"
    assert alert["labels"] == {
        "alertname": "PileOn",
        "source": "harbour-post",
        "community": "letters",
        "severity": "critical",
        "pileon": ID,
        "apart": "7Q4FKM4V",
    }
    assert datetime.fromisoformat(alert["annotations"].pop("changed_at"))
    assert alert["annotations"] == {
        "summary": "case 7Q4FKM4V: ended, removed", "description": WHY, "case": "7Q4FKM4V", "people": "9", "within": "10 min",
        "usual": "0.3",
        "replying": "9 of 14 replying", "hostile_replies": "4", "conversations": "1", "link": LINK, "ended_because": "removed",
    }  # fmt: skip


async def test_a_lease_that_lapses_reads_no_longer_monitored(worker: Posting, inboxes: Inboxes) -> None:
    worker.sees(case(Severity.CRITICAL))
    await worker.posts(lease=timedelta(seconds=2))
    await came(inboxes, 2, 2, 2)
    line = f"[critical] {WHAT} · NO LONGER MONITORED, may still be going on"
    assert slack(inboxes) == (line, f"{REST} · {LINK}{HELP}", "#888888")
    assert "<strong>NO LONGER MONITORED, may still be going on</strong>" in mail(inboxes)[2]


async def test_a_storm_of_500_is_one_message_and_so_it_stays(worker: Posting, inboxes: Inboxes) -> None:
    for number in range(500):
        worker.sees(case(Severity.CRITICAL if number % 2 else Severity.WARNING, f"{ID}{number}", community=f"c{number % 50}"))
    await worker.posts(rounds=3)
    await came(inboxes, 1, 1, 1)
    await asyncio.sleep(QUIET)
    assert (len(inboxes.slack), len(inboxes.mails), len(inboxes.hooks)) == (1, 1, 1)
    line = f"[critical] harbour-post · {said(inboxes, 500)} · ongoing"
    why = "This stands for all of them; each is listed where open pile-ons are listed."
    list_of = f"{CONSOLE}/?source=harbour-post"
    assert slack(inboxes) == (line, f"{why} · {list_of}{HELP.replace('PileOn', 'PileOnStorm')}", "danger")
    assert mail(inboxes)[0] == line
    assert f'<a href="{list_of}">look at the cases</a>' in mail(inboxes)[2]


def said(inboxes: Inboxes, number: int) -> str:
    """Return what is told of the last storm: the minute in which it began is that of the webhook's alert, to the minute."""
    summary: str = inboxes.hooks[-1]["alerts"][0]["annotations"]["summary"]
    assert re.fullmatch(rf"{number} pile-ons opened within 1 min, since \d{{4}}-\d\d-\d\d \d\d:\d\d UTC", summary)
    return summary


@pytest.mark.parametrize(
    ("minutes", "state"),
    [(0, "NO LONGER MONITORED, may still be going on"), (29.95, "ENDED (passed)")],
    ids=["its lease lapsed", "it is over"],
)
async def test_a_storm_s_end_is_told_as_one_and_its_lapse_is_not(worker: Posting, inboxes: Inboxes, minutes: float, state: str) -> None:
    at = datetime.now(UTC) - timedelta(minutes=minutes)
    for number in range(30):
        worker.sees(case(name=f"{ID}{number}", opened_at=at))
    await worker.posts(lease=timedelta(seconds=5))

    def ends() -> list[str]:
        titles = [message["attachments"][0]["title"] for message in inboxes.slack]
        return [title for title in titles if "pile-ons opened within" in title and " · ongoing" not in title]

    await until("its end is told", ends, within=20)
    assert ends() == [f"[critical] harbour-post · {said(inboxes, 30)} · {state}"]


SECOND = "harbour-post / letters · case 24QTM7Q4: 40 people hostile in 10 min (usual 0.3), 40 of 44 replying"


async def test_a_second_critical_case_of_a_community_has_its_own_message_to_its_end(worker: Posting, inboxes: Inboxes) -> None:
    first, second = case(Severity.CRITICAL), case(Severity.CRITICAL, "24qtm7q4fkm4v", hostile_authors=40, replying_authors=44)
    worker.sees(first)
    await worker.posts()
    await came(inboxes, 1, 1, 1)
    worker.sees(second)
    await worker.posts()
    await came(inboxes, 2, 2, 2)
    line = f"[critical] {SECOND} · ongoing"
    assert (slack(inboxes)[0], mail(inboxes)[0]) == (line, line)
    assert inboxes.hooks[0]["groupKey"] != inboxes.hooks[1]["groupKey"], "for PagerDuty another incident"
    worker.sees(later(second, 2, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.QUIET))
    await worker.posts()
    await came(inboxes, 3, 3, 3)
    line = f"[critical] {SECOND} · ENDED (quiet)"
    assert (slack(inboxes)[0], mail(inboxes)[0]) == (line, line)
    assert inboxes.hooks[1]["groupKey"] == inboxes.hooks[2]["groupKey"]


def titled(inboxes: Inboxes, end: str) -> tuple[str, str, str] | None:
    """Return Slack's text, and both parts of the mail, of the last message whose title ends so; None until both have come."""
    texts = [one["attachments"][0]["text"] for one in inboxes.slack if one["attachments"][0]["title"].endswith(end)]
    mails = [one for one in inboxes.mails if str(one["Subject"]).endswith(end)]
    if not texts or not mails:
        return None
    plain, html = (mails[-1].get_body((kind,)) for kind in ("plain", "html"))
    assert plain is not None
    assert html is not None
    return texts[-1], plain.get_content(), html.get_content()


async def test_two_hundred_in_one_group_are_one_message_of_a_length_that_slack_shows(tmp_path: Path, inboxes: Inboxes) -> None:
    async with Manager(tmp_path / "alertmanager", example_config(inboxes)) as manager:
        worker = Posting(manager.url, console=CONSOLE, config=Config(max_opened=1000))
        for number in range(205):
            worker.sees(case(Severity.CRITICAL, f"{ID}{number}", community="c" * 200))
        await worker.posts(rounds=2)
        end = " · ongoing · and 199 more: 199 ongoing"
        text, plain, html = await until("all are told", lambda: titled(inboxes, end), within=20)
        await worker.stop()
    assert max(len(one["alerts"]) for one in inboxes.hooks) == 200, "five are told apart"
    assert (text.count(f"{CONSOLE}/pileons/"), "15 of 200 are shown." in text, len(text) < 8000) == (15, True, True)
    assert (plain.count("[critical]"), html.count("<tr"), "20 of 200 are shown." in plain) == (20, 20, True)


async def test_what_a_message_of_many_was_sent_for_stands_first_in_it(tmp_path: Path, inboxes: Inboxes) -> None:
    began = datetime.now(UTC) - timedelta(minutes=10)
    open_now = [
        case(Severity.CRITICAL, f"a{number:02}", opened_at=began, updated_at=began + timedelta(seconds=number)) for number in range(30)
    ]
    ends = [later(one, 2, Status.CLOSED, severity=Severity.CRITICAL, ended_because=EndedBecause.QUIET) for one in open_now[5:8]]
    async with Manager(tmp_path / "alertmanager", example_config(inboxes)) as manager:
        worker = Posting(manager.url, config=Config(max_opened=1000))
        for one in open_now:
            worker.sees(one)
        await worker.posts()
        await until("all are told", lambda: titled(inboxes, " · and 24 more: 24 ongoing"), within=20)
        for one in (*ends, case(Severity.CRITICAL, "zz")):
            worker.sees(one)
        await worker.posts()
        texts = await until("both are told", lambda: titled(inboxes, " · and 25 more: 22 ongoing, 3 ended"), within=20)
        await worker.stop()
    wanted = ["ZZ", *(f"A{number:02}" for number in range(29, 10, -1))]
    text, plain, html = texts
    assert named(text) == wanted[:15]
    assert named(plain) == named(html)[1:] == wanted, "what changed last, what goes on before what ended"
    assert named(html)[0] == "ZZ", "the title"


def named(text: str) -> list[str]:
    """Return the cases that a text names, in order."""
    return list(re.findall(r"case (\w+):", text))


HOSTILE = "<!channel>&<b>*sport*</b>\u202e\u200b\n|`x` {{ .Labels }} https://evil.example " + "z" * 200


async def test_a_hostile_name_of_a_source_or_community_is_text_and_nothing_else(worker: Posting, inboxes: Inboxes) -> None:
    worker.sees(case(Severity.CRITICAL, source=HOSTILE, community=HOSTILE))
    await worker.posts()
    await came(inboxes, 1, 1, 1)
    title, text, _ = slack(inboxes)
    subject, plain, html = mail(inboxes)
    whole = "_!channel_&_b__sport__/b______x_ __ _Labels __ https_//evil_example zz"
    for read, name in (
        (title, whole),
        (text.partition(" · http")[0], REST),
        (subject, whole),
        (plain.partition(" · http")[0], whole),
    ):
        assert name in read
        assert not [sign for sign in ("<", ">", "\u202e", "\u200b", "://") if sign in read]
        assert len(read) < 2 * 128 + 200
    assert "_!channel_&amp;_b__sport__/b_" in html
    assert "\u202e" not in html
