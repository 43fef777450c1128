"""The network while it learns: some of MiniLM's six layers, the mean of the pieces, one logit. The teacher has all, the student three."""

from collections.abc import Mapping, Sequence
from typing import Final

import torch
from torch import Tensor, nn
from torch.nn import functional

WIDTH: Final = 384
HEADS: Final = 12
INNER: Final = 1536
KEPT: Final = (0, 2, 5)
"""Layers of the six that the student begins with."""
ALL: Final = (0, 1, 2, 3, 4, 5)
"""Those that its teacher begins with."""
PLACES: Final = 96
"""Pieces read at once, the two marks at the ends included."""
_DROPOUT: Final = 0.1
_EPSILON: Final = 1e-12
_NOWHERE: Final = -1e4
"""Of a place where the text has ended; e to this is 0."""


class Layer(nn.Module):
    """One layer of BERT, its query, key and value as one matrix."""

    def __init__(self) -> None:
        super().__init__()
        self.asked = nn.Linear(WIDTH, 3 * WIDTH)
        self.told = nn.Linear(WIDTH, WIDTH)
        self.told_norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.wide = nn.Linear(WIDTH, INNER)
        self.narrow = nn.Linear(INNER, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)

    def forward(self, pieces: Tensor, mask: Tensor) -> Tensor:
        """Return the pieces after this layer; ``mask`` is False where a text has ended."""
        texts, length = pieces.shape[:2]
        query, key, value = self.asked(pieces).view(texts, length, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
        # In plain products: torch's own function takes five times as long to go back through, for texts as short as these.
        alike = (query @ key.transpose(2, 3) / (WIDTH / HEADS) ** 0.5).masked_fill(~mask[:, None, None], _NOWHERE)
        found = alike.softmax(dim=-1).to(value.dtype) @ value
        found = self._dropped(self.told(found.transpose(1, 2).reshape(texts, length, WIDTH)))
        pieces = self.told_norm(pieces + found)
        wide = self._dropped(self.narrow(functional.gelu(self.wide(pieces))))
        normed: Tensor = self.norm(pieces + wide)
        return normed

    def _dropped(self, values: Tensor) -> Tensor:
        return functional.dropout(values, _DROPOUT, self.training)


class Student(nn.Module):
    """Gives one logit a text."""

    def __init__(self, pieces: int, layers: int = len(KEPT)) -> None:
        super().__init__()
        self.words = nn.Embedding(pieces, WIDTH)
        self.places = nn.Embedding(PLACES, WIDTH)
        self.norm = nn.LayerNorm(WIDTH, eps=_EPSILON)
        self.layers = nn.ModuleList(Layer() for _ in range(layers))
        self.verdict = nn.Linear(WIDTH, 1)

    def forward(self, ids: Tensor, mask: Tensor) -> Tensor:
        """Return a logit per row of ``ids``; ``mask`` is False where a text has ended."""
        pieces = self.norm(self.words(ids) + self.places.weight[: ids.shape[1]])
        pieces = functional.dropout(pieces, _DROPOUT, self.training)
        for layer in self.layers:
            pieces = layer(pieces, mask)
        share = mask / mask.sum(dim=1, keepdim=True)
        mean = (pieces * share[:, :, None]).sum(dim=1)
        logits: Tensor = self.verdict(functional.dropout(mean, _DROPOUT, self.training))[:, 0]
        return logits


def student(base: Mapping[str, Tensor], kept: Sequence[int], layers: Sequence[int] = KEPT) -> Student:
    """Return a network that begins with the base's weights: these of its layers, and the rows of the pieces kept."""
    made = Student(len(kept), len(layers))
    with torch.no_grad():
        made.words.weight.copy_(base["embeddings.word_embeddings.weight"][list(kept)])
        made.places.weight.copy_(
            base["embeddings.position_embeddings.weight"][:PLACES] + base["embeddings.token_type_embeddings.weight"][0]
        )
        _copied(made.norm, base, "embeddings.LayerNorm")
        for number, layer in zip(layers, made.layers, strict=True):
            _layer_copied(layer, base, f"encoder.layer.{number}")
    return made


def shortened(made: Student, layers: Sequence[int]) -> Student:
    """Return a network that begins with what another has learned: these of its layers, and all else."""
    short = Student(made.words.num_embeddings, len(layers))
    kept = {name: value for name, value in made.state_dict().items() if not name.startswith("layers.")}
    for number, layer in enumerate(layers):
        kept |= {f"layers.{number}.{name}": value for name, value in made.layers[layer].state_dict().items()}
    short.load_state_dict(kept)
    return short


def _layer_copied(layer: nn.Module, base: Mapping[str, Tensor], name: str) -> None:
    assert isinstance(layer, Layer)
    for kind in ("weight", "bias"):
        asked = torch.cat([base[f"{name}.attention.self.{part}.{kind}"] for part in ("query", "key", "value")])
        getattr(layer.asked, kind).copy_(asked)
    _copied(layer.told, base, f"{name}.attention.output.dense")
    _copied(layer.told_norm, base, f"{name}.attention.output.LayerNorm")
    _copied(layer.wide, base, f"{name}.intermediate.dense")
    _copied(layer.narrow, base, f"{name}.output.dense")
    _copied(layer.norm, base, f"{name}.output.LayerNorm")


def _copied(part: nn.Module, base: Mapping[str, Tensor], name: str) -> None:
    for kind in ("weight", "bias"):
        getattr(part, kind).copy_(base[f"{name}.{kind}"])
