"""A verdict from the command line: the pile-on ends, its alert with it, and comes back only when it has doubled."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from streams.records import Comment, EndedBecause, Status
from streams.stages.firing import Firing
from streams.topics import FEEDBACK
from tests.conftest import Another
from tests.integration.test_live_state import INSULT
from tests.support.builders import comment
from tests.support.live import Live, answers, until

pytestmark = pytest.mark.kafka

NOW = datetime.now(UTC) - timedelta(minutes=10)


def hostile(first: int, last: int) -> list[Comment]:
    return [comment(f"c{n}", author_id=f"p{n}", parent_id="root", text=INSULT, created_at=NOW + timedelta(seconds=n),
                    ingested_at=NOW + timedelta(seconds=n + 1)) for n in range(first, last)]  # fmt: skip


def statuses(live: Live) -> list[str]:
    return [str(one.status) for one in live.pileons()]


async def test_what_a_moderator_says_is_none_ends_and_comes_back_only_when_it_has_doubled(another: Another) -> None:
    live: Live = await another()
    worker = live.worker()
    await worker.ready()
    await live.send([comment("root", author_id="ann", created_at=NOW, ingested_at=NOW), *hostile(1, 5)])
    await live.settled()
    (opened,) = live.pileons()

    shown = await live.command("watch", "--case", opened.pileon_id[:8])
    assert shown.returncode == 0, shown.stderr
    assert {'target        "ann"', 'conversations "talk"'} <= set(shown.stdout.splitlines())
    said = await live.command("verdict", opened.pileon_id[:8], "not_one", "--by", "kim")
    assert (said.returncode, said.stdout) == (0, f"case {opened.pileon_id}: not_one\n"), said.stderr

    async def ended() -> bool:
        await live.settled()
        return live.pileons()[-1].ended_because is EndedBecause.JUDGED

    await until("the pile-on ends as judged", ended)
    assert [one.ended_because for one in live.firing() if isinstance(one, Firing)] == ["judged"]
    assert 'threadwatch_feedback_total{verdict="not_one"} 1.0' in answers(f"{worker.metrics()}/metrics")

    again = await live.command("verdict", opened.pileon_id[:8], "pile_on", "--by", "kim", "--note", "on second thoughts")
    assert again.returncode == 0, again.stderr
    as_last = 'threadwatch_cases_judged{verdict="pile_on"} 1.0'
    await until("the case counts as it was judged last", lambda: as_last in answers(f"{worker.metrics()}/metrics"))
    assert 'threadwatch_cases_judged{verdict="not_one"} 0.0' in answers(f"{worker.metrics()}/metrics")
    await live.command("verdict", opened.pileon_id[:8], "not_one", "--by", "kim")

    await live.put(FEEDBACK, [(b"not-one", b'{"judgement": "not one, she says"}')])
    counted = 'threadwatch_feedback_unreadable_total{reason="wrong_type"} 1.0'
    await until("what is no verdict is counted", lambda: counted in answers(f"{worker.metrics()}/metrics"))
    (line,) = [line for line in worker.said() if "judges nothing" in line]
    assert re.search(r"feedback, partition \d+, offset \d+ \(wrong_type\)$", line)
    assert "she says" not in "".join(worker.said())

    worker.kill()  # what was judged is in the log: a worker that starts again knows it, and ends nothing twice
    await worker.came_up(2)
    await live.send(hostile(5, 8))
    await live.settled()
    assert statuses(live) == ["opened", "closed"]
    await live.send(hostile(8, 9))
    await live.settled()
    assert statuses(live) == ["opened", "closed", "opened"]
    assert live.pileons()[-1].hostile_authors == 8
    live.check()


async def test_a_verdict_on_no_case_is_one_plain_line(another: Another) -> None:
    live: Live = await another()
    for begins, complaint in (("abc", "too short"), ("abcdefgh", "there is no case 'abcdefgh'")):
        said = await live.command("verdict", begins, "not_one", "--by", "kim")
        assert (said.returncode, said.stdout, len(said.stderr.splitlines())) == (2, "", 1)
        assert complaint in said.stderr
    unknown = await live.command("verdict", "abcdefgh", "perhaps", "--by", "kim")
    assert (unknown.returncode, len(unknown.stderr.splitlines())) == (2, 1)
    assert [one for one in live.pileons() if one.status is Status.OPENED] == []
