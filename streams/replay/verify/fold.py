"""``replies`` through the very ``pileon`` stage, partition by partition in the order of offsets."""

from collections.abc import Callable, Sequence
from datetime import datetime

from streams.engine import Message, decoder_of, moment, turn
from streams.records import Reply
from streams.replay.verify.differences import Made, place_of
from streams.replay.verify.opening import Opening, opening
from streams.stages.step import Stage
from streams.topics import REPLIES

Open = Callable[[Stage, int], Opening]


class Refold:
    """Takes batches of one partition each, in order, and gathers the transitions that they make."""

    def __init__(self, stage: Stage, firsts: dict[int, int], targets: set[tuple[str, str, str]], opened: Open = opening) -> None:
        """``firsts``: the oldest offset of each partition. Of ``targets`` it is remembered which comments answered them."""
        self.made: list[Made] = []
        self.records = 0
        self.unreadable = 0
        self.starts: dict[int, datetime] = {}
        """Partition → when the broker got the first message that was folded."""
        self.heard: dict[tuple[str, str, str], set[datetime]] = {}
        """Target → times of writing of the replies to it."""
        self._stage, self._targets = stage, targets
        self._openings = {partition: opened(stage, first) for partition, first in firsts.items()}

    @property
    def approximate(self) -> set[int]:
        """Return the partitions whose state at the beginning is not known in full."""
        return {partition for partition, one in self._openings.items() if one.is_approximate}

    def take(self, batch: Sequence[Message]) -> None:
        """Fold one batch."""
        if not batch:
            return
        partition = batch[0].partition
        self.starts.setdefault(partition, moment(batch[0].timestamp_ms))
        effects = turn(self._stage, batch, self._openings[partition].store)
        unreadable = {letter.message.offset for letter in effects.dead_letters}
        readable = [message for message in batch if message.offset not in unreadable]
        for message, step in zip(readable, effects.steps, strict=True):
            self.made += [Made(pileon, place_of(message)) for pileon in step.outputs]
        self.records += len(batch)
        self.unreadable += len(unreadable)
        if self._openings[partition].is_approximate:
            self._hear(readable)

    def _hear(self, messages: Sequence[Message]) -> None:
        for message in messages:
            reply = decoder_of(REPLIES)(message.value)
            if isinstance(reply, Reply) and (where := (reply.source, reply.community, reply.target_id)) in self._targets:
                self.heard.setdefault(where, set()).update((reply.created_at, reply.ingested_at))
