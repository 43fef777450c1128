"""Every mistake in the settings names the file with the line, or the variable or option that brought it."""

import re
from pathlib import Path

import pytest

from streams.errors import UserError
from streams.live.receivers import check_webhooks
from streams.settings import load, settings_file

CONSOLE = Path(__file__).parents[2] / "docs" / "console.md"
HOOK = '[[webhooks]]\nname = "day"\nurl = "https://hooks.example/x"\n'


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "threadwatch.toml"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("scorer = 'linear'\n\ncolour = 'red'", ":3: Object contains unknown field `colour`"),
        ("[worker]\nbatch = 10\nbatsch = 20", ":3: Object contains unknown field `batsch`, did you mean `batch`? - at `$.worker`"),
        ("[worker]\n# batch\nbatch = 'many'", ":3: Expected `int`, got `str` - at `$.worker.batch`"),
        ("kafka = 3", ":1: Expected `object`, got `int` - at `$.kafka`"),
        ("[pileon]\nmin_share = 0.5\nwindow = 'PT1S'", ":3: window is 0:00:01, allowed is"),
        ("[kafka]\nprefix = 'a'\nsecurity_protocol = 'X'", ":3: security_protocol is 'X'"),
        ("[alertmanager]\nurls = [\n  'http://a:1',\n  'a:1',\n]", ":2: urls: 'a:1' is no address; write http://host:port"),
        ("[alertmanager]\nurls = ['http://kim:hidden@a:0']", ":2: urls: 'a:0' is no address"),
        ("[console]\n[console.oidc]\nissuer = 'https://login..example'", ":3: issuer is 'https://login..example': write https://host"),
        ("[console.oidc]\nissuer = 'https://['", ":2: issuer is 'https://[': write https://host"),
        ("[alertmanager]\nlease = 'PT1S'\nurls = ['http://alert..manager:9093']", ":3: urls: 'http://alert..manager:9093' is no address"),
        ("[alertmanager]\nlease = 'PT1H'\nconsole_url = 'javascript:alert(1)'",
         ":3: console_url: 'javascript:alert(1)' is no address; write https://host"),
        ("[alertmanager]\nconsole_url = 'console.example'", ":2: console_url: 'console.example' is no address"),
        ("[sources.a]\nlateness = 'PT1H'\n[sources.b]\nlatenes = 1", ":4: Object contains unknown field `latenes`, did you mean"),
        ("[sources.a]\nlateness = 'PT1H'\n[sources.b-c]\nlateness = 'x'",
         ':4: Invalid ISO8601 duration, write "PT30S", "PT10M", "P1D" or a number of seconds - at `$.sources."b-c".lateness`'),
        ("[communities.'a/b']\nwindow = '10m'", ':2: communities.a/b: Invalid ISO8601 duration, write "PT30S"'),
        ("[address.priors.a]\nheat = 1\n[address.priors.b]\nheat = 'x'", ":4: Expected `float`, got `str` - at `$.address.priors.b.heat`"),
        ("[communities.'a/b']\nmin_share = 0.5\nmin_shear = 1", ":3: communities.a/b: Object contains unknown field `min_shear`"),
        ("[communities.'a/b']\nmin_share = 0.5\nwindow = 'PT1S'", ":3: communities.a/b: window is"),
        ("shadow = true\ndetector = 'esr'", ":2: Invalid enum value 'esr', there are window, e-SR - at `$.detector`"),
        ("[pileon]\nwindow = 'PT1H'\nfalse_alarms_per_day = 0", ":3: Expected `float` > 0.0 - at `$.pileon.false_alarms_per_day`"),
        ("detector = 'e-SR'\n[pileon]\nmin_hostile_authors = 12", ":3: pileon.min_hostile_authors is 12: the detector e-SR counts to 8"),
        ("shadow = true\n[communities.'a/b']\nmin_hostile_authors = 9", ":3: communities.a/b: min_hostile_authors is 9: the detector"),
        ("[calibration.prior]\ndays = 2\nfirst_mean = 2", ":3: Expected `float` < 1.0 - at `$.calibration.prior.first_mean`"),
        ("scorer = 'x'\n[communities.sport]\nmin_share = 0.5", ":2: communities.'sport': write it as"),
        (HOOK + "[[webhooks]]\nname = 'night'\n", ":4: Object missing required field `url` - at `$.webhooks[1]`"),
        (HOOK + "timeout = 0", ":4: timeout is 0:00:00"),
        (HOOK + "severities = ['critical', 'bad']",
         ":4: Invalid enum value 'bad', there are warning, critical - at `$.webhooks[0].severities[1]`"),
        (HOOK + "secrets = ['hidden']", ":4: secrets of webhook day: one or two of them"),
        (HOOK + HOOK, ":5: webhooks[1].name: the name day stands there twice"),
        ("[[mutes]]\ntarget = 'a'\nconversation = 'b'\nreason = 'c'\nsince = 2024-05-01T00:00:00Z\nuntil = 2024-05-02T00:00:00Z",
         ":1: a mute names a target or a conversation, one of them - at `$.mutes[0]`"),
        ("[[mutes]]\ntarget = 'a'\nreason = 'c'\nsince = 2024-05-01T00:00:00Z\nuntil = 2024-05-02",
         ":5: Expected `datetime`, got `date`, write 2024-05-01T00:00:00Z - at `$.mutes[0].until`"),
    ],
)  # fmt: skip
def test_a_mistake_in_the_file_has_its_line(file: Path, text: str, said: str) -> None:
    file.write_text(text)
    with pytest.raises(UserError) as told:
        load({}, file)
    assert str(told.value).startswith(f"{file}{said}")
    assert "hidden" not in str(told.value)


def test_what_a_variable_or_an_option_brings_is_not_the_files_fault(file: Path) -> None:
    file.write_text(HOOK + "[alertmanager]\nlease = 'PT20S'\npost_every = 'PT10S'\n")
    for variable, value in (
        ("THREADWATCH_ALERTMANAGER__POST_EVERY", "PT30S"),
        ("THREADWATCH_ALERTMANAGER__URLS", "here"),
        ("THREADWATCH_WEBHOOKS__DAY__TIMEOUT", "0"),
        ("THREADWATCH_WORKER__BATSCH", "3"),
    ):
        with pytest.raises(UserError) as told:
            load({variable: value}, file)
        assert str(told.value).startswith(f"{variable}: ")
    with pytest.raises(UserError, match=r"^--metrics-port: "):
        load({}, file, {"worker.metrics_port": 99_999})


@pytest.mark.parametrize("wrong", ["localhost:9093", "ftp://host", "http://", "http://host:99999999", "http://host:0"])
def test_an_alertmanager_that_is_no_address_is_the_user_s_mistake(wrong: str) -> None:
    with pytest.raises(UserError, match=r"^THREADWATCH_ALERTMANAGER__URLS: .* write http://host:port"):
        load({"THREADWATCH_ALERTMANAGER__URLS": f"http://good:1,{wrong}"})


def test_a_webhook_without_a_secret_is_named_with_its_line(file: Path) -> None:
    file.write_text(HOOK + HOOK.replace("day", "night"))
    settings = load({"THREADWATCH_WEBHOOKS__DAY__SECRETS": "a-secret-of-16-and-more"}, file)
    with pytest.raises(UserError) as told:
        check_webhooks(settings.webhooks, settings_file(file))
    assert str(told.value).startswith(f"{file}:4: webhooks, night: it has no secret; set THREADWATCH_WEBHOOKS__NIGHT__SECRETS")


def of_the_docs(fence: str, about: str) -> str:
    """Return the first block of docs/console.md in this language that speaks of it."""
    return next(block for block in re.findall(rf"```{fence}\n(.*?)```", CONSOLE.read_text(), re.DOTALL) if about in block)


def test_a_token_s_role_in_the_file_and_its_secret_in_the_environment_are_one_token_as_the_docs_write_it(file: Path) -> None:
    file.write_text(of_the_docs("toml", "console.tokens"))
    variable = re.findall(r"export (\w+)=", of_the_docs("sh", "TOKENS"))[0]
    tokens = load({variable: "s" * 64}, file).console.tokens
    assert {name: (token.role, token.secret) for name, token in tokens.items()} == {"kim": ("moderator", "s" * 64)}


def test_what_nobody_gave_is_lacking_where_the_file_speaks_of_it_and_what_was_given_wrong_is_the_variable_s(file: Path) -> None:
    file.write_text("[console.tokens.kim]\nrole = 'moderator'\n")
    for environment, said in (
        ({}, f"{file}:1: Object missing required field `secret`"),
        ({"THREADWATCH_CONSOLE__TOKENS__KIM__ROLE": "reader"}, f"{file}:1: Object missing required field `secret`"),
        ({"THREADWATCH_CONSOLE__TOKENS__KIM__SECRET": "short"}, "THREADWATCH_CONSOLE__TOKENS__KIM__SECRET: secret: at least 16"),
    ):
        with pytest.raises(UserError) as told:
            load(environment, file)
        assert str(told.value).startswith(said)
