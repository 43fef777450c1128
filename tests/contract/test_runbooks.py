"""What a runbook tells somebody to type at night can be typed, and each has the parts that the others have."""

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


def test_the_way_to_check_texts_on_a_host_finds_a_broken_one_and_a_name_that_there_is_not(tmp_path: Path):
    needed("amtool")
    (command,) = {line for line in code(RUNBOOKS / "NotificationsFailing.md") if line.startswith("amtool template render")}
    folder = shutil.copytree(DEPLOY / "alertmanager", tmp_path / "deploy" / "alertmanager")

    def checked() -> int:
        return subprocess.run(shlex.split(command), cwd=tmp_path, capture_output=True, check=False, timeout=60).returncode

    assert checked() == 0
    texts = (folder / "pile-on.tmpl").read_text(encoding="utf-8")
    (folder / "pile-on.tmpl").write_text(texts + '{{ define "new" }}{{ if }}{{ end }}', encoding="utf-8")
    assert checked() == 1
    (folder / "pile-on.tmpl").write_text(texts.replace('template "threadwatch.line"', 'template "threadwatch.lime"'), encoding="utf-8")
    assert checked() == 1
