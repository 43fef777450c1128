"""What a stage must know before it takes anything is asked for before each batch."""

from types import SimpleNamespace
from typing import Any

from streams.engine import Effects, Message
from streams.live.agent import Options, StageAgent
from streams.settings import load
from streams.stages.alert import Alerts, Config
from tests.support.console import NOBODY_LISTENS


async def test_a_batch_is_applied_after_what_must_be_known_by_then(tmp_path):
    done: list[str] = []

    async def said(what: str) -> Any:
        done.append(what)
        return Effects()

    settings = load({"THREADWATCH_KAFKA": NOBODY_LISTENS, "THREADWATCH_DATA": str(tmp_path)})
    agent = StageAgent(settings, Alerts(Config(), ()), "", lambda *_: None, Options())
    agent.before = lambda: said("known")
    room: Any = SimpleNamespace(partition=0, write_down=lambda *_: said("written down"), apply=lambda *_: said("applied"))
    await agent._applied(room, [Message("pileons", 0, 0, 0, b"", b"")])
    assert done == ["written down", "known", "applied"]
