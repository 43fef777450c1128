"""Compose and the images: closed in, pinned, with settings that there are; what a container does when the program ends."""

import importlib.util
import json
import os
import re
import signal
import subprocess
import time
import tomllib
from pathlib import Path

import pytest
from jsonschema import validators

from streams.console.access import check_address
from streams.errors import UserError
from streams.live.receivers import check_webhooks
from streams.settings import FILE, Settings, load
from tests.contract.schema_files import ROOT
from tests.contract.test_deploy import DEPLOY, loaded

COMPOSE = loaded(ROOT / "docker-compose.yml")


def test_compose_follows_its_specification():
    # The tool's own command cannot start beside click 8.3, which Faust's pin asks for; its schema file can be read.
    found = importlib.util.find_spec("check_jsonschema")
    assert found is not None
    assert found.submodule_search_locations
    schema = json.loads(
        (Path(found.submodule_search_locations[0]) / "builtin_schemas" / "vendor" / "compose-spec.json").read_text(encoding="utf-8")
    )
    checker = validators.validator_for(schema)(schema)
    assert [error.message for error in checker.iter_errors(COMPOSE)] == []
    assert not checker.is_valid(COMPOSE | {"services": {"worker": {"image": 7}}})


@pytest.mark.parametrize("service", COMPOSE["services"])
def test_a_service_is_closed_in(service: str):
    described = COMPOSE["services"][service]
    assert described["read_only"] is True
    assert described["cap_drop"] == ["ALL"]
    assert all(port.startswith("127.0.0.1:") for port in described.get("ports", ()))
    assert described["restart"] == {"topics": "no", "worker": "on-failure", "console": "on-failure"}.get(service, "unless-stopped")
    assert "test" in described["healthcheck"] or service == "topics"
    assert "latest" not in described["image"]


def test_one_broker_keeps_one_copy_of_every_internal_topic():
    kafka = COMPOSE["services"]["kafka"]["environment"]
    copies = {name: value for name, value in kafka.items() if "REPLICATION_FACTOR" in name or name.endswith(("MIN_ISR", "INSYNC_REPLICAS"))}
    assert len(copies) == 7
    assert set(copies.values()) == {"1"}
    assert kafka["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"


@pytest.mark.parametrize("service", ["topics", "worker", "console"])
def test_what_compose_sets_are_settings(service: str):
    assert load(said(service)).kafka.bootstrap == "kafka:19092"


def said(service: str) -> dict[str, str]:
    """Return the environment that compose gives to a service where the machine's own says nothing."""
    given = COMPOSE["services"][service]["environment"]
    return {name: re.sub(r"\$\{\w+:-(.*)\}", r"\1", value) for name, value in given.items()}


def test_the_console_ends_with_a_plain_line_until_somebody_has_a_token_and_serves_then():
    described, given = COMPOSE["services"]["console"], said("console")
    with pytest.raises(UserError, match=r"console\.tokens \(docs/console\.md\)"):
        check_address(load(given).console)
    lines = re.findall(r"^(THREADWATCH_CONSOLE\w+)=(\S+)", (ROOT / "docs" / "console.md").read_text(encoding="utf-8"), re.MULTILINE)
    console = load(given | {name: value.replace("…", "a-secret-of-16-and-more") for name, value in lines}).console
    check_address(console)
    assert console.tokens["kim"].role == "moderator"
    assert described["ports"] == [f"127.0.0.1:{console.port}:{console.port}"]


def test_links_lead_to_the_console_where_its_address_is_named_and_it_is_named_once():
    assert said("worker")["THREADWATCH_ALERTMANAGER__CONSOLE_URL"] == said("grafana")["CONSOLE_URL"] == ""
    named = {service: [value for value in COMPOSE["services"][service]["environment"].values() if value.startswith("${CONSOLE_URL")]
             for service in ("worker", "grafana")}  # fmt: skip
    assert named == {"worker": ["${CONSOLE_URL:-}"], "grafana": ["${CONSOLE_URL:-}"]}


def test_where_links_lead_is_named_once_for_all_that_make_some():
    made_by = {
        service: COMPOSE["services"][service]["environment"].get("RUNBOOKS_URL") for service in ("prometheus", "alertmanager", "grafana")
    }
    assert set(made_by.values()) == {"${RUNBOOKS_URL:-}"}


def test_what_the_file_says_of_the_console_stays_where_nobody_sets_compose_s_variable(tmp_path: Path):
    (file := tmp_path / "threadwatch.toml").write_text('[alertmanager]\nconsole_url = "https://console.example"\n')
    assert load(said("worker"), file).alertmanager.console_url == "https://console.example"


def volumes(service: str) -> list[str]:
    return [volume for volume in COMPOSE["services"][service].get("volumes", ()) if volume.startswith("./")]


@pytest.mark.parametrize("service", ["topics", "worker", "console"])
def test_a_settings_file_is_found_where_it_is_and_may_be_missing(service: str):
    described = COMPOSE["services"][service]
    assert volumes(service) == [f"./deploy/settings:{described['working_dir']}:ro"]
    assert described["env_file"] == [{"path": "deploy/settings/secrets.env", "required": False}]
    assert Path("threadwatch.toml") == FILE, "looked for where the program runs"


def test_the_example_of_settings_is_one_with_and_without_what_it_proposes(tmp_path: Path):
    text = (DEPLOY / "settings" / "threadwatch.example.toml").read_text(encoding="utf-8")
    (tmp_path / "as-it-is.toml").write_text(text, encoding="utf-8")
    assert load({}, tmp_path / "as-it-is.toml") == Settings()
    (tmp_path / "all.toml").write_text(text.replace("#~", ""), encoding="utf-8")
    variable = re.findall(r"^#\s+(THREADWATCH_\w+)=", text, re.MULTILINE)
    settings = load(dict.fromkeys(variable, "a-secret-of-16-and-more"), tmp_path / "all.toml")
    check_webhooks(settings.webhooks)
    assert settings.webhooks
    assert settings.mutes
    assert settings.communities


@pytest.mark.parametrize("name", ["threadwatch.toml", "secrets.env"])
def test_what_is_yours_there_is_not_for_git(name: str):
    assert f"deploy/settings/{name}" in (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()


def test_every_file_that_compose_mounts_is_there():
    mounts = [
        volume.split(":")[0] for service in COMPOSE["services"].values() for volume in service.get("volumes", ()) if volume.startswith("./")
    ]
    assert len(mounts) == 10
    assert all((ROOT / mount).exists() for mount in mounts)


@pytest.mark.parametrize("file", sorted(DEPLOY.glob("Dockerfile*")), ids=lambda file: file.name)
def test_an_image_runs_as_nobody_in_particular_and_copies_what_exists(file: Path):
    lines = file.read_text(encoding="utf-8").splitlines()
    assert "USER threadwatch" in lines
    copied = [name for line in lines if line.startswith("COPY ") and "--from" not in line for name in line.split()[1:-1]]
    assert all((ROOT / name).exists() for name in copied)
    assert not [line for line in lines if line.startswith("FROM") and (":" not in line or ":latest" in line)]


def pinned(name: str) -> dict[str, str]:
    """Return the packages of a lock file, each with its version."""
    text = (ROOT / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([\w.-]+)==([^\s;]+)", text, re.MULTILINE))


@pytest.mark.parametrize("file", sorted(DEPLOY.glob("Dockerfile*")), ids=lambda file: file.name)
def test_in_an_image_one_can_sign_in_at_a_provider(file: Path):
    assert "--require-hashes -r /tmp/image.txt" in file.read_text(encoding="utf-8")
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = {re.split(r"[=<>]", each)[0] for each in project["optional-dependencies"]["oidc"]}
    image, everything = pinned("image.txt"), pinned("all.txt")
    assert wanted and wanted <= set(image)
    assert pinned("core.txt").items() <= image.items() <= everything.items(), "the versions that the tests ran with"


def entrypoint(tmp_path: Path, script: str) -> subprocess.Popen[str]:
    fake = tmp_path / "threadwatch"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    path = {"PATH": f"{tmp_path}:{os.environ['PATH']}"}
    return subprocess.Popen([DEPLOY / "entrypoint.sh", "worker"], env=path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize(("code", "seen"), [(0, 0), (1, 1), (2, 0), (3, 0), (70, 70), (137, 137)])
def test_70_is_restarted_by_docker_and_2_and_3_are_not(tmp_path: Path, code: int, seen: int):
    run = entrypoint(tmp_path, f'echo "$1"; exit {code}')
    out, err = run.communicate(timeout=10)
    assert run.returncode == seen
    assert out == "worker\n"
    assert ("not restarted" in err) == (code in {2, 3})


def test_sigterm_reaches_the_worker_and_what_is_in_flight_is_finished(tmp_path: Path):
    run = entrypoint(tmp_path, 'trap "sleep 0.5; echo finished; exit 0" TERM\necho up\nwhile :; do sleep 0.05; done')
    assert run.stdout is not None
    assert run.stdout.readline() == "up\n"
    time.sleep(0.1)
    run.send_signal(signal.SIGTERM)
    out, _ = run.communicate(timeout=10)
    assert (out, run.returncode) == ("finished\n", 0)
