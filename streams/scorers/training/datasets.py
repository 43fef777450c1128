"""Labelled texts of ../shared/datasets as soft targets: how toxic people found each, and how much each counts.

Targets and weights follow shared/design/scoring.md; each reader says its own in one line.
"""

import csv
import gzip
import hashlib
import html
import io
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from msgspec import Struct

EXCLUDED: Final = "exclude.txt.gz"
_RUNS: Final = re.compile(r"[a-z0-9]+")


class Row(Struct, frozen=True):
    """A text, how toxic it is in [0, 1], how much it counts, and what must not be split from it."""

    text: str
    target: float
    weight: float
    group: str


def key(text: str) -> str:
    """Return what makes two texts the same: the hash that the data's README defines for its list of exclusions."""
    return hashlib.sha256(" ".join(_RUNS.findall(html.unescape(text).lower())).encode()).hexdigest()[:16]


def excluded(data: Path) -> frozenset[str]:
    """Return the keys of texts that stand in sets kept for independent evaluation."""
    return frozenset(gzip.decompress((data / EXCLUDED).read_bytes()).decode().split())


def _text(path: Path) -> str:
    content = path.read_bytes()
    return (gzip.decompress(content) if path.suffix == ".gz" else content).decode("utf-8", "replace")


def _table(path: Path, delimiter: str = ",") -> Iterator[dict[str, str]]:
    csv.field_size_limit(10_000_000)
    lines = io.StringIO(_text(path))
    if delimiter == "\t":
        return iter(csv.DictReader(lines, delimiter=delimiter, quoting=csv.QUOTE_NONE))
    return iter(csv.DictReader(lines))


def _lines(path: Path) -> Iterator[dict[str, Any]]:
    return (json.loads(line) for line in _text(path).splitlines() if line.strip())


def _toxic_spans(data: Path) -> Iterator[Row]:
    """.12 + .85 · the share of raters who found it toxic: all were picked because somebody once did."""
    votes = defaultdict(list)
    for vote in _table(data / "toxic_spans/ts_annotations.csv.gz"):
        votes[vote["comment_id"]].append(vote["not toxic"] != "True")
    for comment in _table(data / "toxic_spans/ts_comments.csv.gz"):
        given = votes[comment["comment_id"]]
        if given:
            yield Row(comment["comment_text"], 0.12 + 0.85 * sum(given) / len(given), 1.0, comment["comment_id"])


def _sbic(data: Path) -> Iterator[Row]:
    """Mean of the raters' "offensive" (0, .5, 1)."""
    votes = defaultdict(list)
    for vote in _table(data / "sbic_dev/SBFv2.dev.csv.gz"):
        if vote["offensiveYN"]:
            votes[vote["post"]].append(float(vote["offensiveYN"]))
    for post, given in votes.items():
        yield Row(post, sum(given) / len(given), 1.0, post)


def _toxichat(data: Path) -> Iterator[Row]:
    """People's turns, offensive or safe; a thread stays together."""
    for part in ("train", "dev", "test"):
        for thread in _lines(data / f"toxichat/toxichat_{part}.jsonl.gz"):
            turns = thread["reddit_thread"]
            for turn in turns:
                if "offense_label" in turn:
                    yield Row(turn["text"], float(turn["offense_label"] == "Offensive"), 1.0, turns[0]["text"])


def _surge(data: Path) -> Iterator[Row]:
    for row in _table(data / "surge_toxicity/toxicity_en.csv.gz"):
        yield Row(row["text"], float(row["is_toxic"] == "Toxic"), 1.0, row["text"])


def _jigsaw(data: Path) -> Iterator[Row]:
    """The two small files with labels."""
    for name in ("detoxify_train_282.csv", "ibm_max_test_examples_101.csv"):
        for row in _table(data / "jigsaw_samples" / name):
            if row["toxic"] in ("0", "1"):
                yield Row(row["comment_text"], float(row["toxic"]), 1.0, row["comment_text"])


def _context(data: Path) -> Iterator[Row]:
    """.7 · Perspective's score + .3 · the raters' label; of the calm ones a third."""
    for name in ("gc", "gn"):
        for row in _table(data / f"context_toxicity/{name}.csv.gz"):
            target = 0.7 * float(row["api"]) + 0.3 * float(row["label"])
            if target >= 0.1 or int(key(row["id"]), 16) % 3 == 0:
                yield Row(row["text"], target, 1.0, row["text"])


def _gab(data: Path) -> Iterator[Row]:
    """Hate, call to violence or vulgarity, by majority."""
    for part in ("dev", "test"):
        for row in _lines(data / f"gab_hate/gab_{part}.jsonl.gz"):
            yield Row(row["Text"], float(row["hd"] + row["cv"] + row["vo"] > 0), 1.0, str(row["text_id"]))


def _davidson(data: Path) -> Iterator[Row]:
    """Raters' hate + .65 · offensive."""
    for row in _table(data / "davidson/labeled_data.csv.gz"):
        target = (float(row["hate_speech"]) + 0.65 * float(row["offensive_language"])) / float(row["count"])
        yield Row(row["tweet"], target, 0.5, row["tweet"])


def _paradetox(data: Path) -> Iterator[Row]:
    """A toxic sentence and its first neutral paraphrase, together."""
    for row in _table(data / "paradetox/paradetox.tsv.gz", "\t"):
        yield Row(row["toxic"], 1.0, 0.5, row["toxic"])
        yield Row(row["neutral1"] or "", 0.0, 0.5, row["toxic"])


def _hatemoji(data: Path) -> Iterator[Row]:
    """Contrast pairs stay together."""
    for part in ("train", "validation", "test"):
        for row in _table(data / f"hatemoji_build/hatemoji_{part}.csv.gz"):
            pair = [number for number in (row["entry_id"], row["matched_id"]) if number]
            yield Row(row["text"], float(row["label_gold"]), 0.5, min(pair, key=float))


def _toxigen(data: Path) -> Iterator[Row]:
    """Mean human toxicity, 1 to 5."""
    for row in json.loads(_text(data / "safenlp/toxiGen.json.gz")):
        yield Row(row["text"], min(max((float(row["toxicity_score"]) - 1) / 4, 0), 1), 0.5, row["text"])


def _implicit_hate(data: Path) -> Iterator[Row]:
    for row in json.loads(_text(data / "safenlp/implicitHate.json.gz")):
        yield Row(row["text"], float(row["label"] == "hate"), 0.3, row["text"])


def _convabuse(data: Path) -> Iterator[Row]:
    """Share of raters who found it abusive; a conversation stays together."""
    votes: dict[tuple[str, str], list[bool]] = defaultdict(list)
    for row in _table(data / "convabuse/ConvAbuseEMNLPfull.csv.gz"):
        votes[row["conv_id"], row["user"]].append(any(float(row[f"is_abuse.-{level}"] or 0) for level in (1, 2, 3)))
    for (conversation, said), given in votes.items():
        yield Row(said, sum(given) / len(given), 0.5, conversation)


def _edos(data: Path) -> Iterator[Row]:
    """Sexist or not; "not" says nothing of other toxicity and counts less."""
    for row in _table(data / "edos/edos_labelled_aggregated.csv.gz"):
        sexist = row["label_sexist"] == "sexist"
        text = row["text"].replace("[USER]", "@user").replace("[URL]", "http://x")
        yield Row(text, float(sexist), 0.4 if sexist else 0.15, row["rewire_id"])


def _misogyny(data: Path) -> Iterator[Row]:
    """Misogynistic or not; "not" counts less. A thread stays together."""
    for row in _table(data / "online_misogyny/final_labels.csv.gz"):
        misogynistic = row["level_1"] == "Misogynistic"
        yield Row(row["body"], float(misogynistic), 0.5 if misogynistic else 0.4, row["link_id"])


def _madlibs(data: Path) -> Iterator[Row]:
    """Template sentences over identity terms, one in fifteen: that the term alone says nothing."""
    for number, row in enumerate(_table(data / "bias_madlibs/bias_madlibs_77k.csv.gz")):
        if number % 15 == 0:
            yield Row(row["Text"], float(row["Label"] == "BAD"), 0.3, row["Template"] + str(number))


TRAINED: Final[dict[str, Callable[[Path], Iterable[Row]]]] = {
    "toxic_spans": _toxic_spans, "sbic": _sbic, "toxichat": _toxichat, "surge": _surge, "jigsaw_small": _jigsaw,
    "context_toxicity": _context, "gab": _gab, "davidson": _davidson, "paradetox": _paradetox, "hatemoji_build": _hatemoji,
    "toxigen": _toxigen, "implicit_hate": _implicit_hate, "convabuse": _convabuse, "edos": _edos, "misogyny": _misogyny,
    "bias_madlibs": _madlibs,
}  # fmt: skip
"""Sets that the scorer learns from, nine tenths of each."""


def _hatecheck(data: Path) -> Iterator[Row]:
    for row in _table(data / "hatecheck/test_suite_cases.csv.gz"):
        yield Row(row["test_case"], float(row["label_gold"] == "hateful"), 1.0, row["case_id"])


def _hatemojicheck(data: Path) -> Iterator[Row]:
    for row in _table(data / "hatemoji_build/hatemojicheck.csv.gz"):
        yield Row(row["text"], float(row["label_gold"]), 1.0, row["case_id"])


def _wiki(name: str) -> Callable[[Path], Iterator[Row]]:
    def rows(data: Path) -> Iterator[Row]:
        for row in _table(data / f"jigsaw_samples/wiki_toxicity_{name}_testset.csv.gz"):
            yield Row(row["comment"], float(row["toxic"] == "True"), 1.0, row["rev_id"])

    return rows


MEASURED: Final[dict[str, Callable[[Path], Iterable[Row]]]] = {
    "hatecheck": _hatecheck, "hatemojicheck": _hatemojicheck, "wiki_nonfuzzed": _wiki("nonfuzzed"), "wiki_fuzzed": _wiki("fuzzed"),
}  # fmt: skip
"""Sets that are measured and never trained on."""
