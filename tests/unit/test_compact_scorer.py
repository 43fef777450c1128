"""The compact scorer: a score is a function of its text alone, and weights that cannot be used are told in one line.

Most of it is proved on a network of chance numbers, which tells nobody from nobody but is computed as the shipped one is.
"""

import json
import subprocess
import sys
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from streams.scorers import ScorerUnavailable
from streams.scorers.compact import SHIPPED, Compact
from streams.scorers.compact_network import digest_file, tokenizer, windows
from streams.scorers.disguises import normalised
from tests.support.compact import PIECES, made, signed, weights

WORDS = [
    "you",
    "are",
    "an",
    "idiot",
    "thank",
    "you",
    "for",
    "the",
    "link",
    "st\u200bup\u200bid",
    "i d i o t",
    "1d10t",
    "#!?",
    "héllo",
    "\U0001f600",
]
TEXTS = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(WORDS), max_size=80).map(" ".join))


@pytest.fixture(scope="module")
def path(tmp_path_factory):
    pytest.importorskip("onnx", reason="the network of the tests is made with onnx")
    return weights(made(), tmp_path_factory.mktemp("compact") / "compact.onnx")


@pytest.fixture(scope="module")
def compact(path) -> Compact:
    return Compact.read(path)


@settings(deadline=None, max_examples=60)
@given(texts=st.lists(TEXTS, min_size=2, max_size=6))
def test_a_score_never_depends_on_the_batch(compact, texts) -> None:
    alone = [compact.score([text])[0] for text in texts]
    assert compact.score(texts) == alone
    assert compact.score(texts[::-1]) == alone[::-1]


def test_a_score_never_depends_on_a_loud_neighbour(compact) -> None:
    """Where a batch shares one scale for its activations, a text of another length and other signs moves its mates by hundredths."""
    quiet, loud = "thank you for the link", "#!? " * 40
    assert compact.score([quiet, loud, quiet + " x"])[0] == compact.score([quiet])[0]


def test_another_process_says_the_same_to_the_last_byte(compact, path) -> None:
    texts = [" ".join(WORDS[:n]) for n in range(1, len(WORDS))]
    look = (
        "import json, sys; from pathlib import Path; from streams.scorers.compact import Compact; "
        "scorer = Compact.read(Path(sys.argv[1])); found = scorer.score(json.load(sys.stdin)); "
        "print(json.dumps([scorer.name, *(each.toxicity for each in found)]))"
    )
    found = subprocess.run([sys.executable, "-c", look, str(path)], input=json.dumps(texts), capture_output=True, text=True, check=True)
    assert json.loads(found.stdout) == [compact.name, *(each.toxicity for each in compact.score(texts))]


@settings(deadline=None, max_examples=60)
@given(TEXTS)
def test_a_score_is_a_probability_with_four_decimals(compact, text) -> None:
    (found,) = compact.score([text])
    assert 0 <= found.toxicity <= 1
    assert round(found.toxicity, 4) == found.toxicity
    assert found.labels == {"toxicity": found.toxicity}


def test_the_network_says_what_the_student_says_but_for_eight_bits(compact) -> None:
    torch = pytest.importorskip("torch")
    from streams.scorers.training.compact.fit import encoded, padded

    student, texts = made(), [normalised(" ".join(WORDS[:n])) for n in range(1, 8)]
    with torch.no_grad():
        expected = student(*padded(encoded(tokenizer(PIECES), texts))).numpy()
    found = np.array([compact._network.logit(text) for text in texts])
    assert np.abs(found - expected).max() < 0.05
    assert np.corrcoef(found, expected)[0, 1] > 0.9


@pytest.mark.parametrize("text", ["", " \n\t", "\u200b\u200d", "\u0301\u0323\u0301"])
def test_a_text_without_a_visible_character_is_zero(compact, text) -> None:
    assert compact.score([text])[0].toxicity == 0
    assert compact.score([]) == []


@pytest.mark.parametrize("length", [0, 1, 93, 94, 95, 118, 164, 165, 1000])
def test_windows_leave_nothing_out_and_fit_the_network(length) -> None:
    found = list(windows(range(length)))
    assert sorted({place for window in found for place in window}) == list(range(length))
    assert all(len(window) <= 94 for window in found)
    assert all(before[-24:] == after[:24] for before, after in pairwise(found))


def test_the_worst_part_of_a_long_text_counts(compact) -> None:
    parts = [f"{word} " * 90 for word in ("a", "b", "!")]
    network = compact._network
    assert network.logit("".join(parts)) >= max(map(network._logit, windows(network._pieces.encode("".join(parts)).ids))) - 1e-9
    assert network.logit("".join(parts)) >= network._logit(network._pieces.encode("a " * 90).ids)


def test_disguises_are_undone_and_the_larger_reading_counts(compact) -> None:
    plain, hidden = compact.score(["you are a stupid idiot", "you are a st\u200bup\u200bid 1d10t"])
    assert hidden.toxicity >= plain.toxicity


def test_the_name_tells_weights_runtime_and_type(compact, path, tmp_path) -> None:
    import onnxruntime

    assert compact.name.startswith("compact@2+")
    assert compact.name.endswith(f".ort{onnxruntime.__version__}.int8")
    assert Compact.read(weights(made(seed=1), tmp_path / "compact.onnx")).name != compact.name


def test_the_shipped_weights_tell_insults_from_civil_words() -> None:
    found = [
        each.toxicity
        for each in Compact.shipped().score(["You are an idiot.", "What a pathetic little loser you are!", "Thank you, that was helpful."])
    ]
    assert min(found[:2]) > 0.7
    assert found[2] < 0.2


def test_the_shipped_weights_are_small_and_have_a_card() -> None:
    assert SHIPPED.stat().st_size <= 14_000_000
    name = Compact.shipped().name.partition(".")[0]
    assert name in SHIPPED.with_name("COMPACT_CARD.md").read_text(encoding="utf-8")


def test_it_sends_nothing_home(path) -> None:
    look = (
        "import os, sys; from pathlib import Path; from streams.scorers.compact_network import opened; opened(Path(sys.argv[1])); "
        "print(os.environ['ORT_DISABLE_TELEMETRY'])"
    )
    assert subprocess.run([sys.executable, "-c", look, str(path)], capture_output=True, text=True, check=True).stdout == "1\n"


def told(path) -> str:
    with pytest.raises(ScorerUnavailable) as error:
        Compact.read(path)
    assert "\n" not in str(error.value)
    assert "--scorer linear" in str(error.value)
    return str(error.value)


def test_weights_that_are_missing_cut_off_or_changed_are_told_in_one_line(path, tmp_path) -> None:
    kept, copy = path.read_bytes(), tmp_path / "compact.onnx"
    assert "missing" in told(copy)
    copy.write_bytes(kept)
    assert "compact.sha256 are missing" in told(copy)
    digest_file(copy).write_text("", encoding="ascii")
    assert "damaged" in told(copy)
    signed(copy)
    copy.write_bytes(kept[:-1000])
    assert "damaged" in told(copy)
    copy.write_bytes(kept[:5000] + bytes([kept[5000] ^ 1]) + kept[5001:])
    assert "damaged" in told(copy)


@pytest.mark.parametrize("content", [b"", b"no network", b"\x08\x0a"])
def test_a_file_that_is_no_network_is_told_in_one_line(content, tmp_path) -> None:
    (tmp_path / "compact.onnx").write_bytes(content)
    assert "is no network that" in told(signed(tmp_path / "compact.onnx"))


@pytest.mark.parametrize("notes", [{"slope": ""}, {"slope": "steep"}, {"share": ""}, {"most": "all"}, {"pieces": ""}, {"pieces": "a\nb"}])
def test_a_network_of_others_is_told_in_one_line(notes, tmp_path) -> None:
    assert "is not the compact scorer's" in told(weights(made(), tmp_path / "compact.onnx", **notes))


@pytest.mark.parametrize("missing", ["onnxruntime", "tokenizers"])
def test_without_the_extra_the_command_says_so_in_one_line_and_exits_2(missing, path) -> None:
    look = (
        f"import sys; sys.modules[{missing!r}] = None; from pathlib import Path; import streams.scorers.compact as compact; "
        "compact.SHIPPED = Path(sys.argv[1]); from streams.cli.main import main; sys.exit(main(['score', '--scorer', 'compact']))"
    )
    found = subprocess.run([sys.executable, "-c", look, str(path)], input="a\n", capture_output=True, text=True, check=False)
    assert (found.returncode, found.stdout) == (2, "")
    assert f"({missing} is missing): pip install 'threadwatch[compact]'" in found.stderr
    assert found.stderr.count("\n") == 1
