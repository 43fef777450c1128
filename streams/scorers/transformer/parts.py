"""What a classifier of transformers is made of: BERT, RoBERTa, XLM-R and ALBERT, taken apart into one shape."""

from typing import Any, Final, NamedTuple

from streams.scorers import ScorerUnavailable

KINDS: Final = ("bert", "roberta", "xlm-roberta", "albert")
_ACTIVATIONS: Final = {"gelu": "none", "gelu_new": "tanh", "gelu_pytorch_tanh": "tanh"}
"""Name in a configuration → which approximation torch calls it."""


class Affine(NamedTuple):
    """x → x·weightᵀ + bias."""

    weight: Any
    bias: Any


class Block(NamedTuple):
    """One layer: attention and two affine maps, each with the norm after it."""

    attention: Affine
    """Query, key and value, one below the other."""
    mixed: Affine
    mixed_norm: Any
    wide: Affine
    narrow: Affine
    norm: Any


class Parts(NamedTuple):
    """A model, taken apart."""

    embeddings: Any
    """A module: words, positions, kinds of token, norm."""
    widened: Affine | None
    """ALBERT's map from the width of its embeddings to that of its layers."""
    blocks: tuple[Block, ...]
    pooled: Affine
    """Read at the first token, then tanh."""
    classifier: Affine
    heads: int
    padding: int | None
    """Where positions begin one after this, and tokens of this id have none of their own (RoBERTa); None: they begin at 0."""
    gelu: str


def parts_of(model: Any) -> Parts:
    """Return the parts of a model for classification. Raises ScorerUnavailable for an architecture that is none of ``KINDS``."""
    config = model.config
    kind = config.model_type
    if kind not in KINDS or config.hidden_act not in _ACTIVATIONS:
        raise ScorerUnavailable(
            f"the checkpoint is a {kind} with the activation {config.hidden_act}; Detoxify's models are {', '.join(KINDS)} with gelu"
        )
    base = getattr(model, model.base_model_prefix)
    is_albert, is_roberta = kind == "albert", "roberta" in kind
    pooled = model.classifier.dense if is_roberta else base.pooler if is_albert else base.pooler.dense
    return Parts(
        embeddings=base.embeddings,
        widened=_affine(base.encoder.embedding_hidden_mapping_in) if is_albert else None,
        blocks=_albert_blocks(base.encoder, config) if is_albert else tuple(map(_block, base.encoder.layer)),
        pooled=_affine(pooled),
        classifier=_affine(model.classifier.out_proj if is_roberta else model.classifier),
        heads=config.num_attention_heads,
        padding=config.pad_token_id if is_roberta else None,
        gelu=_ACTIVATIONS[config.hidden_act],
    )


def _block(layer: Any) -> Block:
    return Block(
        attention=_stacked(layer.attention.self),
        mixed=_affine(layer.attention.output.dense),
        mixed_norm=layer.attention.output.LayerNorm,
        wide=_affine(layer.intermediate.dense),
        narrow=_affine(layer.output.dense),
        norm=layer.output.LayerNorm,
    )


def _albert_blocks(encoder: Any, config: Any) -> tuple[Block, ...]:
    """Return one block per layer; layers of a group are the same object, and so are its blocks."""
    groups = [[_albert_block(layer) for layer in group.albert_layers] for group in encoder.albert_layer_groups]
    share = config.num_hidden_layers / config.num_hidden_groups
    return tuple(block for layer in range(config.num_hidden_layers) for block in groups[int(layer / share)])


def _albert_block(layer: Any) -> Block:
    return Block(
        attention=_stacked(layer.attention),
        mixed=_affine(layer.attention.dense),
        mixed_norm=layer.attention.LayerNorm,
        wide=_affine(layer.ffn),
        narrow=_affine(layer.ffn_output),
        norm=layer.full_layer_layer_norm,
    )


def _stacked(attention: Any) -> Affine:
    import torch

    each = (attention.query, attention.key, attention.value)
    return Affine(torch.cat([part.weight.detach() for part in each]), torch.cat([part.bias.detach() for part in each]))


def _affine(linear: Any) -> Affine:
    return Affine(linear.weight.detach(), linear.bias.detach())
