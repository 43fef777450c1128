"""The example of Slack, mail and webhook, and of a community with people of its own, works with the routes that we ship."""

import json
import re
import shlex
from pathlib import Path

import pytest
import yaml

from tests.contract.test_deploy import DEPLOY, loaded, ran
from tests.support.manager import channels, example
from tests.support.programs import needed


@pytest.fixture(scope="module")
def amtool() -> str:
    return needed("amtool")


@pytest.fixture(scope="module")
def with_examples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the shipped routes with the community of the example, and the example's receivers (two more for the community)."""
    folder = DEPLOY / "alertmanager"
    text = (folder / "alertmanager.yml").read_text(encoding="utf-8").replace("/etc/alertmanager/", f"{folder}/")
    config = yaml.safe_load(text.replace("#~", "")) | example(commented="#~")
    config["receivers"] += [{"name": name} for name in ("letters", "letters-warnings")]
    file = tmp_path_factory.mktemp("examples") / "alertmanager.yml"
    file.write_text(yaml.safe_dump(config), encoding="utf-8")
    return file


def test_alertmanager_accepts_the_example_of_slack_mail_and_webhook(amtool: str, with_examples: Path):
    assert "6 receivers" in ran(amtool, "check-config", with_examples)


def test_a_storm_is_told_to_all_whose_pile_ons_it_holds_back(amtool: str, with_examples: Path):
    asked = (amtool, "config", "routes", "test", f"--config.file={with_examples}", "alertname=PileOnStorm", "severity=critical")
    assert ran(*asked, "source=harbour-post").split() == ["letters,moderators"]
    assert ran(*asked, "source=other").split() == ["moderators"]


@pytest.mark.parametrize(
    ("labels", "receiver"),
    [
        (["severity=critical", "source=harbour-post", "community=letters"], "letters"),
        (["severity=warning", "source=harbour-post", "community=letters"], "letters-warnings"),
        (["severity=critical", "source=other", "community=letters"], "moderators"),
        (["severity=warning", "source=harbour-post", "community=sport"], "moderators-warnings"),
    ],
)
def test_a_community_may_have_people_of_its_own(amtool: str, with_examples: Path, labels: list[str], receiver: str):
    routed = ran(amtool, "config", "routes", "test", f"--config.file={with_examples}", "alertname=PileOn", "pileon=7Q4F", *labels)
    assert routed.strip() == receiver


def test_pagerduty_is_an_example_for_those_who_are_paged_and_closes_its_incidents():
    example = (DEPLOY / "alertmanager" / "receivers.example.yml").read_text(encoding="utf-8")
    receivers = {one["name"]: one for one in yaml.safe_load(example.replace("#~", ""))["receivers"]}
    paged = {name: channel for name, one in receivers.items() for channel in one.get("pagerduty_configs", ())}
    assert paged.keys() == {"operators", "moderators"}
    assert all(channel["send_resolved"] and "routing_key" not in channel for channel in paged.values())


def test_no_request_of_the_example_waits_longer_than_operators_may_have_to():
    text = (DEPLOY / "alertmanager" / "receivers.example.yml").read_text(encoding="utf-8").replace("#~", "")
    asking = channels(yaml.safe_load(text), "slack_configs", "pagerduty_configs", "webhook_configs")
    assert len(asking) == 7
    assert {channel["timeout"] for channel in asking} == {"10s"}


def test_a_receiver_whose_ends_are_not_told_has_a_name_that_the_rules_know():
    receivers = yaml.safe_load((DEPLOY / "alertmanager" / "receivers.example.yml").read_text(encoding="utf-8"))["receivers"]
    silent = [one["name"] for one in receivers if any(not channel["send_resolved"] for channel in channels({"receivers": [one]}))]
    rules = (DEPLOY / "prometheus" / "rules" / "notifications.yml").read_text(encoding="utf-8")
    (left_out,) = re.findall(r'receiver_name!~"([^"]+)"', rules)
    assert silent == [one["name"] for one in receivers if re.fullmatch(left_out, one["name"])] == ["moderators-warnings", "watchdog"]


def test_a_warning_s_end_is_told_by_none_of_the_example_s_receivers():
    receivers = {one["name"]: one for one in loaded(DEPLOY / "alertmanager" / "receivers.example.yml")["receivers"]}
    channels = [channel for kind, found in receivers["moderators-warnings"].items() if kind != "name" for channel in found]
    assert {channel["send_resolved"] for channel in channels} == {False}
    assert {channel["send_resolved"] for kind, found in receivers["moderators"].items() if kind != "name" for channel in found} == {True}


BARE = {"status": "firing", "labels": {"alertname": "Strange"}, "annotations": {}}


def rendered(amtool: str, tmp_path: Path, name: str, alerts: list[dict[str, object]]) -> str:
    data = {"receiver": "x", "status": "firing", "alerts": alerts, "groupLabels": {}, "commonLabels": {}, "commonAnnotations": {}}
    file = tmp_path / "data.json"
    file.write_text(json.dumps(data | {"externalURL": ""}), encoding="utf-8")
    kind = "html" if name == "html" else "text"
    glob = DEPLOY / "alertmanager" / "pile-on.tmpl"
    asked = f'--template.text={{{{ template "threadwatch.{name}" . }}}}'
    return ran(amtool, "template", "render", f"--template.glob={glob}", f"--template.data={file}", f"--template.type={kind}", asked)


@pytest.mark.parametrize("name", ["title", "text", "brief", "below", "html"])
@pytest.mark.parametrize("alerts", [[], [BARE], [BARE, BARE | {"status": "resolved"}]], ids=["none", "one", "two"])
def test_no_text_fails_for_an_alert_that_says_next_to_nothing(amtool: str, tmp_path: Path, name: str, alerts: list[dict[str, object]]):
    told = rendered(amtool, tmp_path, name, alerts)
    assert "<no value>" not in told
    assert "ongoing" in told or not alerts or (name == "below" and len(alerts) == 1), "what the title says is not said again"


@pytest.mark.parametrize("name", ["text", "html"])
def test_a_message_of_many_shows_twenty_and_says_so(amtool: str, tmp_path: Path, name: str):
    alerts = [BARE | {"annotations": {"summary": f"number {n}."}} for n in range(35)]
    told = rendered(amtool, tmp_path, name, alerts)
    in_title = 1 if name == "html" else 0
    assert (told.count("number "), "20 of 35 are shown." in told) == (20 + in_title, True)
    assert "are shown" not in rendered(amtool, tmp_path, name, alerts[:20])


LONG = {
    "status": "firing",
    "labels": {"alertname": "Strange", "severity": "critical", "source": "s" * 128, "community": "c" * 128},
    "annotations": {"summary": "m" * 1000, "description": "d" * 1000, "runbook_url": "docs/runbooks/" + "R" * 40 + ".md"},
}
CASE = {"case": "7Q4FKM4V", "people": "128", "within": "22 h 31 min", "usual": "12.3", "replying": "128 of 1024 replying",
        "before": "warning", "link": "https://console.harbour-post.example.org/pileons/7q4fkm4v24yhtwhhjkeaqvc5b"}  # fmt: skip


@pytest.mark.parametrize("number", [1, 5, 6, 200])
@pytest.mark.parametrize("annotations", [{}, CASE], ids=["operational", "a case"])
def test_a_chat_s_text_is_never_cut_by_the_chat(amtool: str, tmp_path: Path, number: int, annotations: dict[str, str]):
    alert = LONG | {"annotations": LONG["annotations"] | annotations}
    told = rendered(amtool, tmp_path, "brief", [alert] * number)
    assert len(told) < 8000, "what Slack shows of an attachment"
    assert told.count("[critical] " + "s" * 40 + "\u2026 / " + "c" * 40 + "\u2026 \u00b7 ") == min(number, 15)
    assert told.count(CASE["link"]) == (min(number, 15) if annotations else 0), "a link is whole, or it leads nowhere"
    assert ("15 of 200 are shown." in told) == (number == 200)
    assert len(rendered(amtool, tmp_path, "title", [alert | {"annotations": CASE}] * number)) < 1024


def test_what_is_not_too_long_is_shown_whole(amtool: str, tmp_path: Path):
    alert = LONG | {"labels": LONG["labels"] | {"source": "s" * 41, "community": "Leserbriefe \u0436"}, "annotations": CASE}
    line = rendered(amtool, tmp_path, "brief", [alert])
    assert line.startswith(
        f"[critical] {'s' * 41} / Leserbriefe \u0436 \u00b7 case 7Q4FKM4V: 128 people hostile in 22 h 31 min (usual 12.3), "
    )
    assert line == rendered(amtool, tmp_path, "text", [alert])


@pytest.mark.parametrize("name", ["title", "text", "brief", "below", "html"])
def test_what_a_label_holds_is_never_read_as_a_template_or_as_markup(amtool: str, tmp_path: Path, name: str):
    evil = '"}}{{ template "threadwatch.runbooks" . }}{{ .Labels }}<script>\'</td>'
    labels = {"alertname": "PileOn", "severity": evil, "source": evil, "community": evil}
    given = dict.fromkeys(("case", "summary", "description", "people", "before", "ended_because", "runbook_url"), evil)
    told = rendered(amtool, tmp_path, name, [{"status": "firing", "labels": labels, "annotations": given | {"link": f"javascript:{evil}"}}])
    assert "{{ .Labels }}" in told
    if name == "html":
        assert not [sign for sign in ("<script", "'</td>", 'href="javascript') if sign in told]


def of_case(name: str, minute: int, status: str = "firing", **more: str) -> dict[str, object]:
    """Return a case whose last change was in this minute."""
    told = CASE | {"case": name, "changed_at": f"2024-05-01T12:{minute:02}:00.000Z", "link": "", "before": ""} | more
    labels = {"alertname": "PileOn", "severity": "critical", "source": "harbour-post", "community": "letters"}
    return {"status": status, "labels": labels, "annotations": told, "startsAt": "2024-05-01T11:38:00Z"}


@pytest.mark.parametrize(
    ("alerts", "named", "state"),
    [
        ([of_case("A", 1), of_case("B", 2)], "B", "ongoing \u00b7 and 1 more: 1 ongoing"),
        ([of_case("A", 2, before="warning"), of_case("B", 1)], "A", "ongoing, began as warning \u00b7 and 1 more: 1 ongoing"),
        ([of_case("A", 1), of_case("B", 2, "resolved", ended_because="quiet")], "B", "ENDED (quiet) \u00b7 and 1 more: 1 ongoing"),
        ([of_case("A", 3), of_case("B", 2, "resolved")], "A", "ongoing \u00b7 and 1 more: 1 no longer monitored"),
        (
            [of_case("A", 3), of_case("B", 2, "resolved"), of_case("C", 1, "resolved", ended_because="judged"), of_case("D", 1)],
            "A",
            "ongoing \u00b7 and 3 more: 1 ongoing, 1 ended, 1 no longer monitored",
        ),
    ],
    ids=["two go on", "one grew worse", "one ended", "one lapsed", "one of each"],
)
def test_the_title_of_several_names_the_last_changed_and_what_became_of_the_rest(
    amtool: str, tmp_path: Path, alerts: list[dict[str, object]], named: str, state: str
):
    title = rendered(amtool, tmp_path, "title", alerts)
    assert title.startswith(f"[critical] harbour-post / letters \u00b7 case {named}: 128 people hostile in 22 h 31 min (usual 12.3), ")
    assert title.endswith(f" replying \u00b7 {state}")


def test_of_operational_alerts_what_goes_on_gives_the_title(amtool: str, tmp_path: Path):
    ended = {"status": "resolved", "labels": {"alertname": "WorkerDown", "severity": "critical"}, "annotations": {"summary": "one is gone"},
             "startsAt": "2024-05-01T12:05:00Z"}  # fmt: skip
    going = ended | {"status": "firing", "annotations": {"summary": "two is gone"}, "startsAt": "2024-05-01T12:01:00Z"}
    assert rendered(amtool, tmp_path, "title", [ended, going]) == "[critical] two is gone \u00b7 ongoing \u00b7 and 1 more: 1 resolved"


@pytest.mark.parametrize(
    ("why", "left"),
    [
        ("9 people hostile in 10 min (usual 0.3); 9 of 14 replying within 1 h; floor 4", "9 of 14 replying within 1 h; floor 4"),
        ("4 people hostile (the page gives no times); 4 of 5 replying", "4 of 5 replying"),
        ("no hostile reply for 6 h; 9 people hostile in 10 min (usual under 0.1)", "no hostile reply for 6 h"),
        ("9 people hostile, of 14 answering, in 22 min; usual in so long for this person at most 0.3", None),
    ],
)
def test_what_the_line_has_said_is_not_said_again_below_it(amtool: str, tmp_path: Path, why: str, left: str | None):
    alert = of_case("A", 1, description=why)
    assert rendered(amtool, tmp_path, "below", [alert]) == f"{left or why} \u00b7 threadwatch watch --case A"
    for name in ("text", "brief"):
        assert rendered(amtool, tmp_path, name, [alert]).endswith(f"\n    {left or why}")


def test_the_documented_test_alert_reads_as_one_that_ended(amtool: str, tmp_path: Path):
    text = (DEPLOY.parent / "docs" / "alerts.md").read_text(encoding="utf-8")
    (typed,) = re.findall(r"`amtool (alert add[^`]*)`", text)
    words = shlex.split(typed)[3:]
    labels = dict(word.split("=", 1) for word in words[1:] if not word.startswith("--"))
    told = dict(word.removeprefix("--annotation=").split("=", 1) for word in words if word.startswith("--annotation="))
    alert = {"status": "resolved", "labels": labels | {"alertname": words[0]}, "annotations": told}
    assert rendered(amtool, tmp_path, "title", [alert]) == "[critical] harbour-post / letters \u00b7 a test \u00b7 ENDED (test)"
    assert rendered(amtool, tmp_path, "title", [alert | {"status": "firing"}]).endswith("a test \u00b7 ongoing")
