"""``threadwatch backtest``: what other settings would have made of it, byte for byte the same each time; plain words for mistakes."""

import gzip
import re
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pytest

from streams.cli.main import main
from streams.errors import UserError
from streams.replay.backtest.diff import condition
from streams.replay.backtest.remembering import AT_ONCE, Remembering
from streams.replay.folder import Folder
from streams.scorers import Toxicity
from streams.sources.sample import CHAIN_TARGET, CROSS_TARGET, LOVED
from tests.support.backtests import BASELINE, LAXER, STRICTER, backtested, sample_file, series
from tests.support.builders import DAY, NOON, comment, deleted, edited

KEY = "0f" * 32
Ran = Callable[[str], str]
"""Name of a candidate → folder of its results."""
FILES = {"summary.json", "alerts.jsonl", "pileons.jsonl", "changes.jsonl", "config.lock", "metrics.om", "judge-next.jsonl"}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    Path("old.toml").write_text(BASELINE)


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(sample_file(tmp_path_factory.mktemp("sample")))


@pytest.fixture(scope="module")
def ran(file: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Callable[[str], str]]:
    """Return what runs a candidate on the sample once, for all tests that only look at its results."""
    folder, done = tmp_path_factory.mktemp("runs"), set[str]()

    def once(name: str) -> str:
        if name not in done:
            done.add(name)
            backtested(folder, CANDIDATES[name], name, Path(file))
        return str(folder / name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("THREADWATCH_KEY", KEY)
        yield once


CANDIDATES = {"laxer": LAXER, "stricter": STRICTER, "same": BASELINE}


def run(file: str, candidate: str = STRICTER, out: str = "out", *options: str) -> int:
    Path("new.toml").write_text(candidate)
    return main(["backtest", "run", "--file", file, "--config", "new.toml", "--baseline", "old.toml", "--out", out, *options])


def read(name: str, out: str = "out") -> list[Any]:
    return [msgspec.json.decode(line) for line in Path(out, f"{name}.jsonl").read_bytes().splitlines()]


def summary(out: str = "out") -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(Path(out, "summary.json").read_bytes())
    return found


def contents(out: str) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in Path(out).iterdir()}


# What changes.
def test_a_stricter_rule_loses_a_pile_on_and_tells_which(ran: Ran) -> None:
    out = ran("stricter")
    assert summary(out)["changes"] == {"unchanged": 0, "earlier": 0, "later": 1, "gained": 0, "lost": 1}
    assert {(one["change"], one["baseline"]["target_id"]) for one in read("changes", out)} == {
        ("later", CHAIN_TARGET),
        ("lost", CROSS_TARGET),
    }
    found = summary(out)
    assert (found["baseline"]["alerts"], found["candidate"]["alerts"], found["delta"]["alerts"]) == (2, 1, -1)
    assert found["delta"]["seconds_to_alert_median"] > 0


def test_a_laxer_rule_gains_one_that_the_baseline_never_told_of(ran: Ran) -> None:
    out = ran("laxer")
    changes = {(one["change"], (one["candidate"] or one["baseline"])["target_id"]) for one in read("changes", out)}
    assert changes == {("earlier", CHAIN_TARGET), ("earlier", CROSS_TARGET), ("gained", LOVED)}
    assert summary(out)["candidate"]["pileons"] == 3


def test_the_same_settings_change_nothing_at_all(ran: Ran) -> None:
    found = summary(ran("same"))
    assert found["baseline"] == found["candidate"]
    assert found["changes"]["unchanged"] == 2 and sum(found["changes"].values()) == 2
    assert len(set(found["configurations"].values())) == 1


def test_the_candidate_decides_what_a_replay_with_its_settings_decides(file: str, ran: Ran) -> None:
    out = ran("laxer")
    Path("new.toml").write_text(LAXER)
    assert main(["replay", "--file", file, "--config", "new.toml", "--out", "replayed"]) == 0
    for name in ("pileons.jsonl", "alerts.jsonl"):
        assert Path(out, name).read_bytes() == Path("replayed", name).read_bytes()
    replayed = summary("replayed")
    assert summary(out)["configurations"]["candidate"] == replayed["configuration"]
    sections = {name: replayed[name] for name in ("raw", "scored", "replies", "pileons", "alerts")}
    assert summary(out)["accounts"]["candidate"] == sections


def test_two_runs_give_the_same_bytes_in_every_file(file: str, ran: Ran) -> None:
    run(file, LAXER, "again", "--name", "laxer")
    assert contents("again").keys() == FILES
    assert contents("again") == contents(ran("laxer"))


def test_coverage_says_what_could_not_count() -> None:
    nobody = comment("a", author_id=None)
    lines = [comment("root"), nobody, edited(nobody, "Hm.", NOON + DAY), comment("late", ingested_at=NOON + 9 * DAY),
             deleted(comment("root"), NOON + 2 * DAY), comment("b", source="forum", created_at=NOON + 9 * DAY)]  # fmt: skip
    Path("in.jsonl").write_bytes(b"\n".join([*map(msgspec.json.encode, lines), b"nonsense"]))
    assert run("in.jsonl") == 0
    seen = summary()["coverage"]
    expected = {"records": 7, "undecodable": 1, "comments": 4, "edits": 1, "deletions": 1, "late": 1, "conversations": 2,
                "without_author": 1}  # fmt: skip
    assert {name: seen[name] for name in expected} == expected
    assert [gap["seconds"] for gap in seen["longest_gaps"]] == [7 * 86400, 86400, 86400]
    assert seen["gaps"] == 3


def test_without_a_baseline_it_is_the_settings_that_hold_here(file: str) -> None:
    Path("threadwatch.toml").write_text(STRICTER)
    Path("new.toml").write_text(STRICTER)
    assert main(["backtest", "run", "--file", file, "--config", "new.toml", "--out", "out"]) == 0
    assert summary()["changes"]["unchanged"] == 1
    lock = msgspec.json.decode(Path("out/config.lock").read_bytes())
    assert lock["baseline"]["settings"]["pileon"]["min_hostile_authors"] == 14
    assert lock["candidate"]["configuration"] == summary()["configurations"]["candidate"]
    assert re.fullmatch(r"linear@.+", lock["candidate"]["scorer"]) and lock["candidate"]["detector"] == "window@1"


def test_an_earlier_runs_candidate_can_be_the_baseline(file: str, ran: Ran) -> None:
    Path("new.toml").write_text(LAXER)
    assert main(["backtest", "run", "--file", file, "--config", "new.toml", "--baseline", ran("stricter"), "--out", "out"]) == 0
    earlier = summary(ran("stricter"))
    assert summary()["baseline"] == earlier["candidate"]
    assert summary()["configurations"]["baseline"] == earlier["configurations"]["candidate"]


def test_an_earlier_run_under_another_key_is_no_baseline(
    file: str, ran: Ran, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    before = ran("stricter")
    capsys.readouterr()
    monkeypatch.setenv("THREADWATCH_KEY", "1a" * 32)
    assert main(["backtest", "run", "--file", file, "--config", "old.toml", "--baseline", before, "--out", "out"]) == 2
    error = capsys.readouterr().err
    assert "another installation key" in error and error.count("\n") == 1
    assert not Path("out").exists()


def test_neither_the_order_of_conversations_nor_packing_changes_a_byte(file: str, ran: Ran) -> None:
    lines = Path(file).read_bytes().splitlines()
    apart = sorted(lines, key=lambda line: msgspec.json.decode(line)["conversation_id"])  # each keeps its own order
    assert apart != lines
    Path("apart.jsonl.gz").write_bytes(gzip.compress(b"\n".join(apart)))
    run("apart.jsonl.gz", LAXER, "apart", "--name", "laxer")
    assert contents("apart") == contents(ran("laxer"))


# Scored once.
class Counting:
    """A scorer that remembers what it was asked."""

    name = "counting@1"

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        self.asked += texts
        return [Toxicity(min(1.0, len(text) / 100)) for text in texts]


def test_no_text_is_scored_twice_and_each_gets_its_own_score() -> None:
    scorer = Counting()
    remembering = Remembering(scorer)
    assert remembering.name == "counting@1"
    assert [one.toxicity for one in remembering.score(["a", "bb", "a"])] == [0.01, 0.02, 0.01]
    assert [one.toxicity for one in remembering.score(["ccc", "bb"])] == [0.03, 0.02]
    assert scorer.asked == ["a", "bb", "ccc"]


def test_more_texts_are_remembered_than_are_looked_up_at_once() -> None:
    texts = [f"number {number}" for number in range(2 * AT_ONCE + 1)]
    remembering = Remembering(scorer := Counting())
    assert remembering.score(texts) == remembering.score(texts)
    assert scorer.asked == texts


def test_scores_without_room_on_the_disk_are_a_plain_line() -> None:
    remembering = Remembering(Counting())
    remembering._known.execute("PRAGMA max_page_count = 3")
    with pytest.raises(UserError, match=r"no room for the scores .* set TMPDIR"):
        remembering.score([f"number {number}" for number in range(5000)])


def test_both_sides_of_one_scorer_ask_it_once(file: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scorer = Counting()
    monkeypatch.setattr("streams.cli.recorded.scorer_of", lambda *_: scorer)
    assert run(file) == 0
    assert len(scorer.asked) == len(set(scorer.asked)) > 100


# Labels.
def test_what_to_judge_next_once_filled_in_is_what_precision_rests_on(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, LAXER) == 0
    assert summary()["labels"] is None and summary()["unjudged"] == 3
    asked = read("judge-next")
    assert (asked[0]["change"], asked[0]["target"]) == ("gained", LOVED)
    said = {LOVED: "not_one", CHAIN_TARGET: "pile_on", CROSS_TARGET: None}
    Path("labels.jsonl").write_bytes(b"\n".join(msgspec.json.encode(one | {"verdict": said[one["target"]]}) for one in asked))
    capsys.readouterr()
    assert run(file, LAXER, "out", "--force", "--labels", "labels.jsonl") == 0
    found = summary()
    precision = {side: found["labels"][side]["precision"] for side in ("baseline", "candidate")}
    assert [(one["hits"], one["n"]) for one in precision.values()] == [(1, 1), (1, 2)]
    assert found["delta"]["precision"] == -0.5 and found["delta"]["recall"] == 0
    assert [one["target"] for one in read("judge-next")] == [CROSS_TARGET]
    table = capsys.readouterr().err
    assert re.search(r"precision +1.00 +0.50 +−0.50\n  95 % sure between +0.21 to 1.00 +0.09 to 0.91 +−0.91 to \+0.39\n", table)
    assert main(["backtest", "diff", "out", "out", "--fail-if", "precision<0.8"]) == 1


# Metrics.
def test_metrics_end_as_openmetrics_do_and_name_no_person_community_or_id(ran: Ran) -> None:
    file = Path(ran("laxer"), "metrics.om")
    assert file.read_bytes().endswith(b"\n# EOF\n")
    found = series(file)
    assert all(name.startswith("threadwatch_backtest_") for name in found)
    labels = {label for known in found.values() for label in known}
    assert labels == {"run", "side", "source", "severity", "status", "decision", "reason", "change", "le", "scorer", "detector",
                      "configuration", "step", "judgement", "bound"}  # fmt: skip
    assert {value for known in found.values() for value in known.get("source", ())} == {"harbour-post", "kitchen-table", "other"}
    assert found["threadwatch_backtest_comments_total"]["run"] == {"laxer"}


def test_what_the_metrics_count_in_the_end_is_what_the_summary_says(ran: Ran) -> None:
    out = ran("laxer")
    last = dict(re.findall(r"^(\S+) (\S+) \d+$", Path(out, "metrics.om").read_text(), re.MULTILINE))

    def total(name: str, label: str) -> float:
        return sum(
            float(value) for sample, value in last.items() if sample.startswith(f"threadwatch_backtest_{name}{{") and label in sample
        )

    for side in ("baseline", "candidate"):
        found = summary(out)[side]
        mine = {sample: value for sample, value in last.items() if f'side="{side}"' in sample}
        assert sum(float(value) for sample, value in mine.items() if "hostile_replies_total" in sample) == found["hostile_replies"]
        fired = (float(value) for sample, value in mine.items() if "alerts_total" in sample and 'decision="fire"' in sample)
        assert sum(fired) == found["alerts"]
        assert sum(float(value) for sample, value in mine.items() if "pileons_active" in sample) == found["pileons_open_at_end"]
        assert [float(value) for sample, value in mine.items() if "pileon_authors_count" in sample] == [found["pileons"]]
    for change, count in summary(out)["changes"].items():
        assert total("changes_total", f'change="{change}"') == count
    assert total("comments_total", "source") == summary(out)["coverage"]["comments"]


def test_without_labels_every_pile_on_is_unjudged_and_nobody_knows_how_right_it_is(ran: Ran) -> None:
    out = ran("laxer")
    last = dict(re.findall(r"^(\S+) (\S+) \d+$", Path(out, "metrics.om").read_text(), re.MULTILINE))
    judged = {sample: float(value) for sample, value in last.items() if "judged_pileons" in sample and 'side="candidate"' in sample}
    assert sum(judged.values()) == summary(out)["candidate"]["pileons"] == sum(v for k, v in judged.items() if 'judgement="none"' in k)
    shares = [value for sample, value in last.items() if "_ratio{" in sample]
    assert len(shares) == 12 and set(shares) == {"NaN"}


# The table, show and diff.
def test_the_table_goes_to_stderr_and_show_prints_the_same(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    run(file)
    out, said = capsys.readouterr()
    assert out == ""
    assert re.search(r"alerts fired +2 +1 +−1\n", said)
    assert "pile-ons: 0 unchanged, 0 earlier, 1 later, 0 gained, 1 lost" in said
    assert main(["backtest", "show", "out"]) == 0
    assert capsys.readouterr().out == said
    assert main(["backtest", "show", "out", "--json"]) == 0
    assert capsys.readouterr().out == Path("out/summary.json").read_text()


@pytest.mark.parametrize(
    ("fail_if", "code"),
    [("alerts_per_day>+20%", 0), ("alerts_per_day<-20%", 1), ("lost>0", 1), ("lost>1", 0), ("alerts<=1", 1), ("alerts<-1", 0),
     ("alerts<=-1", 1), ("held_stale>+0%", 0)],
)  # fmt: skip
def test_diff_exits_1_when_a_condition_holds(ran: Ran, fail_if: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    before, after = ran("same"), ran("stricter")
    capsys.readouterr()
    assert main(["backtest", "diff", before, after, "--fail-if", fail_if]) == code
    out, said = capsys.readouterr()
    assert re.search(r"alerts fired +2 +1 +−1\n", out)
    assert said.startswith(f"threadwatch: fails, {fail_if}: ") if code else not said


def test_from_nothing_to_something_is_more_than_any_per_cent() -> None:
    from streams.replay.backtest.diff import Difference

    found = Difference(before={"alerts": 0, "median": None}, after={"alerts": 1, "median": 5.0}, changes={})
    assert condition("alerts>+900%", found.names).holds(found)
    assert not condition("median>+0", found.names).holds(found)
    assert condition("median>4", found.names).holds(found)


def test_runs_on_other_comments_are_not_compared(ran: Ran, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    run("in.jsonl", STRICTER, "after")
    before = ran("stricter")
    capsys.readouterr()
    assert main(["backtest", "diff", before, "after"]) == 2
    assert "did not read the same comments" in capsys.readouterr().err


# Mistakes.
@pytest.mark.parametrize(
    ("candidate", "said"),
    [("[pileon\n", "new.toml:1: "), ("[pileon]\nmin_hostile_peple = 3\n", "new.toml:2: "),
     ("[pileon]\nmin_hostile_authors = 1\n", ">= 2"), ('scorer = "psychic"\n', "there is no scorer 'psychic'")],
)  # fmt: skip
def test_a_bad_configuration_is_one_plain_line(file: str, candidate: str, said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(file, candidate) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1 and "Traceback" not in error
    assert not Path("out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "out"], "give either --file F or --topic comments.raw"),
        (["--file", "none.jsonl", "--out", "out"], "none.jsonl: cannot be read"),
        (["--file", "in.jsonl", "--out", "out", "--name", "Un Do"], "--name 'Un Do'"),
        (["--file", "in.jsonl", "--out", "out", "--scores", "reuse"], "needs --topic comments.raw or recordings"),
        (["--file", "in.jsonl", "--out", "out", "--baseline", "none.toml"], "there is no settings file none.toml"),
        (["--file", "in.jsonl", "--out", "out", "--baseline", "full"], "--baseline full holds no backtest"),
        (["--file", "empty.jsonl", "--out", "out"], "is empty"),
        (["--file", "in.jsonl", "--out", "out", "--labels", "none.csv"], "none.csv: cannot be read"),
        (["--file", "in.jsonl", "--out", "out", "--labels", "in.jsonl"], "in.jsonl: holds no label"),
        (["--file", "-", "--out", "out", "--labels", "-"], "standard input can be only one of them"),
        (["--file", "in.jsonl", "--out", "full"], "full is not empty"),
        (["--topic", "comments.raw", "--from", "2026-05-02", "--to", "2026-05-01", "--out", "out"], "--to 2026-05-01 is not after"),
        (["--topic", "pileons", "--out", "out"], "--topic pileons: replay starts from comments.raw, or from replies"),
    ],
)
def test_a_mistake_is_one_plain_line_and_exit_2(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    Path("empty.jsonl").touch()
    Path("full").mkdir()
    Path("full/mine.txt").touch()
    assert main(["backtest", "run", "--config", "old.toml", *arguments]) == 2
    error = capsys.readouterr().err
    assert said in error and error.count("\n") == 1
    assert not Path("out").exists()


@pytest.mark.parametrize("text", ["alerts", "alerts>", ">3", "alerts=3", "alerts>+x%", "nobody>3"])
def test_a_condition_that_is_none_is_told_with_what_there_is(ran: Ran, text: str, capsys: pytest.CaptureFixture[str]) -> None:
    out = ran("stricter")
    capsys.readouterr()
    assert main(["backtest", "diff", out, out, "--fail-if", text]) == 2
    assert f"--fail-if {text!r}: " in capsys.readouterr().err


@pytest.mark.parametrize("command", [["show", "folder"], ["diff", "folder", "folder"]])
@pytest.mark.parametrize("held", [None, b"", b"{}", b"[1]", b"{\xff"])
def test_a_folder_that_holds_no_backtest_is_one_plain_line(
    command: list[str], held: bytes | None, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("folder").mkdir()
    if held is not None:
        Path("folder/summary.json").write_bytes(held)
    assert main(["backtest", *command]) == 2
    error = capsys.readouterr().err
    assert error.startswith("threadwatch: folder") and error.count("\n") == 1


def test_a_run_that_lost_a_file_is_not_compared(capsys: pytest.CaptureFixture[str]) -> None:
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    run("in.jsonl")
    for damage in (Path("out/pileons.jsonl").unlink, lambda: Path("out/pileons.jsonl").write_bytes(b"{}")):
        damage()
        capsys.readouterr()
        assert main(["backtest", "diff", "out", "out"]) == 2
        error = capsys.readouterr().err
        assert error.startswith("threadwatch: out/pileons.jsonl ") and error.count("\n") == 1


def test_a_run_that_fails_leaves_what_was_there() -> None:
    Path("in.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    run("in.jsonl")
    before = contents("out")
    Path("in.jsonl").write_bytes(b"nonsense")
    assert run("in.jsonl", STRICTER, "out", "--force") == 2
    assert contents("out") == before
    with pytest.raises(ZeroDivisionError), Folder(Path("out"), force=True, lines=("alerts",)) as folder:
        folder.put("metrics.om", (b"" for _ in (1 / 0,)))
    assert contents("out") == before
