"""What the program has, the docs name."""

import msgspec
import pytest

from streams.settings import Settings, load
from tests.support.settings_page import NESTED, PAGE, page, rows


def test_the_settings_page_is_made_from_the_settings():
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize("setting", [row for struct in (Settings, *NESTED.values()) for row in rows(struct)], ids=lambda row: row[0])
def test_every_setting_says_what_it_does(setting: tuple[str, str, str, str]):
    name, allowed, _, meaning = setting
    assert allowed
    assert len(meaning) > 10 or name in OBVIOUS, name


OBVIOUS = {"reason", "since", "community"}


def test_the_example_on_the_settings_page_is_accepted(tmp_path):
    example = page().split("```toml\n")[1].split("```")[0]
    file = tmp_path / "threadwatch.toml"
    file.write_text(example, encoding="utf-8")
    settings = load({}, file)
    assert settings.sources["harbour-post"].communities == ("letters", "sport")
    assert len(settings.mutes) == 1


def test_a_settings_name_in_the_environment_is_taken_as_the_page_says():
    assert load({"THREADWATCH_PILEON__MIN_SHARE": "0.6", "THREADWATCH_KAFKA": "broker:9092"}).pileon.min_share == 0.6


@pytest.mark.parametrize(
    "variable", ["THREADWATCH_CONFIG", "THREADWATCH_KEY", "THREADWATCH_JARS", "THREADWATCH_LOG", "THREADWATCH_DETOXIFY_CONFIG"]
)
def test_variables_that_are_no_settings_do_not_disturb_them(variable: str, tmp_path):
    file = tmp_path / "empty.toml"
    file.write_text("", encoding="utf-8")
    assert msgspec.to_builtins(load({variable: str(file)})) == msgspec.to_builtins(Settings())
