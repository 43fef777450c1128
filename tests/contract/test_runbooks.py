"""What a runbook tells somebody to type at night can be typed, and each has the parts that the others have."""

import json
import re
import shlex
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import promql_parser
import pytest
from typer._click.exceptions import UsageError

from streams.cli.main import COMMANDS
from tests.contract.schema_files import ROOT
from tests.contract.test_compose import COMPOSE
from tests.contract.test_deploy import DEPLOY, known_names, used_names
from tests.contract.test_docs_words import sub
from tests.support.programs import needed

RUNBOOKS = ROOT / "docs" / "runbooks"
PAGES = sorted(RUNBOOKS.glob("*.md"))
OF_ALERTS = [page for page in PAGES if page.stem != "README"]
PARTS = ["What it means", "First look", "What to do", "When it is quiet again"]
CODE = re.compile(r"```\w*\n(.*?)```|`([^`\n]+)`", re.DOTALL)
BLOCK = re.compile(r"```(?:sh)?\n(.*?)```", re.DOTALL)
TYPED = re.compile(r"(?:^|\s)threadwatch ([a-z]+\b.*)|docker compose run (?:-\S+ )*worker ([a-z]+\b.*)")
"""A command, or what compose gives to the image's entry point, which puts ``threadwatch`` before it."""


def named(page: Path) -> str:
    return page.stem


def code(page: Path) -> Iterator[str]:
    """Yield each line of a block, and each piece of code in a sentence."""
    for block, inline in CODE.findall(page.read_text(encoding="utf-8")):
        yield from (block or inline).splitlines()


def typed(page: Path) -> Iterator[list[str]]:
    """Yield the words after ``threadwatch``: without what is behind a pipe, with a number for each OFFSET or ID."""
    for line in code(page):
        for after in (one or other for one, other in TYPED.findall(line)):
            words = shlex.split(re.split(r" \| ", after)[0].replace("…", ""))
            yield ["4711" if re.fullmatch("[A-Z-]+", word) else word for word in words]


def parsed(name: str, *words: str) -> None:
    """Parse it as the program does, without running it."""
    assert name in COMMANDS, name
    sub(name, list(words)).make_context(name, list(words))


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_every_command_of_a_runbook_is_one_that_the_program_takes(page: Path):
    for words in typed(page):
        parsed(*words)


def test_commands_are_found_in_sentences_in_blocks_and_behind_compose():
    found = {" ".join(words) for page in PAGES for words in typed(page)}
    assert found >= {
        "verdict 4711 not_one --by 4711",
        "redrive comments.raw --list",
        "worker --accept-bad-until 4711",
        "watch --from-beginning --once",
    }


@pytest.mark.parametrize("words", [("verdict", "7q4f", "maybe", "--by", "ann"), ("worker", "--accept"), ("redrive",)])
def test_a_command_that_the_program_does_not_take_would_be_found(words: tuple[str, ...]):
    with pytest.raises(UsageError):
        parsed(*words)


@pytest.mark.parametrize("page", OF_ALERTS, ids=named)
def test_every_runbook_has_the_parts_of_the_others_in_their_order(page: Path):
    text = page.read_text(encoding="utf-8")
    assert text.startswith(f"# {page.stem}\n")
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == PARTS


@pytest.mark.parametrize("page", OF_ALERTS, ids=named)
def test_a_runbook_that_names_a_command_says_how_to_type_it_with_compose(page: Path):
    assert not list(typed(page)) or "(README.md#how-to-type-it)" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_stands_in_a_block_can_be_copied_as_it_is(page: Path):
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        assert "…" not in block, block
        assert subprocess.run(["bash", "-n"], input=block, text=True, capture_output=True, check=False).stderr == ""


ASKED = [
    (page.stem, asked) for page in PAGES for asked in re.findall(r"promtool query instant \S+ '([^']+)'", page.read_text(encoding="utf-8"))
]


@pytest.mark.parametrize(("page", "asked"), ASKED)
def test_what_a_runbook_asks_prometheus_can_be_read_and_its_metrics_exist(page: str, asked: str):
    promql_parser.parse(asked)
    assert used_names(asked) <= known_names()


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_what_compose_is_told_to_start_or_to_look_into_is_a_service_of_it(page: Path):
    for line in (line for line in code(page) if "docker compose" in line):
        for found in re.findall(r"docker compose (?:exec|ps|logs|restart|stop)((?: -\S+(?: \d+\w*)?)*) ?([a-z]*)", line):
            assert found[1] in {"", *COMPOSE["services"]}, line


CHECKING = ["docs/runbooks/NotificationsFailing.md", "docs/alerts.md"]


@pytest.fixture
def texts(tmp_path: Path) -> Path:
    """Return the file of texts in a copy of what is shipped, from whose top folder the way to check them is typed."""
    needed("amtool")
    return shutil.copytree(DEPLOY / "alertmanager", tmp_path / "deploy" / "alertmanager") / "pile-on.tmpl"


def checked(page: str, texts: Path) -> int:
    """Type what a page says, as it stands there."""
    (command,) = {line for line in code(ROOT / page) if "amtool template render --" in line}
    return subprocess.run(["bash", "-c", command], cwd=texts.parents[2], capture_output=True, check=False, timeout=60).returncode


@pytest.mark.parametrize("page", CHECKING)
def test_the_way_to_check_texts_finds_nothing_wrong_with_what_is_shipped(page: str, texts: Path):
    assert checked(page, texts) == 0


@pytest.mark.parametrize(
    ("said", "broken"),
    [
        ('{{ define "threadwatch.runbooks" }}', '{{ define "threadwatch.runbooks" }}{{ if }}'),
        ('template "threadwatch.line"', 'template "threadwatch.lime"'),
        ("case {{ .Annotations.case }}:", '{{ template "nope" . }}case {{ .Annotations.case }}:'),
        (", began as {{ .Annotations.before }}", '{{ template "nope" . }}'),
        ("ENDED ({{ .Annotations.ended_because }})", '{{ template "nope" . }}'),
        ("NO LONGER MONITORED", '{{ template "nope" . }}'),
        ("{{ len $lapsed }}", '{{ template "nope" . }}'),
        ("{{ len $resolved }}", '{{ template "nope" . }}'),
        (
            "look at {{ if .Annotations.case }}the case{{ else }}",
            'look at {{ if .Annotations.case }}the case{{ else }}{{ template "nope" . }}',
        ),
        ("{{ .Annotations.runbook_url }}", '{{ template "nope" . }}'),
    ],
    ids=[
        "no template",
        "a name",
        "a case",
        "worse",
        "an end",
        "a lapse",
        "several",
        "others of several",
        "a storm",
        "an operational alert",
    ],
)
def test_the_way_to_check_texts_finds_what_fails_only_for_some_alerts(texts: Path, said: str, broken: str):
    shipped = texts.read_text(encoding="utf-8")
    assert said in shipped
    texts.write_text(shipped.replace(said, broken), encoding="utf-8")
    assert checked(CHECKING[0], texts) != 0


def test_every_text_is_written_and_every_annotation_that_a_text_has_is_in_a_sample():
    asked = [line for page in CHECKING for line in code(ROOT / page) if "amtool template render --" in line]
    used = re.findall(r"template \"(threadwatch\.\w+)\"", (DEPLOY / "alertmanager" / "receivers.example.yml").read_text(encoding="utf-8"))
    assert len(asked) == 2
    assert all(f'template "{name}" .' in line for line in asked for name in {*used, "threadwatch.brief"})
    samples = [json.loads(file.read_text(encoding="utf-8")) for file in (DEPLOY / "alertmanager" / "samples").glob("*.json")]
    texts = (DEPLOY / "alertmanager" / "pile-on.tmpl").read_text(encoding="utf-8")
    said = {name for sample in samples for alert in sample["alerts"] for name in alert["annotations"]}
    assert set(re.findall(r"\.Annotations\.(\w+)", texts)) <= said
