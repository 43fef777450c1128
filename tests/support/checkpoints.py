"""Small checkpoints in Detoxify's own format, of the architectures of its models, with real tokenizers; made here."""

from functools import cache
from pathlib import Path
from typing import Any, Final

from streams.scorers.checkpoint import Local

CLASSES: Final = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
LONGEST: Final = 64
WORDS: Final = "you are a stupid liar the match was fine thank goal and i do not agree with that at all".split()
ARCHITECTURES: Final = {
    "original": "bert", "unbiased": "roberta", "multilingual": "xlm-roberta", "original-small": "albert", "unbiased-small": "albert",
}  # fmt: skip
SMALL: Final = {"hidden_size": 32, "num_hidden_layers": 2, "num_attention_heads": 2, "intermediate_size": 64, "initializer_range": 0.2}
_TOKENIZERS: Final = {
    "bert": ("BertTokenizer", "bert-base-uncased"), "roberta": ("RobertaTokenizer", "roberta-base"),
    "xlm-roberta": ("XLMRobertaTokenizer", "xlm-roberta-base"), "albert": ("AlbertTokenizer", "albert-base-v2"),
}  # fmt: skip
_MODELS: Final = {"bert": "Bert", "roberta": "Roberta", "xlm-roberta": "XLMRoberta", "albert": "Albert"}
_LETTERS: Final = "abcdefghijklmnopqrstuvwxyz0123456789!.,?"


def checkpoint_of(
    architecture: str, folder: Path, classes: list[str] | None = None, outputs: int | None = None, file: str = "model.ckpt"
) -> Local:  # fmt: skip
    """Write a randomly initialised model; ``model_type`` is the hub name that real ones carry. ``outputs``: more than there are classes."""
    classes = CLASSES if classes is None else classes
    outputs = outputs or len(classes)
    tokenizer = tokenizer_of(architecture)
    model = model_of(architecture, tokenizer, outputs, **SMALL)
    return keep(folder, architecture, tokenizer, model, classes, file)


def model_of(architecture: str, tokenizer: Any, outputs: int, **shape: Any) -> Any:
    """Return a model of that shape with random weights, always the same."""
    import torch
    import transformers

    beyond = 2 if "roberta" in architecture else 0
    config = getattr(transformers, f"{_MODELS[architecture]}Config")(
        vocab_size=len(tokenizer), num_labels=outputs, max_position_embeddings=tokenizer.model_max_length + beyond,
        pad_token_id=tokenizer.pad_token_id, **shape,
    )  # fmt: skip
    torch.manual_seed(7)
    return getattr(transformers, f"{_MODELS[architecture]}ForSequenceClassification")(config)


def keep(folder: Path, architecture: str, tokenizer: Any, model: Any, classes: list[str], file: str = "model.ckpt") -> Local:
    """Write tokenizer, configuration and weights as Detoxify keeps them."""
    import torch

    tokenizer.save_pretrained(folder)
    model.config.save_pretrained(folder)
    tokenizer_name, hub_name = _TOKENIZERS[architecture]
    arguments = {"model_type": hub_name, "model_name": type(model).__name__, "tokenizer_name": tokenizer_name}
    arguments |= {"num_classes": model.config.num_labels}
    kept = {"config": {"arch": {"args": arguments}, "dataset": {"args": {"classes": classes}}}, "state_dict": model.state_dict()}
    torch.save(kept, folder / file)
    return Local(folder / file, folder)


def tokenizer_of(architecture: str) -> Any:
    """Return a tokenizer of that kind that knows a few words and all letters."""
    from transformers import AlbertTokenizer, BertTokenizer, RobertaTokenizer, XLMRobertaTokenizer

    if architecture == "bert":
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *_LETTERS, *(f"##{letter}" for letter in _LETTERS)]
        return BertTokenizer(vocab={piece: number for number, piece in enumerate(dict.fromkeys(pieces))}, model_max_length=LONGEST)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if architecture == "roberta":
        pieces = [*special, "Ġ", *_LETTERS, *_LETTERS.upper()]
        vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
        return RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=LONGEST)
    if architecture == "albert":
        special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁", *(f"▁{word}" for word in WORDS), *_LETTERS]
        return AlbertTokenizer(vocab=[(piece, -2.0) for piece in dict.fromkeys(special)], model_max_length=LONGEST)
    scored = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((f"▁{word}", -3.0) for word in WORDS)]
    scored += [(letter, -5.0) for letter in _LETTERS]
    return XLMRobertaTokenizer(vocab=list(dict(scored).items()), model_max_length=LONGEST)


def detoxify_of(local: Local) -> Any:
    """Return what the detoxify package itself loads, its checkpoint naming the local folder."""
    import detoxify
    import torch

    kept = torch.load(local.checkpoint, weights_only=False)
    kept["config"]["arch"]["args"]["model_type"] = str(local.config)
    torch.save(kept, local.config / "named.ckpt")
    return detoxify.Detoxify(checkpoint=local.config / "named.ckpt", huggingface_config_path=str(local.config))


def is_installed() -> str:
    """Return what is missing of the extra; empty where all is there."""
    try:
        import detoxify  # noqa: F401
        import torch
    except ImportError as error:
        return str(error)
    torch.set_num_threads(1)
    return ""


@cache
def made_in(folder: Path, architecture: str) -> Local:
    """Return the checkpoint of an architecture below a folder, made once."""
    place = folder / architecture
    place.mkdir()
    return checkpoint_of(architecture, place)
