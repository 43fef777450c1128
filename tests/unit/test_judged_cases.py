"""Cases that moderators judged: each counts once, as it was judged last, for a week by the broker's clock."""

from types import SimpleNamespace
from typing import Any

import msgspec
from prometheus_client import CollectorRegistry

from streams.live import verdicts as module
from streams.live.verdicts import Verdicts
from streams.metrics import Metrics
from streams.records import Judgement
from tests.support.builders import DAY, NOON, verdict


class Feedback:
    """A reader of ``feedback`` that gives what is put into it."""

    def __init__(self) -> None:
        self.coming: list[Any] = []

    async def getmany(self, **_: Any) -> dict[Any, list[Any]]:
        coming, self.coming = self.coming, []
        return {0: coming} if coming else {}

    def put(self, case: str, judgement: Judgement, at: Any) -> None:
        value = msgspec.json.encode(verdict(judgement, pileon_id=case))
        self.coming.append(SimpleNamespace(topic="feedback", partition=0, offset=0, timestamp=int(at.timestamp() * 1000), key=case.encode(),
                                           value=value, headers=()))  # fmt: skip


async def test_a_case_counts_once_as_it_was_judged_last_and_for_a_week(monkeypatch: Any) -> None:
    registry, feedback = CollectorRegistry(), Feedback()
    settings: Any = SimpleNamespace(kafka=SimpleNamespace(prefix=""))
    agent: Any = SimpleNamespace(rooms={})
    judging = Verdicts(settings, agent, Metrics(registry, {}))
    judging._consumer = feedback

    async def seen(at: Any) -> dict[str, float | None]:
        monkeypatch.setattr(module, "now_ms", lambda: int(at.timestamp() * 1000))
        await judging.look()
        return {str(one): registry.get_sample_value("threadwatch_cases_judged", {"verdict": str(one)}) for one in Judgement}

    feedback.put("a", Judgement.NOT_ONE, NOON)
    feedback.put("b", Judgement.PILE_ON, NOON + DAY)
    feedback.put("b", Judgement.PILE_ON, NOON + DAY)
    assert await seen(NOON + DAY) == {"pile_on": 1, "not_one": 1, "unsure": 0}
    feedback.put("a", Judgement.PILE_ON, NOON + 2 * DAY)
    assert await seen(NOON + 2 * DAY) == {"pile_on": 2, "not_one": 0, "unsure": 0}
    assert await seen(NOON + 8.5 * DAY) == {"pile_on": 1, "not_one": 0, "unsure": 0}
    assert await seen(NOON + 10 * DAY) == {"pile_on": 0, "not_one": 0, "unsure": 0}
