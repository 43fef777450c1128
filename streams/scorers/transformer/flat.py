"""A transformer over a flat row of tokens: no padding, attention within each comment only.

The affine maps, nearly all of the work, see all comments of a batch at once; attention sees one comment at a time, so
its result cannot depend on others. Of the last layer only the first token of each comment is read, so only that is made.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from typing import Any, Protocol

from streams.scorers.transformer.affine import Maker, Map, fp32
from streams.scorers.transformer.parts import Block, Parts

Ids = Sequence[int]
Spans = Sequence[tuple[int, int]]
"""Where each comment begins and ends in the row."""


class Layers(Protocol):
    """All layers, made ready. ``hidden``, a row per token, may be overwritten."""

    def whole(self, hidden: Any, spans: Spans) -> Any:
        """Return what becomes of every token."""

    def first(self, hidden: Any, spans: Spans) -> Any:
        """Return what becomes of the first token of each comment."""


LayersMaker = Callable[[Parts], Layers]


def in_torch(make: Maker) -> LayersMaker:
    """Return what makes layers of torch's own operators, their maps readied by ``make``."""
    return lambda parts: _TorchLayers(make, parts)


class Flat:
    """A model made ready; give it comments as token ids, get logits."""

    def __init__(self, parts: Parts, make: LayersMaker) -> None:
        """``make`` readies the layers. What comes before and after them is small, and stays fp32."""
        # What is made ready replaces the weights that it was made of: nothing here may hold on to those.
        self._embeddings, self._padding = parts.embeddings, parts.padding
        self._widened = fp32(parts.widened, "") if parts.widened else None
        self._layers = make(parts)
        self._pooled, self._classifier = fp32(parts.pooled, ""), fp32(parts.classifier, "")

    def __call__(self, batch: Sequence[Ids]) -> list[list[float]]:
        """Return the logits per comment and label, whatever the number of either."""
        import torch

        with torch.inference_mode():
            lengths = [len(ids) for ids in batch]
            ends = torch.tensor(lengths).cumsum(0)
            spans = list(zip((ends - torch.tensor(lengths)).tolist(), ends.tolist(), strict=True))
            logits = self._classifier(torch.tanh(self._pooled(self._layers.first(self._embedded(batch), spans))))
            rows: list[list[float]] = logits.double().tolist()
        return rows

    def _embedded(self, batch: Sequence[Ids]) -> Any:
        import torch

        words = torch.tensor(list(chain.from_iterable(batch)))
        places = torch.tensor(list(chain.from_iterable(positions(ids, self._padding) for ids in batch)))
        # One comment as long as all of them to the module, each token with its own place.
        hidden = self._embeddings(input_ids=words[None], position_ids=places[None], token_type_ids=torch.zeros_like(words)[None])[0]
        return self._widened(hidden) if self._widened else hidden


def positions(ids: Ids, padding: int | None) -> Sequence[int]:
    """Return the place of each token. RoBERTa counts from behind its padding's id, and not such tokens (a text may spell one)."""
    if padding is None:
        return range(len(ids))
    places, place = [], padding
    for token in ids:
        place += token != padding
        places.append(padding if token == padding else place)
    return places


class _TorchLayers:
    """All layers by torch's operators."""

    def __init__(self, make: Maker, parts: Parts) -> None:
        made = {id(block): _TorchLayer(block, make, parts) for block in parts.blocks}
        *self._before, self._last = (made[id(block)] for block in parts.blocks)

    def whole(self, hidden: Any, spans: Spans) -> Any:
        """Return what becomes of every token."""
        return self._last.whole(self._reaching_last(hidden, spans), spans)

    def first(self, hidden: Any, spans: Spans) -> Any:
        """Return what becomes of the first token of each comment."""
        return self._last.first(self._reaching_last(hidden, spans), spans)

    def _reaching_last(self, hidden: Any, spans: Spans) -> Any:
        for layer in self._before:
            hidden = layer.whole(hidden, spans)
        return hidden


class _TorchLayer:
    """A layer by torch's operators."""

    def __init__(self, block: Block, make: Maker, parts: Parts) -> None:
        self._attention: Map = make(block.attention, "")
        self._mixed, self._mixed_norm = make(block.mixed, ""), block.mixed_norm
        self._wide, self._narrow, self._norm = make(block.wide, parts.gelu), make(block.narrow, ""), block.norm
        self._heads = parts.heads

    def whole(self, hidden: Any, spans: Spans) -> Any:
        """Return what becomes of every token."""
        import torch

        mixed = torch.empty_like(hidden)
        for (start, end), attended in zip(spans, self._attended(hidden, spans, slice(None)), strict=True):
            mixed[start:end] = attended
        return self._rest(mixed, hidden)

    def first(self, hidden: Any, spans: Spans) -> Any:
        """Return what becomes of the first token of each comment."""
        import torch

        mixed = torch.cat(list(self._attended(hidden, spans, slice(0, 1))))
        return self._rest(mixed, hidden[[start for start, _ in spans]])

    def _attended(self, hidden: Any, spans: Spans, asking: slice) -> Any:
        """Yield, for each comment, what its asking tokens gather from all of its tokens."""
        import torch

        tokens, width = hidden.shape
        three = self._attention(hidden).view(tokens, 3, self._heads, width // self._heads)
        for start, end in spans:
            query, key, value = three[start:end].permute(1, 2, 0, 3).unsqueeze(1).unbind(0)
            gathered = torch.nn.functional.scaled_dot_product_attention(query[:, :, asking], key, value)
            yield gathered[0].transpose(0, 1).reshape(-1, width)

    def _rest(self, mixed: Any, hidden: Any) -> Any:
        hidden = self._mixed_norm(self._mixed(mixed) + hidden)
        return self._norm(self._narrow(self._wide(hidden)) + hidden)
