"""Detoxify: small checkpoints of the same architectures, made here, loaded by the detoxify package without a network."""

import json
import shutil
import socket
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from streams.scorers import ScorerUnavailable, open_scorer
from streams.scorers.checkpoint import CHECKPOINT, CONFIG, Local
from streams.scorers.detoxify import Detoxify, open_detoxify
from tests.support.checkpoints import LONGEST, WORDS, checkpoint_of, detoxify_of

ARCHITECTURES = ["original", "unbiased", "multilingual", "original-small"]
LABELS = ["toxicity", "severe_toxicity", "obscene", "threat", "insult", "identity_attack"]
TEXTS = ["you are a stupid liar", "thank you", "the match was fine and i do not agree", "goal", "ZZZ unknown words 12!", "you " * 10]

pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture
def no_network(monkeypatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise AssertionError("the network was asked")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


def opened(made: Any, model: str) -> Detoxify:
    return open_detoxify(model, local=made(model), device="cpu")


@pytest.mark.usefixtures("no_network")
@pytest.mark.parametrize("model", ARCHITECTURES)
def test_scores_equal_detoxifys_own(model, made) -> None:
    scorer = opened(made, model)
    own = detoxify_of(made(model))
    for text, toxicity in zip(TEXTS, scorer.score(TEXTS), strict=True):
        expected = own.predict(text)
        assert list(toxicity.labels) == LABELS
        for label in LABELS:
            assert toxicity.labels[label] == pytest.approx(expected[label], abs=1e-4)
        assert toxicity.toxicity == toxicity.labels["toxicity"]
    assert len({toxicity.toxicity for toxicity in scorer.score(TEXTS)}) > 3


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
    rows = lambda batch: [[0.12345 + noise[len(batch) > 1]] * len(LABELS) for _ in batch]  # noqa: E731
    monkeypatch.setattr(scorer.engine, "run", lambda batches, exact: [rows(batch) for batch in batches])
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
    truncated = detoxify_of(made(model)).predict(start)
    assert all(cut.labels[label] >= truncated[label] - 1e-4 for label in LABELS)
    pieces, owners = scorer.engine.pieces([start])
    assert owners == [0] * len(pieces)
    assert max(map(len, pieces)) == LONGEST
    assert len(pieces) > 3


@pytest.mark.parametrize("text", ["", "  \n"])
def test_nothing_to_read_is_zero_everywhere(text, made) -> None:
    (found,) = opened_once(made, "original").score([text])
    assert (found.toxicity, set(found.labels.values())) == (0.0, {0.0})


def test_no_text_is_no_score(made) -> None:
    assert opened_once(made, "original").score([]) == []


def test_a_lone_half_of_a_character_is_scored_like_any_other(made) -> None:
    assert len(opened_once(made, "unbiased").score(["you \ud800 liar"])) == 1


def test_a_checkpoint_with_one_label_gives_lists_as_well(made, tmp_path) -> None:
    found = open_detoxify("original", local=checkpoint_of("bert", tmp_path, ["toxic"])).score(["you", "thank you"])
    assert [set(each.labels) for each in found] == [{"toxicity"}, {"toxicity"}]


def test_the_name_tells_model_weights_and_runtime(made, tmp_path) -> None:
    import torch

    name = opened_once(made, "original").name
    assert name.startswith("detoxify:original@")
    assert f"torch{torch.__version__}.fp32.cpu" in name
    local = made("original")
    kept = torch.load(local.checkpoint, weights_only=False)
    kept["state_dict"]["classifier.bias"] += 1
    torch.save(kept, tmp_path / "other.ckpt")
    assert open_detoxify("original", local=Local(tmp_path / "other.ckpt", local.config), device="cpu").name != name


@pytest.mark.usefixtures("no_network")
def test_the_environment_names_local_files_and_no_hub_is_asked(made, monkeypatch) -> None:
    monkeypatch.setenv(CHECKPOINT, str(made("original").checkpoint))
    monkeypatch.setenv(CONFIG, str(made("original").config))
    assert open_scorer("detoxify:original").score(["thank you"])[0].labels.keys() == set(LABELS)


def test_one_of_two_local_files_is_not_enough(made, monkeypatch) -> None:
    monkeypatch.setenv(CHECKPOINT, str(made("original").checkpoint))
    with pytest.raises(ScorerUnavailable, match=CONFIG):
        open_scorer("detoxify:original")


def test_a_missing_file_is_named(made, tmp_path) -> None:
    local = made("original")
    with pytest.raises(ScorerUnavailable, match=r"no Detoxify checkpoint .*nowhere\.ckpt"):
        open_detoxify("original", local=Local(tmp_path / "nowhere.ckpt", local.config))
    with pytest.raises(ScorerUnavailable, match=r"no config\.json"):
        open_detoxify("original", local=Local(local.checkpoint, tmp_path))


def test_a_broken_checkpoint_is_told_in_one_line(made, tmp_path) -> None:
    local = made("original")
    whole = local.checkpoint.read_bytes()
    for content in (b"", b"not a checkpoint", b"PK\x03\x04 half a zip", whole[: len(whole) // 2]):
        (tmp_path / "broken.ckpt").write_bytes(content)
        with pytest.raises(ScorerUnavailable, match="is not a Detoxify checkpoint") as told:
            open_detoxify("original", local=Local(tmp_path / "broken.ckpt", local.config))
        assert "\n" not in str(told.value)


def test_another_models_checkpoint_is_told(made) -> None:
    with pytest.raises(ScorerUnavailable, match="the checkpoint is a roberta; detoxify:original is a bert"):
        open_detoxify("original", local=made("unbiased"))


def test_a_checkpoint_with_labels_that_no_model_has_is_told(made, tmp_path) -> None:
    with pytest.raises(ScorerUnavailable, match="has the label 'spam', which no model of Detoxify has"):
        open_detoxify("original", local=checkpoint_of("bert", tmp_path, ["toxic", "spam"]))


def test_outputs_beyond_the_labels_are_left_out_as_detoxify_does(made, tmp_path) -> None:
    local = checkpoint_of("roberta", tmp_path, ["toxicity", "insult"], outputs=16)
    (found,) = open_detoxify("unbiased", local=local, device="cpu").score(["you liar"])
    assert found.labels == pytest.approx(detoxify_of(local).predict("you liar"), abs=1e-4)


def test_a_folder_with_other_labels_is_told(made, tmp_path) -> None:
    changed = folder_with(made("original"), tmp_path, id2label={"0": "a", "1": "b"})
    with pytest.raises(ScorerUnavailable, match="says 2 labels, the checkpoint has 6"):
        open_detoxify("original", local=changed)


def test_weights_that_do_not_fit_the_configuration_are_told(made, tmp_path) -> None:
    with pytest.raises(ScorerUnavailable, match="do not make a Detoxify model"):
        open_detoxify("original", local=folder_with(made("original"), tmp_path, hidden_size=64))


def folder_with(local: Local, to: Any, **changed: Any) -> Local:
    """Return the same files, the configuration changed."""
    shutil.copytree(local.config, to, dirs_exist_ok=True)
    config = json.loads((to / "config.json").read_text())
    (to / "config.json").write_text(json.dumps(config | changed))
    return Local(local.checkpoint, to)


def test_without_network_the_line_says_what_to_do(made, monkeypatch, tmp_path) -> None:
    import torch

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
