"""What Alertmanager is told, as values: labels that identify, numbers as annotations, a lease that ends by itself."""

from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from streams.live.alertmanager import alerts
from streams.live.wording import line
from streams.records import EndedBecause, PileOn, Severity, Status
from streams.site_names import shown
from streams.stages.alert import Alerts, Config
from streams.stages.firing import Firing, Storm
from tests.support.builders import HOUR, MINUTE, NOON, SECOND, pileon
from tests.support.folding import folded

LEASE = 15 * MINUTE
ID = "qqmkm4v24yhtwhhjkeaqvc5b"


def posted(*transitions: PileOn, at: timedelta = timedelta(0), console: str = "") -> list[dict[str, Any]]:
    return alerts(_told(*transitions), NOON + at, LEASE, console)


def _told(*transitions: PileOn) -> list[Firing | Storm]:
    stage = Alerts(Config(), ())
    store = stage.new_store()
    folded(stage, transitions, store)
    return list(store.entries.values())


def closed(**fields: Any) -> PileOn:
    return pileon(ID, 3, Status.CLOSED, updated_at=NOON, ended_because=EndedBecause.QUIET, **fields)


def test_an_open_pile_on_is_a_lease_from_its_first_hostile_reply() -> None:
    (alert,) = posted(pileon(ID))
    assert alert["labels"] == {"alertname": "PileOn", "source": "news", "community": "sport", "severity": "warning", "pileon": ID}
    assert (alert["startsAt"], alert["endsAt"]) == ("2024-05-01T11:50:00.000Z", "2024-05-01T12:15:00.000Z")
    assert alert["annotations"]["summary"] == "case QQMKM4V2: 4 people hostile to one person"
    assert line(alert["labels"], alert["annotations"]) == (
        "[warning] news / sport · case QQMKM4V2: 4 people hostile (the page gives no times), 4 of 5 replying · ongoing"
        " · threadwatch watch --case QQMKM4V2"
    )
    assert "ended_because" not in alert["annotations"]


def test_after_an_escalation_both_severities_are_posted() -> None:
    found = posted(pileon(ID), pileon(ID, 2, Status.ONGOING, severity=Severity.CRITICAL))
    assert [alert["labels"]["severity"] for alert in found] == ["warning", "critical"]


def test_the_worse_one_says_what_it_was_before() -> None:
    warning, critical = posted(pileon(ID), pileon(ID, 2, Status.ONGOING, severity=Severity.CRITICAL))
    assert "before" not in warning["annotations"]
    assert line(critical["labels"], critical["annotations"]).endswith(
        "replying · ongoing, began as warning · threadwatch watch --case QQMKM4V2"
    )


def test_a_critical_case_is_told_apart_over_its_whole_life_and_a_warning_is_not() -> None:
    warning, critical = posted(pileon(ID), pileon(ID, 2, Status.ONGOING, severity=Severity.CRITICAL), closed(severity=Severity.CRITICAL))
    assert ("apart" in warning["labels"], critical["labels"]["apart"]) == (False, "QQMKM4V2")
    assert "ended_because" in critical["annotations"]


def test_of_many_that_open_within_half_an_hour_the_first_five_are_told_apart_and_the_rest_by_community() -> None:
    many = [pileon(f"case-{n}", severity=Severity.CRITICAL, opened_at=NOON + n * MINUTE) for n in range(8)]
    calm = pileon("calm", severity=Severity.CRITICAL, opened_at=NOON + HOUR)
    ended = pileon("case-7", 2, Status.CLOSED, severity=Severity.CRITICAL, updated_at=NOON, ended_because=EndedBecause.QUIET)
    told = [alert["labels"].get("apart", "") for alert in posted(*many, calm, ended)]
    assert told == ["CASE-0", "CASE-1", "CASE-2", "CASE-3", "CASE-4", "", "", "", "CALM"], "what is said once stays, to the end"


def test_a_line_tells_what_is_usual_where_that_is_known_and_leads_on() -> None:
    (alert,) = posted(pileon(ID, hostile_authors=9, replying_authors=14, usual_hostile_authors=0.31), console="http://c")
    assert line(alert["labels"], alert["annotations"]) == (
        "[warning] news / sport · case QQMKM4V2: 9 people hostile in 10 min (usual 0.3), 9 of 14 replying · ongoing · "
        f"http://c/pileons/{ID}"
    )


def test_an_end_tells_how_long_they_were_hostile_and_not_how_long_it_was_watched() -> None:
    numbers: dict[str, Any] = {
        "usual_hostile_authors": 0.31,
        "first_hostile_at": NOON - 6 * HOUR - 31 * MINUTE,
        "last_hostile_at": NOON - 6 * HOUR,
    }
    (ended,) = posted(pileon(ID, **numbers), closed(closed_at=NOON, **numbers))
    assert "people hostile in 31 min (usual 0.3)" in line(ended["labels"], ended["annotations"])


def test_people_of_a_long_case_are_not_told_as_a_share_of_those_who_reply_now() -> None:
    (alert,) = posted(pileon(ID, hostile_authors=30, replying_authors=12))
    assert alert["annotations"]["replying"] == "12 replying now"


def test_a_close_ends_now_and_says_why_and_is_repeated_for_a_while() -> None:
    (alert,) = posted(pileon(ID), closed())
    assert (alert["endsAt"], alert["annotations"]["ended_because"]) == ("2024-05-01T12:00:00.000Z", "quiet")
    assert len(posted(pileon(ID), closed(), at=19 * MINUTE)) == 1
    assert posted(pileon(ID), closed(), at=21 * MINUTE) == []


def test_who_was_away_hears_an_end_for_as_long_from_when_it_is_back() -> None:
    entries = _told(pileon(ID), closed())
    back = NOON + 40 * MINUTE
    assert len(alerts(entries, back + 20 * MINUTE, LEASE, heard_since=back)) == 1
    assert alerts(entries, back + 21 * MINUTE, LEASE, heard_since=back) == []


def test_the_end_of_a_storm_is_posted_to_who_was_away_when_it_passed_and_to_nobody_else() -> None:
    entries = _told(*(pileon(f"{ID}{n}", opened_at=NOON + n * SECOND) for n in range(21)))
    now = NOON + HOUR
    heard = {since: alerts(entries, now, LEASE, heard_since=now - since)[0] for since in (10 * MINUTE, 50 * MINUTE)}
    assert heard[50 * MINUTE]["labels"]["alertname"] == "PileOn"
    assert heard[10 * MINUTE]["labels"]["alertname"] == "PileOnStorm"
    assert (heard[10 * MINUTE]["endsAt"], heard[10 * MINUTE]["annotations"]["ended_because"]) == ("2024-05-01T12:30:20.000Z", "passed")


def test_what_is_held_is_not_posted() -> None:
    assert posted(pileon(ID, opening_delay_seconds=90_000.0)) == []


def test_a_link_leads_to_the_console_if_there_is_one() -> None:
    (alert,) = posted(pileon(ID), console="http://console:8080/")
    assert alert["generatorURL"] == alert["annotations"]["link"] == f"http://console:8080/pileons/{ID}"
    assert "generatorURL" not in posted(pileon(ID))[0]


def test_a_storm_is_one_alert_that_comes_first_and_ends_by_itself() -> None:
    opened = [pileon(f"{ID}{n}", opened_at=NOON + n * SECOND) for n in range(21)]
    first, *rest = posted(*opened, at=MINUTE)
    assert first["labels"] == {"alertname": "PileOnStorm", "source": "news", "severity": "critical"}
    assert first["annotations"] == {
        "summary": "21 pile-ons opened within 1 min, since 2024-05-01 12:00 UTC", "pileons": "21", "within": "1 min",
        "description": "This stands for all of them; each is listed where open pile-ons are listed.",
    }  # fmt: skip
    assert {alert["labels"]["alertname"] for alert in rest} == {"PileOn"}
    assert posted(*opened, at=HOUR)[0]["labels"]["alertname"] == "PileOn"


def test_a_storm_leads_to_the_list_of_its_source_and_says_how_many_it_was() -> None:
    opened = [pileon(f"{ID}{n}", source="a&b=c/d", opened_at=NOON + n * 10 * SECOND) for n in range(60)]
    storm = posted(*opened, at=38 * MINUTE, console="https://console/")[0]
    assert storm["annotations"]["summary"] == "60 pile-ons opened within 10 min, since 2024-05-01 12:00 UTC"
    assert storm["annotations"]["ended_because"] == "passed"
    assert storm["annotations"]["link"] == storm["generatorURL"] == "https://console/?source=a%26b%3Dc%2Fd"
    endless = posted(*(replace(one, source="\u0416" * 512) for one in opened), at=38 * MINUTE, console="https://console")[0]
    assert endless["annotations"]["link"] == "https://console/"


def test_no_target_conversation_comment_or_name_leaves() -> None:
    found = posted(pileon(ID, target_id="secret", conversations=("secret",), evidence=("secret",), opened_by="secret"), console="http://c")
    assert "secret" not in str(found)


def test_a_hostile_name_of_a_community_cannot_hide_reorder_or_be_markup() -> None:
    assert shown("<b>sp\u202eort\u200b\n") == "_b_sp_ort__"
    assert shown("x" * 5000) == "x" * 128
    assert shown(" ") == "_"
    assert shown("https://evil.example") == "https_//evil_example"


FORGED = "www.evil.example/pay \u00b7 case FAKE: 0 people \u00b7 ENDED (judged)"


def test_a_name_cannot_forge_a_line_before_the_real_one() -> None:
    (alert,) = posted(pileon(ID, community=FORGED))
    said = line(alert["labels"], alert["annotations"])
    assert said.count(" \u00b7 case ") == said.count(":") == said.count("[") == said.count("(usual") + 1 == 1
    assert "ENDED (" not in said
    assert said.startswith("[warning] news / www_evil_example/pay _ case FAKE_ 0 people _ ENDED _judged_ \u00b7 case ")


@pytest.mark.parametrize("sign", "\u00b7 \u2022 \u2027 \u2219 \u22c5 \u30fb \uff65 \ua78f \u1427 \u318d".split())
def test_no_sign_that_looks_like_ours_parts_the_line(sign: str) -> None:
    assert shown(f"a {sign} case B") == "a _ case B"


@pytest.mark.parametrize(
    ("name", "label"),
    [("@channel", "_channel"), ("\uff20here", "_here"), ("evil.example", "evil_example"), ("evil\u3002example", "evil_example"),
     ("[critical](x)", "_critical__x_"), ("*b* `c` |d", "_b_ _c_ _d"), ("&lt;!channel&gt;", "&lt_!channel&gt_"), ("a\u3164b", "a_b"),
     ("news / other / / x", "news _ other _ _ x")],
)  # fmt: skip
def test_a_name_makes_no_link_no_mention_and_no_markup(name: str, label: str) -> None:
    assert shown(name) == label


@pytest.mark.parametrize(
    "name",
    [
        "harbour-post",
        "r/sport",
        "Caf\u00e9 \u00dcnal",
        "Cafe\u0301",
        "\u65b0\u805e",
        "\u0939\u093f\u0928\u094d\u0926\u0940",
        "Q&A, part 2",
        "it's",
    ],
)
def test_an_ordinary_name_stays_as_it_is(name: str) -> None:
    assert shown(name) == name


@given(st.text(min_size=1, max_size=300))
def test_any_name_is_without_what_parts_the_line_or_makes_links(name: str) -> None:
    assert not set(shown(name)) & set("\u00b7@.:[]()<>|*`\\")
    assert shown(shown(name)) == shown(name)


@given(st.text(min_size=1, max_size=300))
def test_any_name_makes_a_label_that_prints(name: str) -> None:
    label = shown(name)
    assert label.isprintable()
    assert 1 <= len(label) <= 128
