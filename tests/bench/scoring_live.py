"""The whole program with Detoxify on the embedded broker, beside the lane alone: rates interleaved, the event loop's pauses, delays.

``python -m tests.bench.scoring_live [--rounds N] [--ways fast/1,fast/2,exact/2]``: lane and scoring processes. Also ``threadwatch
score`` beside the lane. The model has bert-base's shape and random weights; nothing is remembered, so that all is computed.
"""

import argparse
import asyncio
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from typing import Any, Final, NamedTuple

from streams.kafka.connection import calm_logging
from streams.kafka.follow import follow
from streams.kafka.produce import publishing
from streams.records import Comment
from streams.scorers import Config
from streams.scorers.checkpoint import CHECKPOINT, CONFIG
from streams.scorers.detoxify import open_detoxify
from streams.topics import COMMENTS_RAW, COMMENTS_SCORED
from tests.bench.bert_base import BertBase, bert_base
from tests.bench.figures import IdleLoop, Used, came, idle_loop, percentile, steady_rate, used_by
from tests.bench.machine import machine
from tests.support.broker import embedded
from tests.support.builders import comment
from tests.support.family import computing
from tests.support.live import Live, Worker, answers, until

_COMMENTS: Final = 2000
_ROUND: Final = 8.0
"""Seconds that a round of the lane is to take, about."""
_LONGER: Final = 4
"""Rounds' comments for ``threadwatch score``, once, between the rounds: it reads 64 KiB at once, and some batches are to be seen."""
_TALKS: Final = 64
_SETTLES: Final = 35
"""Comments, one a second: meanwhile the pauses of the start are forgotten."""
_FULL: Final = 0.9
"""Of the program's rate: a load that it carries for as long as it comes."""
_LONGEST: Final = 300.0
_PAUSES: Final = ("threadwatch_event_loop_pause_seconds ", "threadwatch_event_loop_pause_cpu_seconds ")


def print_scoring_live(rounds: int, ways: Sequence[str] = ()) -> None:
    """Print all figures of each way, ``lane/processes``: without any named those of a core and of all cores."""
    calm_logging()
    cores = sorted({1, os.cpu_count() or 1})
    with tempfile.TemporaryDirectory(prefix="threadwatch-bench-") as folder:
        model = bert_base(Path(folder), _COMMENTS)
        with embedded(Path(folder) / "kafka") as broker:
            for way in ways or [*(f"fast/{number}" for number in cores), f"exact/{cores[-1]}"]:
                lane, _, processes = way.partition("/")
                session = _Session(model, Path(folder), "original:fast" if lane == "fast" else "original", int(processes))
                asyncio.run(session.run(broker.address, rounds))


class _Shares(NamedTuple):
    cpu: float
    """CPU seconds a comment of the processes that compute."""
    busy: float
    """Share of the time for which they have work, whether or not others leave them a processor."""


class _Round(NamedTuple):
    lane: float
    """Comments a second, as the other."""
    program: float
    own: _Shares
    within: _Shares
    beside: float
    """CPU seconds a comment of the worker itself."""


class _Session:
    """One lane on some processes: alone, in a worker, in ``threadwatch score``."""

    def __init__(self, model: BertBase, folder: Path, scorer: str, processes: int) -> None:
        self._model, self._folder, self._name = model, folder, f"{scorer.replace(':', '-')}-{processes}"
        self._lane = open_detoxify(scorer, Config(processes=processes, remember=0, models=str(folder)), model.local, "cpu")
        self._environment = {
            CHECKPOINT: str(model.local.checkpoint), CONFIG: str(model.local.config), "THREADWATCH_SCORER": f"detoxify:{scorer}",
            "THREADWATCH_SCORING__PROCESSES": str(processes), "THREADWATCH_SCORING__REMEMBER": "0",
            "THREADWATCH_SCORING__MODELS": str(folder),
        }  # fmt: skip
        self._processes = processes
        self._arrived: dict[str, float] = {}
        self._pauses: list[tuple[float, float, float]] = []
        self._said = f"detoxify:{scorer} in {self._lane.engine.about.runtime or 'torch'}, {processes} process{'es' * (processes > 1)}"

    async def run(self, broker: str, rounds: int) -> None:
        """Measure and print."""
        async with Live(broker, self._folder / self._name, self._environment) as live:
            worker = live.worker()
            await worker.ready()
            watching = asyncio.create_task(self._watch(live))
            try:
                with idle_loop() as idle:
                    await self._measured(live, worker, idle, rounds)
            finally:
                watching.cancel()
                self._lane.close()

    async def _measured(self, live: Live, worker: Worker, idle: IdleLoop, rounds: int) -> None:
        low = await self._delays(live, "low", 1.0, _SETTLES)
        idle.longest()
        looking = asyncio.create_task(self._look(worker, idle))
        texts = self._model.texts[: await self._in_a_round()]
        found, commands = [], []
        for number in range(rounds):
            found.append(await self._round(live, worker, f"round-{number}", texts))
            if number == rounds // 2:
                commands.append(await self._command((self._model.texts * 2)[: _LONGER * len(texts)]))
        rate = median(one.program for one in found)
        full = await self._delays(live, "full", _FULL * rate, int(_FULL * rate * 2 * _ROUND))
        looking.cancel()
        self._print(found)
        self._print_command(commands, found)
        self._print_delays(f"at {1.0} a second", low)
        self._print_delays(f"at {_FULL * rate:.0f} a second, {_FULL:.0%} of that", full)

    async def _watch(self, live: Live) -> None:
        async for record in follow(live.settings, COMMENTS_SCORED):
            self._arrived.setdefault(record.comment.comment_id, time.monotonic())

    async def _look(self, worker: Worker, idle: IdleLoop) -> None:
        """Note the longest pauses, the worker's and those of a loop beside it that has nothing to do."""
        while True:
            await asyncio.sleep(1.0)
            said = (await asyncio.to_thread(answers, f"{worker.metrics()}/metrics")).splitlines()
            pause, own = (max((float(line.split()[1]) for line in said if line.startswith(name)), default=0.0) for name in _PAUSES)
            self._pauses.append((pause, own, await asyncio.to_thread(idle.longest)))

    async def _in_a_round(self) -> int:
        few = self._model.texts[:64]
        rate, _ = await self._alone(few)
        return max(len(few), min(_COMMENTS, int(rate * _ROUND)))

    async def _round(self, live: Live, worker: Worker, tag: str, texts: Sequence[str]) -> _Round:
        lane, own = await self._alone(texts)
        before, main = used_by(computing(worker.pid)), used_by([worker.pid])
        began = time.monotonic()
        program = await self._program(live, tag, texts)
        took = time.monotonic() - began
        within = self._shares(before, used_by(computing(worker.pid)), took, len(texts))
        beside = (used_by([worker.pid]).cpu - main.cpu) / len(texts)
        return _Round(lane, program, own, within, beside)

    async def _alone(self, texts: Sequence[str]) -> tuple[float, _Shares]:
        """Return the lane's own rate, and what its processes used."""
        children: tuple[int, ...] = self._lane.engine.processes  # type: ignore[attr-defined]
        began, before = time.monotonic(), used_by(children)
        await asyncio.to_thread(self._lane.score, texts)
        took = time.monotonic() - began
        return len(texts) / took, self._shares(before, used_by(children), took, len(texts))

    def _shares(self, before: Used, after: Used, took: float, comments: int) -> _Shares:
        return _Shares((after.cpu - before.cpu) / comments, (after.wanted - before.wanted) / (took * self._processes))

    async def _program(self, live: Live, tag: str, texts: Sequence[str]) -> float:
        comments = self._comments(tag, texts)
        await live.send(comments)
        await self._all_arrived(comments)
        return steady_rate(self._arrived[each.comment_id] for each in comments)

    async def _command(self, texts: Sequence[str]) -> tuple[float, float]:
        """Return the rate of ``threadwatch score``, and for which share of the time its processes have work."""
        file = self._folder / f"{self._name}.txt"
        file.write_text("".join(f"{' '.join(text.split())}\n" for text in texts), encoding="utf-8")
        command = [sys.executable, "-m", "streams", "score", str(file)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, env=os.environ | self._environment) as process:
            assert process.stdout is not None
            found = await asyncio.to_thread(came, process.stdout, lambda: used_by(computing(process.pid)))
        (began, before), *_, (ended, after) = found.looks
        return steady_rate(found.moments), (after.wanted - before.wanted) / ((ended - began) * self._processes)

    def _comments(self, tag: str, texts: Sequence[str]) -> list[Comment]:
        return [comment(f"{tag}-{number}", conversation_id=f"talk-{number % _TALKS}", text=text) for number, text in enumerate(texts)]

    async def _all_arrived(self, comments: Sequence[Comment]) -> None:
        await until("all are scored", lambda: all(each.comment_id in self._arrived for each in comments), _LONGEST)

    async def _delays(self, live: Live, tag: str, rate: float, count: int) -> list[float]:
        """Return the seconds from publishing to score of so many comments at this rate."""
        comments = self._comments(tag, [self._model.texts[number % _COMMENTS] for number in range(count)])
        published: dict[str, float] = {}
        began = time.monotonic()
        async with publishing(live.settings, COMMENTS_RAW) as publish:
            for number, each in enumerate(comments):
                await asyncio.sleep(max(0.0, began + number / rate - time.monotonic()))
                published[each.comment_id] = time.monotonic()
                await publish([each])
        await self._all_arrived(comments)
        return [self._arrived[name] - at for name, at in published.items()]

    def _print(self, found: Sequence[_Round]) -> None:
        shares = [one.program / one.lane for one in found]
        lane, program = median(one.lane for one in found), median(one.program for one in found)
        each = ", ".join(f"{share:.2f}" for share in shares)
        self._say(f"the program {median(shares):.1%} of the lane alone: {program:.1f} of {lane:.1f} comments a second (rounds: {each})")
        for what, every in (("alone", [one.own for one in found]), ("in the program", [one.within for one in found])):
            cpu, busy = (median(column) for column in zip(*every, strict=True))
            self._say(f"{what}: {1000 * cpu:.1f} CPU ms a comment, and the processes have work {busy:.0%} of the time")
        self._say(f"the worker beside them: {1000 * median(one.beside for one in found):.1f} CPU ms a comment")
        ours, own, idle = (1000 * max(column) for column in zip(*self._pauses, strict=True))
        self._say(f"longest pause of the event loop {ours:.0f} ms, of its own work {own:.0f} ms; of an idle loop beside it {idle:.0f} ms")

    def _print_command(self, commands: Sequence[tuple[float, float]], found: Sequence[_Round]) -> None:
        lane = median(one.lane for one in found)
        for rate, busy in commands:
            self._say(
                f"threadwatch score {rate / lane:.1%} of it: {rate:.1f} comments a second; its processes have work {busy:.0%} of the time"
            )

    def _print_delays(self, at: str, delays: Sequence[float]) -> None:
        half, last = (1000 * percentile(delays, share) for share in (0.5, 0.99))
        self._say(f"publishing → score {at}: p50 {half:,.0f} ms, p99 {last:,.0f} ms ({len(delays)} measured)")

    def _say(self, what: Any) -> None:
        print(f"{self._said}: {what}", flush=True)


def main() -> None:
    """Print it."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.scoring_live", description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ways", default="", help="lane/processes, commas between: fast/1,fast/2,exact/2")
    asked = parser.parse_args()
    print(machine(), flush=True)
    print_scoring_live(asked.rounds, [way for way in asked.ways.split(",") if way])


if __name__ == "__main__":
    main()
