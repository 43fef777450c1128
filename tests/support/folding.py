"""Records through one stage, as the engine folds them, without bytes."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from streams.engine import Effects, fold, load
from streams.stages.step import Arrived, Stage
from tests.support.builders import NOON


def arrived(records: Iterable[Any]) -> list[Arrived]:
    """Return records with the time at which they arrived, where they tell it."""
    return [Arrived(record, getattr(record, "ingested_at", None) or getattr(record, "at", None) or NOON) for record in records]


def folded(stage: Stage, records: Iterable[Any], store: Any = None) -> Effects:
    """Return what the stage makes of the records, in one batch."""
    effects = Effects()
    fold(stage, arrived(records), stage.new_store() if store is None else store, effects)
    return effects


def entries_of(stage: Stage, batches: Sequence[Sequence[Any]]) -> dict[bytes, bytes]:
    """Return the state topic after these batches, compacted."""
    store, state = stage.new_store(), dict[bytes, bytes | None]()
    for batch in batches:
        state |= folded(stage, batch, store).entries
    return {key: value for key, value in state.items() if value is not None}


def restarted(stage: Stage, state: dict[bytes, bytes]) -> Any:
    """Return the store that a new worker would load."""
    return load(stage, state.items())


def as_lines(outputs: Iterable[Any]) -> list[bytes]:
    """Return records as sorted JSON lines: what two runs must agree on."""
    return sorted(msgspec.json.encode(output) for output in outputs)
