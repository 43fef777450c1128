"""A model of bert-base's shape in Detoxify's format, and comments for it. Its weights are random: speed does not depend on them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any, Final, NamedTuple

from streams.scorers import ScorerUnavailable
from streams.scorers.checkpoint import Local
from streams.scorers.training.datasets import TRAINED
from streams.scorers.transformer.kernel.building import build
from streams.sources.sample import sample
from tests.support.checkpoints import CLASSES, keep, model_of
from tests.support.finetuned import DATA, wordpiece_of

MEAN: Final = 47.5
"""Tokens of a comment, in the mean, as shared/design/scoring.md measures."""
_WORDS: Final = 30_522
_DRAWS: Final = 200


class BertBase(NamedTuple):
    """The checkpoint, comments of that mean length, and the kernel's path; empty where there can be none."""

    local: Local
    texts: list[str]
    kernel: str


def bert_base(folder: Path, comments: int) -> BertBase:
    """Return all of it, made in the folder. Says so where the kernel cannot be built here."""
    texts = _texts()
    tokenizer = wordpiece_of(texts, _WORDS, 512)
    model = model_of("bert", tokenizer, len(CLASSES))
    # Random weights put every score at one half, a threshold, where the fast lane computes all in fp32 too. Most comments are clean.
    model.classifier.bias.data.fill_(-4.0)
    local = keep(folder, "bert", tokenizer, model, CLASSES)
    return BertBase(local, _of_mean_length(texts, tokenizer, comments), kernel_in(folder))


def kernel_in(folder: Path) -> str:
    """Return the path of the fast lane's kernel, built here; empty, and said so, where there can be none."""
    try:
        return str(build(folder))
    except ScorerUnavailable as error:
        print(f"detoxify, fast lane: {error}", flush=True)
        return ""


def _texts() -> list[str]:
    """Return comments of news sites where they are there, else invented ones, which are shorter."""
    if DATA.exists():
        return [row.text for row in TRAINED["toxic_spans"](DATA)]
    return [comment.text or "" for comment in sample(datetime(2026, 3, 1, tzinfo=UTC), 10_000)]


def _of_mean_length(texts: Sequence[str], tokenizer: Any, count: int) -> list[str]:
    """Return different texts whose mean number of tokens is near MEAN, and which otherwise fell by chance."""
    chance, every = Random(1), list(dict.fromkeys(texts))
    some = chance.sample(every, min(len(every), 40 * count))
    length = dict(zip(some, map(len, tokenizer(some, truncation=True)["input_ids"]), strict=True))
    draws = [chance.sample(some, min(count, len(some))) for _ in range(_DRAWS)]
    return min(draws, key=lambda draw: abs(sum(map(length.__getitem__, draw)) / len(draw) - MEAN))
