"""Settings: defaults < file < environment < options; every mistake is named with its place."""

import re
from datetime import timedelta
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.settings import Settings, load, pileon_config, topology_config

FILE = """
scorer = "from-file"
retention = "P7D"
[kafka]
bootstrap = "file:1"
prefix = "file."
[pileon]
min_hostile_authors = 5
[communities."news/sport"]
min_hostile_authors = 9
[sources.news]
communities = ["sport"]
lateness = "PT2H"
[[mutes]]
target = "ann"
reason = "court case"
since = 2024-05-01T00:00:00Z
until = 2024-05-20T00:00:00Z
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "threadwatch.toml"
    path.write_text(FILE)
    return path


def test_without_anything_said_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load({}) == Settings()


def test_the_file_is_over_the_defaults_the_environment_over_the_file_and_options_over_all(file: Path) -> None:
    environment = {"THREADWATCH_KAFKA": "env:2", "THREADWATCH_SCORER": "from-env", "HOME": "/root"}
    settings = load(environment, file, {"scorer": "typed", "kafka.prefix": None})
    assert (settings.kafka.bootstrap, settings.kafka.prefix, settings.scorer) == ("env:2", "file.", "typed")
    assert settings.retention == timedelta(days=7)


@pytest.mark.parametrize(
    "variable", ["SCORER", "KAFKA", "KAFKA__PREFIX", "ALERTMANAGER__CONSOLE_URL", "RETENTION", "WEBHOOKS__NO_SUCH__SECRETS"]
)
def test_an_empty_variable_is_as_good_as_not_set(file: Path, variable: str) -> None:
    assert load({f"THREADWATCH_{variable}": ""}, file) == load({}, file)


def test_a_settings_file_that_an_empty_variable_names_is_the_usual_one(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load({"THREADWATCH_CONFIG": ""}) == load({})
    file.unlink()
    assert load({"THREADWATCH_CONFIG": ""}) == Settings()


def test_a_file_in_the_current_folder_is_read_and_one_named_by_the_environment_instead(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    assert load({}).scorer == "from-file"
    (file.parent / "other.toml").write_text('scorer = "other"')
    assert load({"THREADWATCH_CONFIG": "other.toml"}).scorer == "other"


def test_a_community_s_own_settings_are_over_the_general_ones_and_reach_the_stage(file: Path) -> None:
    settings = load({}, file)
    assert pileon_config(settings, "news/sport").min_hostile_authors == 9
    assert pileon_config(settings, "news/politics").min_hostile_authors == 5
    config = topology_config(settings, b"key")
    assert config.pileon_overrides["news", "sport"].min_hostile_authors == 9
    assert config.lateness == {"news": timedelta(hours=2)}
    assert config.mutes[0].reason == "court case"


def test_alertmanagers_are_a_list_with_commas_in_the_environment() -> None:
    assert load({"THREADWATCH_ALERTMANAGER__URLS": "http://a:1,http://b:2"}).alertmanager.urls == ("http://a:1", "http://b:2")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[pileon]\nmin_hostile_authors = 1", r"Expected `int` >= 2 - at `\$.pileon.min_hostile_authors`"),
        ("[pileon]\nwindow = 'PT1S'", "window is 0:00:01, allowed is"),
        ("colour = 'red'", "unknown field `colour`"),
        ("[worker]\nbatch = 'many'", r"\$.worker.batch"),
        ("retention = 'a week'", r"\$.retention"),
        ("[kafka", "Expected ']'"),
    ],
)
def test_a_mistake_in_the_file_names_the_file_and_the_setting(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError, match=said) as told:
        load({}, file)
    assert str(told.value).startswith(str(file))


@pytest.mark.parametrize("name", ["sport", "/sport", "news/"])
def test_a_community_is_named_with_its_source(file: Path, name: str) -> None:
    file.write_text(f'[communities."{name}"]\nmin_hostile_authors = 5')
    with pytest.raises(UserError, match="source/community"):
        topology_config(load({}, file), b"key")


HOOK = '[[webhooks]]\nname = "night-shift"\nurl = "https://hooks.example/x"\n'
SECRETS = "THREADWATCH_WEBHOOKS__NIGHT_SHIFT__SECRETS"


def test_spaces_and_line_ends_around_secrets_are_no_part_of_them(file: Path) -> None:
    file.write_text(HOOK)
    (hook,) = load({SECRETS: "one-secret-of-16+, other-secret-of-16\n"}, file).webhooks
    assert hook.secrets == ("one-secret-of-16+", "other-secret-of-16")


def test_a_webhook_s_secrets_come_from_the_environment_two_while_they_change(file: Path) -> None:
    file.write_text(HOOK + 'severities = ["critical"]\ncommunities = ["news/sport"]')
    (hook,) = load({SECRETS: "one-secret-of-16+,other-secret-of-16"}, file).webhooks
    assert hook.secrets == ("one-secret-of-16+", "other-secret-of-16")
    assert (hook.severities, hook.communities) == (("critical",), ("news/sport",))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (HOOK + "colour = 'red'", "unknown field `colour`"),
        (HOOK.replace("night-shift", "Night Shift"), "{1,40}$': small letters, digits and hyphens"),
        (HOOK + "secrets = 'one-secret-of-16+'", 'got `str`, write ["one", "two"]'),
        (HOOK + "time_out = 3", "unknown field `time_out`, did you mean `timeout`?"),
        (HOOK + "secrets = ['hidden']", "secrets of webhook night-shift: one or two of them"),
        (HOOK + "secrets = ['one-secret-of-16+ ']", "secrets of webhook night-shift: one begins or ends with white space"),
        (HOOK + "severities = ['bad']", "severities"),
        (HOOK + "severities = []", "severities of webhook night-shift: it would never be told anything"),
        (HOOK.replace("night-shift", "Night Shift"), "name"),
        (HOOK + HOOK, "the name night-shift stands there twice"),
        (HOOK + "timeout = 0", "timeout is 0:00:00, it must be longer than nothing"),
        ("[webhooks]\nname = 'x'", "webhooks"),
    ],
)
def test_a_mistake_in_a_webhook_names_the_file_and_the_setting_and_never_a_secret(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError, match=re.escape(said)) as told:
        load({}, file)
    assert str(told.value).startswith(str(file))
    assert "hidden" not in str(told.value)


@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        (SECRETS, "hidden", f"{SECRETS}: secrets of webhook night-shift: one or two of them"),
        ("THREADWATCH_WEBHOOKS__DAY__SECRETS", "hidden", "has no [[webhooks]] with the name 'day'"),
        ("THREADWATCH_WEBHOOKS__DAY", "hidden", "write THREADWATCH_WEBHOOKS__NAME__SETTING"),
        ("THREADWATCH_WEBHOOKS", "hidden", "THREADWATCH_WEBHOOKS: "),
    ],
)
def test_a_mistake_in_a_webhook_s_variable_names_the_variable_and_never_a_secret(file: Path, variable: str, value: str, said: str) -> None:
    file.write_text(HOOK)
    with pytest.raises(UserError) as told:
        load({variable: value}, file)
    assert str(told.value).startswith(variable)
    assert said in str(told.value)
    assert "hidden" not in str(told.value)


def test_a_key_that_looks_like_what_is_left_out_of_a_message_is_refused_too(file: Path) -> None:
    file.write_text('"[...]" = 1\n', encoding="utf-8")
    with pytest.raises(UserError, match=r"threadwatch.toml:1: .*unknown field"):
        load({}, file)


def test_a_mistake_among_two_thousand_communities_is_found(file: Path) -> None:
    sections = [f'[communities."news/c{number}"]\nmin_hostile_authors = 5\n' for number in range(2000)]
    file.write_text("".join([*sections, '[communities."news/last"]\nmin_hostile = 5\n']), encoding="utf-8")
    with pytest.raises(UserError, match=r"threadwatch.toml:4002: .*min_hostile"):
        load({}, file)


def test_an_unknown_setting_of_a_community_is_refused(file: Path) -> None:
    file.write_text('[communities."news/sport"]\nwindows = "PT1H"')
    with pytest.raises(UserError, match=r"communities.news/sport: .*windows"):
        load({}, file)


def test_a_mute_of_more_than_thirty_days_is_refused(file: Path) -> None:
    file.write_text(FILE.replace("2024-05-20", "2024-07-20"))
    with pytest.raises(UserError, match="30 days"):
        load({}, file)


def test_a_file_that_was_asked_for_and_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no settings file"):
        load({}, tmp_path / "absent.toml")
