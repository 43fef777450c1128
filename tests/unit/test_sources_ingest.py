"""``threadwatch ingest``: what it writes, what it says, how it ends."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from types import ModuleType

import msgspec
import pytest

from streams.cli.main import main
from streams.records import Comment
from tests.support.builders import NOON, comment
from tests.support.pages import INVENTED, flattened

SAMPLE = Path(__file__).parents[2] / "streams" / "sources" / "samples" / "page.txt"
BOUNDS = ["--published-at", "2024-05-01T12:00:00", "--scraped-at", "2024-05-01T13:00:00Z"]


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """No settings, key or rejects of this machine."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("THREADWATCH_CONFIG", raising=False)
    monkeypatch.setenv("THREADWATCH_KEY", "ab" * 32)
    monkeypatch.setattr("sys.argv", ["threadwatch", "ingest"])


def written(capfdbinary):
    out, err = capfdbinary.readouterr()
    return [msgspec.json.decode(line, type=Comment) for line in out.splitlines()], err.decode()


def test_a_page_becomes_records_on_stdout_and_words_on_stderr(capfdbinary):
    assert main(["ingest", "page", str(SAMPLE), "--to", "-", "--source", "web", "--community", "gazette", *BOUNDS]) == 0
    records, words = written(capfdbinary)
    assert len(records) == 50
    assert {(r.source, r.community, r.action, r.created_at_is_estimated) for r in records} == {("web", "gazette", "created", True)}
    assert len({r.conversation_id for r in records}) == 1
    assert "50 comments found (38 named, 12 unnamed, 2 empty); 50 new, 0 known" in words


def test_the_same_page_gives_the_same_bytes(capfdbinary):
    main(["ingest", "page", str(SAMPLE), "--to", "-", *BOUNDS])
    once = capfdbinary.readouterr().out
    main(["ingest", "page", str(SAMPLE), "--to", "-", *BOUNDS])
    assert capfdbinary.readouterr().out == once


def test_a_page_scraped_again_gives_only_what_is_new(tmp_path, capfdbinary):
    main(["ingest", "page", str(SAMPLE), "--to", "seen.jsonl"])
    lines = SAMPLE.read_text(encoding="utf-8").split("\n")
    at = lines.index("Deal.") + 2
    (tmp_path / "later.txt").write_text(
        "\n".join([*lines[:at], "Newcomer Nell", "", "What did I miss?", "", *lines[at:]]), encoding="utf-8"
    )
    capfdbinary.readouterr()
    assert main(["ingest", "page", "later.txt", "--seen", "seen.jsonl", "--to", "-"]) == 0
    records, words = written(capfdbinary)
    assert [(r.author_id, r.text) for r in records] == [("Newcomer Nell", "What did I miss?")]
    assert "51 comments found (39 named, 12 unnamed, 2 empty); 1 new, 50 known" in words


def test_pseudonyms_are_the_same_for_the_same_name_and_hide_it(capfdbinary):
    main(["ingest", "page", str(SAMPLE), "--to", "-", "--pseudonymise"])
    hidden = written(capfdbinary)[0]
    main(["ingest", "page", str(SAMPLE), "--to", "-"])
    plain = written(capfdbinary)[0]
    names = {p.author_id: h.author_id for p, h in zip(plain, hidden, strict=True)}
    assert len(set(names.values())) == len(names)
    assert not {name for name in names if name} & set(names.values())


class Broker:
    """What the command asks of Kafka."""

    def __init__(self, monkeypatch, seen=()):
        self.sent, self.asked, self.seen = [], [], set(seen)
        reading, sending = ModuleType("streams.kafka.read"), ModuleType("streams.kafka.produce")
        vars(reading)["seen_comment_ids"] = self.seen_comment_ids
        vars(sending)["send_records"] = self.send_records
        monkeypatch.setitem(sys.modules, "streams.kafka.read", reading)
        monkeypatch.setitem(sys.modules, "streams.kafka.produce", sending)

    def seen_comment_ids(self, settings, source, community, conversation_id):
        self.asked.append((source, community, conversation_id))
        return self.seen

    def send_records(self, settings, topic, records, progress=None):
        before = len(self.sent)
        self.sent += [(topic.name, record) for record in records]
        return len(self.sent) - before


def test_without_to_records_go_to_comments_raw_and_what_is_there_is_known(monkeypatch, capfdbinary):
    broker = Broker(monkeypatch)
    command = ["ingest", "page", str(SAMPLE), "--conversation", "talk"]
    assert main(command) == 0
    assert {topic for topic, _ in broker.sent} == {"comments.raw"}
    broker.seen = {record.comment_id for _, record in broker.sent}
    assert main(command) == 0
    assert len(broker.sent) == 50
    assert broker.asked == [("page", "default", "talk")] * 2
    assert "0 new, 50 known" in written(capfdbinary)[1]


def test_rows_without_to_go_to_comments_raw(monkeypatch, tmp_path):
    broker = Broker(monkeypatch)
    (tmp_path / "rows.jsonl").write_bytes(msgspec.json.encode(comment("a")) + b"\n" + msgspec.json.encode(comment("b")))
    assert main(["ingest", "jsonl", "rows.jsonl"]) == 0
    assert [record.comment_id for _, record in broker.sent] == ["a", "b"]


def test_a_page_without_heading_is_refused_for_the_broker_and_named_conversations_pass(monkeypatch, tmp_path, capfdbinary):
    broker = Broker(monkeypatch)
    (tmp_path / "p.txt").write_text(flattened(INVENTED["pictures"], article=()), encoding="utf-8")
    assert main(["ingest", "page", "p.txt"]) == 2
    assert "--conversation ID" in written(capfdbinary)[1]
    assert main(["ingest", "page", "p.txt", "--to", "-"]) == 0
    assert main(["ingest", "page", "p.txt", "--conversation", "x"]) == 0
    assert len(broker.sent) == len(INVENTED["pictures"])


def test_csv_from_a_mapping_with_rejects(tmp_path, capfdbinary):
    (tmp_path / "rows.csv").write_text("id,who,when,what\n1,ann,1714564800,Hi\n2,bob,never,Ho\n3,cy\n", encoding="utf-8")
    maps = [part for pair in ("comment_id=id", "author_id=who", "created_at=when", "text=what") for part in ("--map", pair)]
    assert main(["ingest", "csv", "rows.csv", *maps, "--conversation", "talk", "--arrived-at", "created", "--to", "-"]) == 0
    (record,), words = written(capfdbinary)
    assert (record.author_id, record.text, record.ingested_at) == ("ann", "Hi", record.created_at)
    assert "1 comment read; 2 rows rejected, listed in rows.csv.rejects.jsonl" in words
    lines = [msgspec.json.decode(line) for line in (tmp_path / "rows.csv.rejects.jsonl").read_bytes().splitlines()]
    assert sorted(line["line"] for line in lines) == [3, 4]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["page", "nowhere.txt"], "nowhere.txt: cannot be read"),
        (["page", "article.txt"], "no comment widget found"),
        (["page", "empty.txt"], "holds no comments"),
        (["page", str(SAMPLE), "--published-at", "soon"], "--published-at soon is no time"),
        (["page", str(SAMPLE), "--published-at", "2025-01-02", "--scraped-at", "2025-01-01"], "is after --scraped-at"),
        (["page", str(SAMPLE), "--source", ""], "--source: 1 to 512 characters"),
        (["page", str(SAMPLE), "--arrived-at", "noon"], "--arrived-at"),
        (["jsonl", "article.txt", "--conversation", "c"], "none of 1 rows could be read"),
        (["jsonl", "row.jsonl", "--map", "text=body"], "no column body"),
        (["jsonl", "row.jsonl", "--map", "txt=text"], "no field txt"),
        (["csv", "empty.csv"], "is empty"),
        (["page", str(SAMPLE), "--to", "no/such/folder"], "cannot be written"),
    ],
    ids=lambda value: " ".join(value)[-40:] if isinstance(value, list) else "",
)
def test_a_users_mistake_is_one_plain_line_and_exit_2(arguments, words, tmp_path, capfdbinary):
    (tmp_path / "article.txt").write_text("Only an article.\n", encoding="utf-8")
    (tmp_path / "empty.txt").write_text("View all comments\n", encoding="utf-8")
    (tmp_path / "empty.csv").write_text("", encoding="utf-8")
    (tmp_path / "row.jsonl").write_bytes(msgspec.json.encode(comment("a")))
    to = [] if "--to" in arguments else ["--to", "-"]
    assert main(["ingest", *arguments, *to]) == 2
    out, err = capfdbinary.readouterr()
    assert words in err.decode()
    assert (out, err.count(b"\n"), b"Traceback" in err) == (b"", 1, False)


def started(arguments, data):
    return subprocess.run([sys.executable, "-m", "streams", "ingest", *arguments], input=data, capture_output=True, check=False)


def test_stdin_is_read_and_stdout_holds_data_alone(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SAMPLE.parents[3]))
    done = started(["page", "-", "--to", "-"], SAMPLE.read_bytes())
    assert (done.returncode, done.stdout.count(b"\n"), done.stderr.count(b"\n")) == (0, 50, 1)
    again = started(["jsonl", "-", "--to", "-"], done.stdout)
    assert (again.returncode, again.stdout) == (0, done.stdout)
    assert again.stderr == b"50 comments read; 0 rows rejected\n"


def test_help_imports_no_broker_and_no_parser(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(SAMPLE.parents[3]))
    code = "import sys; from streams.cli.main import main; main(['ingest', 'page', '--help']); print(sorted(sys.modules), file=sys.stderr)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, text=True)
    assert "--pseudonymise" in done.stdout
    assert not [name for name in ("torch", "faust", "aiokafka", "zstandard", "numpy") if f"'{name}'" in done.stderr]


def rows(tmp_path, name, *records):
    (tmp_path / name).write_bytes(b"".join(msgspec.json.encode(record) + b"\n" for record in records))


@pytest.mark.parametrize("option", ["--to", "--rejects"])
def test_an_output_that_is_the_input_is_a_mistake_and_the_input_stays(option, tmp_path, capfdbinary, monkeypatch):
    Broker(monkeypatch)
    rows(tmp_path, "rows.jsonl", comment("a"))
    before = (tmp_path / "rows.jsonl").read_bytes()
    (tmp_path / "alias.jsonl").hardlink_to(tmp_path / "rows.jsonl")
    assert main(["ingest", "jsonl", "rows.jsonl", option, "alias.jsonl"]) == 2
    assert f"{option} alias.jsonl: is the file that is read" in written(capfdbinary)[1]
    assert (tmp_path / "rows.jsonl").read_bytes() == before


def test_a_page_is_not_overwritten_by_its_records(tmp_path, capfdbinary):
    (tmp_path / "page.txt").write_bytes(SAMPLE.read_bytes())
    assert main(["ingest", "page", "page.txt", "--to", "page.txt"]) == 2
    assert (tmp_path / "page.txt").read_bytes() == SAMPLE.read_bytes()


def test_what_is_written_takes_its_place_only_when_it_is_whole(tmp_path, capfdbinary):
    (tmp_path / "out.jsonl").write_text("old")
    (tmp_path / "rows.jsonl").write_bytes(b"nonsense\n")
    assert main(["ingest", "jsonl", "rows.jsonl", "--to", "out.jsonl"]) == 2
    assert (tmp_path / "out.jsonl").read_text() == "old"
    rows(tmp_path, "rows.jsonl", comment("a"))
    assert main(["ingest", "jsonl", "rows.jsonl", "--to", "out.jsonl"]) == 0
    assert msgspec.json.decode((tmp_path / "out.jsonl").read_bytes(), type=Comment) == comment("a")
    assert sorted(file.name for file in tmp_path.iterdir()) == ["out.jsonl", "rows.jsonl"]


def test_nothing_is_sent_where_rejects_could_not_be_listed(monkeypatch, tmp_path, capfdbinary):
    broker = Broker(monkeypatch)
    rows(tmp_path, "rows.jsonl", comment("a"))
    assert main(["ingest", "jsonl", "rows.jsonl", "--rejects", "no/such/folder"]) == 2
    assert (broker.sent, b"name a file with --rejects" in capfdbinary.readouterr().err) == ([], True)


def test_comments_that_arrive_too_late_to_be_counted_are_told_with_what_to_do(monkeypatch, tmp_path, capfdbinary):
    Broker(monkeypatch)
    long_ago = {"created_at": NOON - timedelta(days=2000), "ingested_at": None}
    rows(tmp_path, "rows.jsonl", *(comment(name, created_at_is_estimated=name == "c", **long_ago) for name in "abc"))
    assert main(["ingest", "jsonl", "rows.jsonl"]) == 0
    lines = written(capfdbinary)[1].splitlines()
    assert lines[0] == "3 comments read; 0 rows rejected"
    assert lines[1].startswith("2 of them will not be counted in pile-ons")
    assert lines[1].endswith("--arrived-at created")
    assert main(["ingest", "jsonl", "rows.jsonl", "--arrived-at", "created"]) == 0
    assert "counted" not in written(capfdbinary)[1]


def test_late_is_said_of_the_rows_own_arrival_and_by_its_sources_lateness(monkeypatch, tmp_path, capfdbinary):
    Broker(monkeypatch)
    (tmp_path / "threadwatch.toml").write_text('[sources.slow]\nlateness = "P3D"\n')
    arrival = {"created_at": NOON, "ingested_at": NOON + timedelta(days=2)}
    rows(tmp_path, "rows.jsonl", comment("a", source="slow", **arrival), comment("b", source="quick", **arrival))
    assert main(["ingest", "jsonl", "rows.jsonl"]) == 0
    assert "1 of them will not be counted" in written(capfdbinary)[1]


def test_pseudonyms_of_rows_are_of_their_own_community(tmp_path, capfdbinary):
    rows(tmp_path, "rows.jsonl", *(comment(name, community=name, author_id="ann") for name in ("boats", "bees")))
    main(["ingest", "jsonl", "rows.jsonl", "--to", "-", "--pseudonymise"])
    one, other = (record.author_id for record in written(capfdbinary)[0])
    rows(tmp_path, "rows.jsonl", comment("x", community="bees", author_id="ann"))
    main(["ingest", "jsonl", "rows.jsonl", "--to", "-", "--pseudonymise", "--community", "else"])
    assert [record.author_id for record in written(capfdbinary)[0]] == [other]
    assert one != other
