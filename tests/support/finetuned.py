"""A small BERT with a real signal, in Detoxify's format: trained here on ../shared/datasets, kept under .threadwatch.

Random weights prove nothing about eight bits: their scores lie within a few thousandths of each other.
"""

import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from random import Random
from typing import Any, Final

from streams.scorers.checkpoint import Local
from streams.scorers.training.datasets import Row
from tests.support.checkpoints import keep, model_of

DATA: Final = Path(__file__).parents[2].resolve().parent / "shared" / "datasets"
KEPT: Final = Path(".threadwatch") / "checkpoints"
_SHAPE: Final = {"hidden_size": 192, "num_hidden_layers": 3, "num_attention_heads": 3, "intermediate_size": 768}
_WORDS: Final = 8000
_LONGEST: Final = 128
_TRAINED: Final = 16_000
"""Texts, each seen once."""
_BATCH: Final = 32
_RATE: Final = 5e-4


def trained(rows: Sequence[Row], folder: Path) -> Local:
    """Return the checkpoint, trained on these rows unless it lies in the folder already: about a minute on a core."""
    home = folder / f"signal-1-{len(rows)}"
    if not home.exists():
        part = home.with_name(f"{home.name}.part")
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        chosen = Random(1).sample(list(rows), min(_TRAINED, len(rows)))
        tokenizer = wordpiece_of([row.text for row in chosen], _WORDS, _LONGEST)
        model = model_of("bert", tokenizer, 1, **_SHAPE)
        _train(model, tokenizer, chosen)
        keep(part, "bert", tokenizer, model, ["toxic"])
        part.rename(home)
    return Local(home / "model.ckpt", home)


def wordpiece_of(texts: Sequence[str], words: int, longest: int) -> Any:
    """Return a BERT tokenizer that learned its pieces from these texts."""
    from tokenizers import BertWordPieceTokenizer
    from transformers import BertTokenizer

    learned = BertWordPieceTokenizer(lowercase=True)
    learned.train_from_iterator(texts, vocab_size=words, show_progress=False)
    return BertTokenizer(vocab=learned.get_vocab(), model_max_length=longest)


def _train(model: Any, tokenizer: Any, rows: Sequence[Row]) -> None:
    """One pass, from a warm start to nothing."""
    import torch

    torch.manual_seed(1)
    batches = list(_batches(tokenizer, rows))
    steps = torch.optim.AdamW(model.parameters(), lr=_RATE, weight_decay=0.01)
    rate = torch.optim.lr_scheduler.OneCycleLR(steps, _RATE, total_steps=len(batches), pct_start=0.1)
    model.train()
    for ids, mask, target, weight in batches:
        logits = model(input_ids=ids, attention_mask=mask)[0][:, 0]
        loss = torch.nn.functional.binary_cross_entropy_with_logits(logits, target, weight)
        steps.zero_grad()
        loss.backward()
        steps.step()
        rate.step()
    model.eval()


def _batches(tokenizer: Any, rows: Sequence[Row]) -> Iterator[tuple[Any, ...]]:
    """Yield texts of like lengths together, in an order of chance."""
    import torch

    order = sorted(rows, key=lambda row: len(row.text))
    groups = [order[start : start + _BATCH] for start in range(0, len(order), _BATCH)]
    Random(2).shuffle(groups)
    for group in groups:
        found = tokenizer([row.text for row in group], truncation=True, padding=True, return_tensors="pt")
        target, weight = (torch.tensor([getattr(row, name) for row in group]) for name in ("target", "weight"))
        yield found["input_ids"], found["attention_mask"], target, weight
