"""Detoxify: small checkpoints of the same architectures, made here, loaded by the detoxify package without a network."""

import json
import os
import socket
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.scorers import ScorerUnavailable, open_scorer
from streams.scorers.detoxify import CHECKPOINT, CONFIG, Detoxify, open_detoxify

CLASSES = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
LABELS = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
LONGEST = 64
WORDS = "you are a stupid liar the match was fine thank goal and i do not agree with that at all".split()
TEXTS = ["you are a stupid liar", "thank you", "the match was fine and i do not agree", "goal", "ZZZ unknown words 12!", "you " * 10]
ARCHITECTURES = {"original": "bert", "unbiased": "roberta", "multilingual": "xlm-roberta", "original-small": "albert"}

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="session")
def torch() -> Any:
    """Torch; without it these tests are skipped, and fail where CI is set (``make test`` installs it)."""
    try:
        import detoxify  # noqa: F401
        import torch
    except ImportError as error:
        if os.environ.get("CI") == "true":
            pytest.fail(f"the extra 'detoxify' is missing: {error}")
        pytest.skip(f"the extra 'detoxify' is missing: {error}")
    torch.set_num_threads(1)
    return torch


@pytest.fixture(scope="session")
def made(torch, tmp_path_factory) -> Any:
    """Return a function from an architecture to its checkpoint and folder; each is made once."""
    folders: dict[str, tuple[Path, Path]] = {}

    def make(architecture: str) -> tuple[Path, Path]:
        if architecture not in folders:
            folders[architecture] = checkpoint_of(torch, architecture, tmp_path_factory.mktemp(architecture))
        return folders[architecture]

    return make


def checkpoint_of(torch: Any, architecture: str, folder: Path, classes: list[str] | None = None) -> tuple[Path, Path]:
    """Write a randomly initialised model as Detoxify keeps one; ``model_type`` is the hub name that real ones carry."""
    import transformers as hf

    classes = CLASSES if classes is None else classes
    kinds = {
        "albert": (hf.AlbertConfig, hf.AlbertForSequenceClassification, "AlbertTokenizer", "albert-base-v2", LONGEST),
        "bert": (hf.BertConfig, hf.BertForSequenceClassification, "BertTokenizer", "bert-base-uncased", LONGEST),
        "roberta": (hf.RobertaConfig, hf.RobertaForSequenceClassification, "RobertaTokenizer", "roberta-base", LONGEST + 2),
        "xlm-roberta": (
            hf.XLMRobertaConfig,
            hf.XLMRobertaForSequenceClassification,
            "XLMRobertaTokenizer",
            "xlm-roberta-base",
            LONGEST + 2,
        ),
    }
    config_class, model_class, tokenizer_name, hub_name, positions = kinds[architecture]
    tokenizer = tokenizer_of(architecture)
    tokenizer.save_pretrained(folder)
    config = config_class(
        vocab_size=len(tokenizer), hidden_size=32, num_hidden_layers=2, num_attention_heads=2, intermediate_size=64,
        num_labels=len(classes), max_position_embeddings=positions, pad_token_id=tokenizer.pad_token_id, initializer_range=0.5,
    )  # fmt: skip
    torch.manual_seed(7)
    model = model_class(config)
    config.save_pretrained(folder)
    arguments = {"model_type": hub_name, "model_name": model_class.__name__, "tokenizer_name": tokenizer_name, "num_classes": len(classes)}
    kept = {"config": {"arch": {"args": arguments}, "dataset": {"args": {"classes": classes}}}, "state_dict": model.state_dict()}
    torch.save(kept, folder / "model.ckpt")
    return folder / "model.ckpt", folder


def tokenizer_of(architecture: str) -> Any:
    from transformers import AlbertTokenizer, BertTokenizer, RobertaTokenizer, XLMRobertaTokenizer

    letters = "abcdefghijklmnopqrstuvwxyz0123456789!.,?"
    if architecture == "bert":
        pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS, *letters, *(f"##{letter}" for letter in letters)]
        return BertTokenizer(vocab={piece: number for number, piece in enumerate(dict.fromkeys(pieces))}, model_max_length=LONGEST)
    special = ["<s>", "<pad>", "</s>", "<unk>", "<mask>"]
    if architecture == "roberta":
        pieces = [*special, "Ġ", *letters, *letters.upper()]
        vocabulary = {piece: number for number, piece in enumerate(dict.fromkeys(pieces))}
        return RobertaTokenizer(vocab=vocabulary, merges=[], model_max_length=LONGEST)
    if architecture == "albert":
        special = ["<pad>", "<unk>", "[CLS]", "[SEP]", "[MASK]", "▁", *(f"▁{word}" for word in WORDS), *letters]
        return AlbertTokenizer(vocab=[(piece, -2.0) for piece in dict.fromkeys(special)], model_max_length=LONGEST)
    scored = [("<s>", 0.0), ("<pad>", 0.0), ("</s>", 0.0), ("<unk>", 0.0), ("▁", -2.0), *((f"▁{word}", -3.0) for word in WORDS)]
    scored += [(letter, -5.0) for letter in letters]
    return XLMRobertaTokenizer(vocab=list(dict(scored).items()), model_max_length=LONGEST)


@pytest.fixture
def no_network(monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def opened(made: Any, model: str) -> Detoxify:
    checkpoint, folder = made(ARCHITECTURES[model])
    return open_detoxify(model, checkpoint, folder, device="cpu")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("model", ARCHITECTURES)
def test_scores_equal_detoxifys_own(model, made) -> None:
    scorer = opened(made, model)
    own = original(made, model)
    for text, toxicity in zip(TEXTS, scorer.score(TEXTS), strict=True):
        expected = own.predict(text)
        assert list(toxicity.labels) == LABELS
        for label in LABELS:
            assert toxicity.labels[label] == pytest.approx(expected[label], abs=1e-4)
        assert toxicity.toxicity == toxicity.labels["toxicity"]
    assert len({toxicity.toxicity for toxicity in scorer.score(TEXTS)}) > 3


def original(made: Any, model: str) -> Any:
    """Return what the detoxify package itself loads, its checkpoint naming the local folder."""
    import detoxify
    import torch

    checkpoint, folder = made(ARCHITECTURES[model])
    kept = torch.load(checkpoint, weights_only=False)
    kept["config"]["arch"]["args"]["model_type"] = str(folder)
    torch.save(kept, folder / "named.ckpt")
    return detoxify.Detoxify(checkpoint=folder / "named.ckpt", huggingface_config_path=str(folder))


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("model", ARCHITECTURES)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_a_score_never_depends_on_the_batch(model, made, data) -> None:
    scorer = opened_once(made, model)
    text = st.one_of(st.sampled_from(TEXTS), st.text(max_size=30), st.lists(st.sampled_from(WORDS), max_size=90).map(" ".join))
    texts = data.draw(st.lists(text, min_size=2, max_size=12))
    assert scorer.score(texts) == [scorer.score([each])[0] for each in texts]


def test_a_score_that_rounding_could_turn_is_computed_alone(made, monkeypatch) -> None:
    scorer = opened(made, "original")
    noise = {True: 4e-7, False: -4e-7}
    monkeypatch.setattr(scorer, "_run", lambda pieces: [[0.12345 + noise[len(pieces) > 1]] * len(LABELS) for _ in pieces])
    assert {each.toxicity for each in scorer.score(["you", "thank you"])} == {scorer.score(["you"])[0].toxicity}


_OPENED: dict[str, Detoxify] = {}


def opened_once(made: Any, model: str) -> Detoxify:
    if model not in _OPENED:
        _OPENED[model] = opened(made, model)
    return _OPENED[model]


@pytest.mark.parametrize("model", ARCHITECTURES)
def test_the_end_of_a_long_comment_counts(model, made) -> None:
    scorer = opened_once(made, model)
    start = "thank you the match was fine " * 60
    whole, cut = scorer.score([start + "you are a stupid liar " * 3, start])
    assert whole.labels != cut.labels
    truncated = original(made, model).predict(start)
    assert all(cut.labels[label] >= truncated[label] - 1e-4 for label in LABELS)
    pieces, owners = scorer._pieces([start])
    assert owners == [0] * len(pieces)
    assert max(len(piece["input_ids"]) for piece in pieces) == LONGEST
    assert len(pieces) > 3


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_to_read_is_zero_everywhere(text, made) -> None:
    (found,) = opened_once(made, "original").score([text])
    assert (found.toxicity, set(found.labels.values())) == (0.0, {0.0})


def test_no_text_is_no_score(made) -> None:
    assert opened_once(made, "original").score([]) == []


def test_a_lone_half_of_a_character_is_scored_like_any_other(made) -> None:
    assert len(opened_once(made, "unbiased").score(["you \ud800 liar"])) == 1


def test_a_checkpoint_with_one_label_gives_lists_as_well(torch, tmp_path) -> None:
    checkpoint, folder = checkpoint_of(torch, "bert", tmp_path, ["toxic"])
    found = open_detoxify("original", checkpoint, folder, "cpu").score(["you", "thank you"])
    assert [set(each.labels) for each in found] == [{"toxicity"}, {"toxicity"}]


def test_the_name_tells_model_weights_and_runtime(torch, made, tmp_path) -> None:
    name = opened_once(made, "original").name
    assert name.startswith("detoxify:original@")
    assert f"torch{torch.__version__}.fp32.cpu" in name
    checkpoint, folder = made("bert")
    kept = torch.load(checkpoint, weights_only=False)
    kept["state_dict"]["classifier.bias"] += 1
    torch.save(kept, tmp_path / "other.ckpt")
    assert open_detoxify("original", tmp_path / "other.ckpt", folder, "cpu").name != name


@pytest.mark.usefixtures("no_network")
def test_the_environment_names_local_files_and_no_hub_is_asked(made, monkeypatch) -> None:
    checkpoint, folder = made("bert")
    monkeypatch.setenv(CHECKPOINT, str(checkpoint))
    monkeypatch.setenv(CONFIG, str(folder))
    assert open_scorer("detoxify:original").score(["thank you"])[0].labels.keys() == set(LABELS)


def test_one_of_two_local_files_is_not_enough(made, monkeypatch) -> None:
    monkeypatch.setenv(CHECKPOINT, str(made("bert")[0]))
    with pytest.raises(ScorerUnavailable, match=CONFIG):
        open_scorer("detoxify:original")


def test_a_missing_file_is_named(made, tmp_path) -> None:
    checkpoint, folder = made("bert")
    with pytest.raises(ScorerUnavailable, match=r"no Detoxify checkpoint .*nowhere\.ckpt"):
        open_detoxify("original", tmp_path / "nowhere.ckpt", folder)
    with pytest.raises(ScorerUnavailable, match=r"no config\.json"):
        open_detoxify("original", checkpoint, tmp_path)


@pytest.mark.parametrize("content", [b"", b"not a checkpoint", b"PK\x03\x04 half a zip"])
def test_a_broken_checkpoint_is_told_in_one_line(content, made, tmp_path) -> None:
    (tmp_path / "broken.ckpt").write_bytes(content)
    with pytest.raises(ScorerUnavailable, match="is not a Detoxify checkpoint") as told:
        open_detoxify("original", tmp_path / "broken.ckpt", made("bert")[1])
    assert "\n" not in str(told.value)


def test_a_folder_with_other_labels_is_told(torch, tmp_path) -> None:
    checkpoint, folder = checkpoint_of(torch, "bert", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["id2label"] = {"0": "a", "1": "b"}
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ScorerUnavailable, match="says 2 labels, the checkpoint has 6"):
        open_detoxify("original", checkpoint, folder)


def test_weights_that_do_not_fit_the_configuration_are_told(torch, tmp_path) -> None:
    checkpoint, folder = checkpoint_of(torch, "bert", tmp_path)
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"hidden_size": 64}))
    with pytest.raises(ScorerUnavailable, match="do not make a Detoxify model"):
        open_detoxify("original", checkpoint, folder)


def test_without_network_the_line_says_what_to_do(torch, monkeypatch, tmp_path) -> None:
    def unreachable(*_: object, **__: object) -> None:
        raise OSError("Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unreachable)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(ScorerUnavailable, match=f"could not be fetched.*{CHECKPOINT}"):
        open_scorer("detoxify:original")


def test_without_the_extra_the_line_says_how_to_get_it(monkeypatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "detoxify", None)
    with pytest.raises(ScorerUnavailable, match=r"pip install 'threadwatch\[detoxify\]'"):
        open_scorer("detoxify:original")
