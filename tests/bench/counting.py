"""What counting costs: every stage's batches with and without metrics, by turns on the same messages, CPU time of one thread."""

import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

import msgspec
from prometheus_client import CollectorRegistry

from streams import engine
from streams.engine import Effects, Message
from streams.metrics import Metrics
from streams.pseudonyms import comment_reference
from streams.records import PileOn, Status
from streams.scorers import open_scorer
from streams.sources.sample import sample
from streams.stages.address import Address
from streams.stages.alert import Alerts
from streams.stages.alert_config import Config as AlertConfig
from streams.stages.pileon import Config, PileOns
from streams.stages.score import Score
from streams.stages.step import Stage
from tests.support.builders import pileon

_BATCH = 500
_ROUNDS = 10
_COMMENTS = 4_000
_NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
_BEGAN = time.monotonic()
"""Time passes for metrics as in a worker: exemplars are made every few seconds."""


def print_counting() -> None:
    """Print, per stage, microseconds a record without and with counting. Decoding and encoding are in both, the broker is in neither."""
    raw = [msgspec.json.encode(comment) for comment in sample(_NOW, _COMMENTS)]
    scorer = open_scorer("linear")
    scored = _compared(lambda: Score(scorer), raw, scorer.name)
    replies = _compared(Address, scored, scorer.name)
    _compared(lambda: PileOns(Config(), {}, {}, b"bench"), replies, scorer.name)
    _compared(
        lambda: Alerts(AlertConfig(stale_after=timedelta(days=36_500)), ()),
        [msgspec.json.encode(transition) for transition in _transitions()],
        scorer.name,
    )


def _transitions() -> Iterator[PileOn]:
    """Yield a thousand pile-ons, each of which opens, gets larger twice and ends: the sample has too few to time."""
    for case in range(1000):
        for revision, status in enumerate((Status.OPENED, Status.ONGOING, Status.ONGOING, Status.CLOSED), start=1):
            yield pileon(f"case-{case}", revision, status, source="sample", target_id=f"person-{case}")


def _compared(make: Callable[[], Stage], values: Sequence[bytes], scorer: str) -> list[bytes]:
    stage = make()
    metrics = Metrics(
        CollectorRegistry(), {stage.name: stage.outcomes}, sources={"sample": ()}, notes=getattr(stage, "notes", ()), scorer=scorer,
        refer=lambda comment: comment_reference(b"bench", comment.source, comment.conversation_id, comment.comment_id),
    )  # fmt: skip
    found = [batch for _ in range(_ROUNDS) for batch in _round(make(), make(), values, metrics)]
    plain = statistics.median(without for without, _, _ in found)
    # Who goes second finds warm caches: the two orders are two populations, each with its own median.
    added = statistics.mean(statistics.median(counted - without for without, counted, _ in found[first::2]) for first in (0, 1))
    itself = statistics.median(itself for _, _, itself in found)
    print(
        f"counting {stage.name:<8} {1e6 * plain / _BATCH:6.2f} µs a record without metrics, {100 * added / plain:+.1f} % with them; "
        f"counting alone {1e6 * itself / _BATCH:.2f} µs, {100 * itself / plain:.1f} % (medians of {len(found)} batches)",
        flush=True,
    )
    return [send.value for effects in _turned(make(), values) for send in effects.sends]


def _messages(stage: Stage, values: Sequence[bytes]) -> list[list[Message]]:
    at = int(_NOW.timestamp() * 1000)
    every = [Message(stage.source.name, 0, offset, at, None, value) for offset, value in enumerate(values)]
    return [every[start : start + _BATCH] for start in range(0, len(every), _BATCH)]


def _turned(stage: Stage, values: Sequence[bytes]) -> list[Effects]:
    store = stage.new_store()
    return [engine.turn(stage, batch, store) for batch in _messages(stage, values)]


def _round(plain: Stage, counted: Stage, values: Sequence[bytes], metrics: Metrics) -> list[tuple[float, float, float]]:
    """Return the CPU seconds of every batch without and with counting, and of counting alone; who goes first changes."""
    stores, found, itself = (plain.new_store(), counted.new_store()), [], 0.0
    gc.collect()
    gc.disable()  # whom a collection hits is chance, and it costs as much as counting a batch
    for number, batch in enumerate(_messages(plain, values)):
        took = {False: 0.0, True: 0.0}
        for is_counted in (number % 2 == 0, number % 2 == 1):
            began = time.process_time()
            effects = engine.turn(counted if is_counted else plain, batch, stores[is_counted])
            turned = time.process_time()
            if is_counted:
                metrics.turned(counted.name, effects, 0.1, _NOW + timedelta(seconds=time.monotonic() - _BEGAN))
                itself = time.process_time() - turned
            took[is_counted] = time.process_time() - began
        found.append((took[False], took[True], itself))
    gc.enable()
    return found
