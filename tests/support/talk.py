"""A conversation fed to the address stage comment by comment; each step is applied as the engine does."""

from typing import Any

from streams.stages.address import Address, Config
from streams.stages.conversation import Conversations
from streams.stages.step import Step
from tests.support.builders import MINUTE, NOON, arrived, scored


class Talk:
    """A conversation fed comment by comment."""

    def __init__(self, config: Config | None = None) -> None:
        self.stage = Address(config)
        self.store: Conversations = self.stage.new_store()
        self.count = 0

    def say(self, author: str | None, text: str, toxicity: float = 0.1, **fields: Any) -> Step:
        self.count += 1
        fields.setdefault("author_name", author)
        fields.setdefault("created_at", NOON + self.count * MINUTE)
        comment_id = fields.pop("comment_id", f"c{self.count}")
        return self.take(scored(comment_id, toxicity, author_id=author, text=text, **fields))

    def take(self, record: Any) -> Step:
        step = self.stage.step(self.store, arrived(record))
        for key, entry in step.entries:
            self.store.apply(key, entry)
        return step
