"""What a reader is told to type exists; what a reader is told to open is there."""

import re
import shlex
from functools import cache
from pathlib import Path

import pytest
import typer

from streams.cli.main import COMMANDS, app

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md")])
LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCE = re.compile(r"```(?:sh|bash)?\n(.*?)```", re.DOTALL)
TYPED = re.compile(r"\bthreadwatch ((?:[a-z]+\b|--?[a-z]).*)")
ids = [str(page.relative_to(ROOT)) for page in PAGES]


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_link_leads_somewhere(page: Path):
    links = [link.partition("#")[0] for link in LINK.findall(page.read_text(encoding="utf-8"))]
    gone = [link for link in links if link and "://" not in link and not (page.parent / link).exists()]
    assert gone == []


@pytest.mark.parametrize("page", PAGES, ids=ids)
def test_every_command_in_a_block_exists_with_its_options(page: Path):
    for line in commands(page.read_text(encoding="utf-8")):
        name, *words = shlex.split(line, comments=True)
        assert name in COMMANDS, line
        command = sub(name, words)
        known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
        unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in known]
        assert unknown == [], line


def commands(text: str) -> list[str]:
    """Return what is typed after ``threadwatch`` in the page's blocks, up to a pipe or a redirection."""
    blocks = "\n".join(FENCE.findall(text)).replace("\\\n", " ")
    return [re.split(r" [|>&;] ?", found[1])[0] for line in blocks.splitlines() if (found := TYPED.search(line.partition("#")[0]))]


@cache
def group():
    return typer.main.get_command(app)


def sub(name: str, words: list[str]):
    """Return the command, or of a group of commands the one that is named next."""
    context = group().make_context("threadwatch", [name], resilient_parsing=True)
    command = group().get_command(context, name)
    return command.commands[words[0]] if words and words[0] in getattr(command, "commands", {}) else command


def test_every_make_target_that_is_named_exists():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    for page in PAGES:
        for target in re.findall(r"(?:^|`|&& |\w=\S+ )make ([a-z-]+)", page.read_text(encoding="utf-8"), re.MULTILINE):
            assert target in targets, (page.name, target)


def test_every_command_has_a_word_in_the_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert [name for name in COMMANDS if f"threadwatch {name}" not in readme and f"make {name}" not in readme] == []


def test_the_figures_of_the_readme_are_those_of_the_model_card():
    card = (ROOT / "streams/scorers/weights/MODEL_CARD.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\w+ \| \d+ \| \d+ \| [01]\.\d+) \|$", (ROOT / "README.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert len(rows) >= 4
    assert [row for row in rows if f"| {row} |" not in card] == []


def test_the_picture_of_the_demo_needs_nothing_from_elsewhere():
    picture = (ROOT / "docs/demo.svg").read_text(encoding="utf-8")
    assert len(picture) < 150_000
    assert "@font-face" not in picture
    assert re.findall(r"(?:href|src|url)[=(]\W*https?:", picture) == []
