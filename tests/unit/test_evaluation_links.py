"""Whom a message answers, by the published protocol: chats read as published, links counted, weights learned anew and the same."""

import gzip
import io
import json
import os
import tarfile
from pathlib import Path

import pytest

from streams.evaluation.links import chats as read
from streams.evaluation.links.chats import Chat, irc, missing, molweni
from streams.evaluation.links.learning import groups, learned
from streams.evaluation.links.measured import LinkResults, measured
from streams.evaluation.links.played import answered, with_answers
from streams.evaluation.links.protocol import Found, links, previous
from streams.evaluation.links.ruled import ruled
from streams.evaluation.links.shown import link_tables, plain_links
from streams.evaluation.links.train import main
from streams.evaluation.trees import DATA
from streams.rankers import open_ranker

LOG = [
    "[23:58] <ann> hello",
    "=== bob [~b@example] has joined #talk",
    "[23:59] <bob> ann: does the old bridge still stand?",
    "[23:59]  * ann looks out of the window",
    "[00:01] <ann> bob: it does",
    "[00:02] <cleo> who knows a ferry?",
]
ANNOTATION = ["0 0 -", "1 1 -", "0 2 -", "2 3 -", "2 4 -", "3 4 -", "5 5 -"]


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder in the form of the datasets, with one log of six lines, all annotated, and three dialogues, two of one talk."""
    monkeypatch.setattr(read, "CONTEXT", 0)
    for part in read.PARTS:
        log = tmp_path / read.IRC.format(part=part)
        log.parent.mkdir(exist_ok=True)
        with tarfile.open(log, "w:gz") as packed:
            for name, lines in (
                ("a.ascii.txt", LOG),
                ("a.annotation.txt", ANNOTATION),
                ("b.ascii.txt", LOG),
                ("b.annotation.txt", ANNOTATION),
            ):
                content = "\n".join([*lines, ""]).encode()
                member = tarfile.TarInfo(f"{part}/{name}")
                member.size = len(content)
                packed.addfile(member, io.BytesIO(content))
        dialogues = tmp_path / read.MOLWENI.format(part=part)
        dialogues.parent.mkdir(exist_ok=True)
        dialogues.write_bytes(gzip.compress(json.dumps([dialogue("x", 0), dialogue("y", 1), dialogue("z", 2)]).encode()))
    return tmp_path


def dialogue(name: str, number: int) -> dict[str, object]:
    shared = "a sentence that is long enough to be known" if number < 2 else "another sentence, just as long as that"
    edus = [{"speaker": "ann", "text": shared}, {"speaker": "bob", "text": "yes"}, {"speaker": "cleo", "text": "no"}]
    return {"id": name, "edus": edus, "relations": [{"x": 0, "y": 1, "type": "QAP"}, {"x": 0, "y": 2, "type": "QAP"}]}


def test_a_log_is_read_with_its_servers_lines_actions_and_midnight(data: Path):
    chat = irc(data, "test")[0]
    turns = [message.turn for message in chat.messages]
    assert [turn.author if turn else None for turn in turns] == ["ann", None, "bob", "ann", "ann", "cleo"]
    assert [turn.at - 23 * 60 for turn in turns if turn] == [58, 59, 59, 61, 62]
    assert turns[2] is not None
    assert turns[2].calls == ("ann",)
    assert chat.messages[4].answers == {2, 3}


def test_links_are_counted_with_starts_and_with_more_than_one_answer(data: Path):
    # Right: ann's start, the server's line, bob, ann's action; of two marked links of line 4 one; cleo's start is not found.
    assert links(irc(data, "test")[:1], previous, starts_count=True) == Found(right=5, given=6, marked=7)
    assert links(irc(data, "test")[:1], lambda chat: ruled(chat, starts=True), starts_count=True).right == 6


def test_where_starts_are_no_links_only_links_count(data: Path):
    found = links(molweni(data, "test"), previous, starts_count=False)
    assert found == Found(right=3, given=6, marked=6)
    assert found.f1 == 50.0


def test_chats_of_one_talk_are_left_out_together(data: Path):
    given = molweni(data, "dev")
    one, same, other = groups(given, 2)
    assert one == same != other


def test_the_same_chats_and_seed_give_the_same_weights_and_another_seed_others(data: Path):
    told: list[str] = []
    first, again, other = (learned(irc(data, "dev"), 2, seed, told.append) for seed in (1, 1, 2))
    assert first.digest == again.digest != other.digest
    assert "on what was left out" in told[0]


def test_the_ranker_is_told_only_what_it_found_itself(data: Path):
    ranker, chat = open_ranker("irc"), irc(data, "test")[0]
    found = answered(chat, ranker)
    assert all(number >= to for number, to in found.items())
    known: Chat = with_answers(chat, ranker)
    assert [message.answers for message in known.messages] == [message.answers for message in chat.messages]


def test_the_command_writes_both_rankers_and_says_where_chats_are_missing(data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--data", str(tmp_path / "none")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert main(["--data", str(data), "--to", str(tmp_path / "weights"), "--only", "irc"]) == 0
    assert (tmp_path / "weights/irc.npz").is_file()


def test_what_is_missing_is_said_and_nothing_is_measured(tmp_path: Path):
    found = measured(tmp_path, lambda _: None)
    assert found == LinkResults(absent=found.absent)
    assert len(found.absent) == 7
    assert "not measured (irc_disentanglement/dev.tar.gz" in str(next(link_tables(found)))
    assert plain_links(found)["chats"] == []


@pytest.fixture(scope="module")
def glance() -> LinkResults:
    if missing(DATA):
        if os.environ.get("CI") == "true":
            pytest.fail(f"the chats are not in {DATA}")
        pytest.skip(f"the chats are not in {DATA}")
    return measured(DATA, lambda _: None, quick=True)


def test_on_real_chats_the_ranker_is_better_than_the_rules_and_they_than_the_message_before(glance: LinkResults):
    for one in glance.chats:
        before, rules, ranker, live = (row.f1 for row in one.rows if not row.published)
        assert before < rules < ranker
        assert abs(live - ranker) < 1  # the stage finds what the ranker finds
        assert one.right_people_live > 75
        assert one.messages_said.error < 0.1


def test_every_figure_of_the_tables_is_in_the_plain_values(glance: LinkResults):
    printed = plain_links(glance)["chats"]
    assert [one["name"] for one in printed] == [one.name for one in glance.chats]
    assert all(sum(row["n"] for row in one["message"]["bins"]) == one["message"]["n"] > 0 for one in printed)
    assert len(list(link_tables(glance))) == 3 * len(glance.chats)
