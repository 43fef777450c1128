"""How hostility to whom is measured: invented phrasings that teach are none of those that decide, and thirty supporters open nothing."""

import gzip
import json
from pathlib import Path

import pytest

from streams.evaluation.whom.crowds import crowd
from streams.evaluation.whom.examples import of_phrasings
from streams.evaluation.whom.invented import FRESH, HELD_OUT, LEARNED_FROM, REVIEWED, TAUGHT, Phrasing, kinds, phrasings, said
from streams.evaluation.whom.learning import FREE, UP, Taught, learned
from streams.evaluation.whom.measured import WhomResults, measured
from streams.evaluation.whom.replies import missing, replies
from streams.evaluation.whom.shown import plain_whom, whom_tables
from streams.evaluation.whom.train import main, written
from streams.scorers import open_scorer
from streams.stages.whom.signs import NAMES


@pytest.fixture(scope="module")
def quick(tmp_path_factory: pytest.TempPathFactory) -> WhomResults:
    """Where there are no labelled replies."""
    told: list[str] = []
    return measured(tmp_path_factory.mktemp("nothing"), told.append, quick=True)


def test_no_phrasing_that_teaches_decides():
    taught = {one.pattern.strip().lower() for kind in TAUGHT for one in phrasings(LEARNED_FROM, kind)}
    folders = (HELD_OUT, REVIEWED, FRESH)
    deciding = [one.pattern.strip().lower() for folder in folders for kind in kinds(folder) for one in phrasings(folder, kind)]
    assert not taught.intersection(deciding)
    assert len(deciding) == len(set(deciding))


def test_there_are_a_hundred_ways_to_quote_an_insult_in_support_and_each_holds_one():
    supporters = phrasings(HELD_OUT, "supporters")
    assert len(supporters) == 100
    assert all("{said}" in one.pattern or "{insult}" in one.pattern for one in supporters)


def test_a_phrasing_is_said_with_another_insult_each_time():
    texts = list(said(HELD_OUT, Phrasing("supporters", 'They wrote "{said}" to you, {name}.'), 30))
    assert len(set(texts)) == 30
    assert not any("{" in text for text in texts)


def test_thirty_supporters_who_quote_the_insult_open_nothing_in_a_hundred_of_a_hundred_phrasings(quick: WhomResults):
    found = {one.kind: one for one in quick.crowds}
    assert (found["supporters"].phrasings, found["supporters"].by_model) == (100, 0)
    assert found["supporters"].by_toxicity > 50


def test_hostile_twins_of_what_is_harmless_open_pile_ons(quick: WhomResults):
    twins = [one for one in quick.crowds if one.is_hostile]
    assert sum(one.by_model for one in twins) >= 0.9 * sum(one.phrasings for one in twins)
    harmless = [one for one in quick.crowds if not one.is_hostile]
    assert sum(one.by_model for one in harmless) <= 0.05 * sum(one.phrasings for one in harmless)


EVASIONS = [
    '"you are a stupid whore"', "you ugly fat whore haha 😂❤", "you stupid cunt, thanks, lovely, cheers",
    "OP is a stupid moron and a whore",
    "The author is a fucking moron", "whoever wrote this is a stupid whore", "They say you are a stupid whore",
    'Let me quote someone: "you are a filthy cunt". Bye.', "Only a fucking moron would post this",
]  # fmt: skip


@pytest.mark.parametrize("text", EVASIONS)
def test_a_crowd_that_wraps_its_insult_up_opens_a_pile_on(text: str):
    found = crowd("wrapped_twins", [Phrasing("wrapped_twins", text)], open_scorer("linear"), HELD_OUT)
    assert (found.by_model, found.is_hostile) == (1, True)


def test_phrasings_never_seen_are_told_beside_those_that_were(quick: WhomResults):
    assert [(one.kind, one.phrasings) for one in quick.reviewed] == [("supporters", 30), ("supporters_twins", 30)]
    assert {one.kind: one.phrasings for one in quick.fresh} == {
        "supporters": 30,
        "friends": 10,
        "supporters_twins": 30,
        "friends_twins": 10,
    }
    titles = [table.title for table in whom_tables(quick) if not isinstance(table, str)]
    assert any(title and "never seen before" in title for title in map(str, titles))


def test_what_is_not_there_is_said(quick: WhomResults):
    *_, told = whom_tables(quick)
    assert "convabuse/ConvAbuseEMNLPfull.csv.gz" in told
    assert plain_whom(quick)["absent"] == (*missing(Path("nowhere")), "hatecheck/test_suite_cases.csv.gz")


def test_training_without_the_replies_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    assert main(["--data", str(tmp_path), "--to", str(tmp_path / "weights.py")]) == 2
    assert "name their folder with --data" in capsys.readouterr().err
    assert not (tmp_path / "weights.py").exists()


def test_the_same_examples_give_the_same_weights_and_a_sign_pulls_as_it_is_meant_to():
    scorer = open_scorer("linear")
    taught = [
        Taught(example, float(phrasing.hostile), 1.0)
        for kind in ("supporters", "supporters_twins")
        for phrasing, given in zip(
            phrasings(LEARNED_FROM, kind), of_phrasings(LEARNED_FROM, phrasings(LEARNED_FROM, kind), scorer, 2), strict=True
        )
        for example in given
    ]
    found = learned(taught)
    assert found == learned(taught)
    assert all(value >= 0 for name, value in found.items() if name in UP)
    assert all(value <= 0 for name, value in found.items() if name not in UP | FREE)
    assert found["directed"] > 0 > found["quoted"]


def test_weights_are_written_as_a_module_that_reads_the_same():
    names = ("bias", *NAMES, "toxicity", "toxicity, not own", "toxicity, elsewhere")
    numbers = {name: round(0.001 * n, 3) for n, name in enumerate(names)}
    read: dict[str, object] = {}
    exec(written(numbers), read)  # our own words
    assert (read["BIAS"], read["SIGNS"], read["TOXICITY_ELSEWHERE"]) == (0.0, {name: numbers[name] for name in NAMES}, numbers[names[-1]])


def test_labelled_replies_are_read_and_one_target_never_teaches_and_decides(tmp_path: Path):
    for name, text in invented_sets().items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        with gzip.open(tmp_path / name, "wt", encoding="utf-8") as file:
            file.write(text)
    found = {one.text: one for one in replies(tmp_path)}
    assert {text: one.hostile for text, one in found.items()} == {
        "you rusty bucket": 1.0, "nice weather": 0.0, "half of it": 0.5, "cats are thieves": 0.0, "I see": 0.0, "so it is": 0.0,
    }  # fmt: skip
    sides = {(one.source, one.target): one.is_held_out for one in found.values()}
    assert all(sides[one.source, one.target] == one.is_held_out for one in found.values())


def invented_sets() -> dict[str, str]:
    """Return the sets' files as they are written, with invented lines."""
    chat = {"text": "Title: cats", "offense_label": "Safe", "offense_targets": []}
    toxic = {"text": "cats are thieves", "offense_label": "Offensive", "offense_targets": ["cats"]}
    unread = {"text": "not judged by anybody", "offense_label": "Offensive", "offense_targets": ["comment author"]}
    safe = {"text": "I see", "offense_label": "Safe", "offense_targets": []}
    threads = json.dumps({"reddit_thread": [chat, toxic, unread, safe]}) + "\n"
    heads = "conv_id,user,is_abuse.-1,is_abuse.-2,is_abuse.-3,target.system"
    bots = [heads, "1,you rusty bucket,1,0,0,1", "1,nice weather,0,0,0,0", "2,half of it,1,0,0,1", "2,half of it,1,0,0,0"]
    reddit = ["entry_id,parent_id,link_id,author,body,level_2", "a,,l,ann,a post,None", "b,t3_a,l,bob,so it is,None"]
    return {
        "convabuse/ConvAbuseEMNLPfull.csv.gz": "\n".join(bots), "online_misogyny/final_labels.csv.gz": "\n".join(reddit),
        **{f"toxichat/toxichat_{part}.jsonl.gz": threads for part in ("train", "dev", "test")},
    }  # fmt: skip
