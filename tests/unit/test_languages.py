"""What a scorer does not know it says nothing of; English, short or rude or in disguise, it scores."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.cli.main import main
from streams.records import Abstained, Action, LinkKind, Reply, ScoredComment
from streams.scorers import TOXIC, Toxicity, open_scorer
from streams.scorers.bounds import Bounds
from streams.scorers.cascade import Cascade
from streams.scorers.disguises import english_in
from streams.scorers.languages import Abstaining, taught, written_in
from streams.stages.address import Address
from streams.stages.score import Score
from streams.stages.step import Arrived
from tests.support.builders import NOON, comment

GERMAN = "Ich finde das wirklich eine sehr dumme Bemerkung von dir"
RUSSIAN = "Это очень глупое замечание"
ENGLISH = ["lol", "no", "you idiot", "stfu", "Winnie is sweet", "yeen know nothin", "wh*re", "h e l l o", "", "🙂🙂", "12:30", "ok hoe",
           "уоu аrе аn іdіоt", "<b>you</b> clown", "http://example.org/über/uns", "@müller thanks", "café society",
           "ugly g0ld1gg1ng c0w, u pr0b4bly h4v3 n0 fr13nds"]  # fmt: skip


class Half:
    name = "half@1"
    at_most = 7

    def __init__(self) -> None:
        self.asked: list[str] = []

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        self.asked += texts
        return [Toxicity(0.5) for _ in texts]


@pytest.mark.parametrize("text", ENGLISH)
def test_what_may_be_english_is_scored(text: str) -> None:
    assert written_in(text) in ("", "en")


@pytest.mark.parametrize(
    ("text", "language"),
    [(GERMAN, "de"), (RUSSIAN, "ru"), ("你这个白痴", "zh"), ("Quelle honte, vous êtes vraiment tous nuls", "fr"), ("αβγδ", "el")],
)
def test_another_language_is_told(text: str, language: str) -> None:
    assert written_in(text) in (language, "und")


@given(st.text())
def test_any_text_has_a_language_or_none_and_always_the_same(text: str) -> None:
    assert written_in(text) == written_in(text)


def test_a_scorer_says_nothing_of_what_it_does_not_know_and_is_not_asked() -> None:
    half = Half()
    scorer = Abstaining(half, frozenset({"en"}))
    found = scorer.score(["thank you", GERMAN, "you clown"])
    assert half.asked == ["thank you", "you clown"]
    assert [each.abstained for each in found] == ["", "language", ""]
    assert found[1].language == "de"
    assert scorer.at_most == 7


@pytest.mark.parametrize("insult", ["you are an idiot", "y0u stup1d l1ar", "kill yourself", "what a worthless whore"])
@pytest.mark.parametrize("around", ["{0}. {1}", "{1} {0}", "{1}\n{0}\n{1}", "{2} {0}"])
@pytest.mark.parametrize("foreign", [GERMAN, f"{RUSSIAN} от тебя"])
def test_an_insult_does_not_vanish_beside_another_language(insult: str, around: str, foreign: str) -> None:
    (found,) = open_scorer("linear").score([around.format(insult, foreign, f"{foreign}. " * 200)])
    assert (found.abstained, found.toxicity >= TOXIC) == ("", True)


@pytest.mark.parametrize(
    "text", [f"Thank you so much, what a nice article. {GERMAN}", "Ich gehe in die Stadt, und was man da so war, also hat"]
)
def test_of_what_is_not_toxic_beside_another_language_nothing_is_said(text: str) -> None:
    (found,) = open_scorer("linear").score([text])
    assert (found.abstained, found.language) == ("language", "de")


def test_english_among_other_words_is_found_in_time() -> None:
    assert english_in("you are und " * 300_000) == "you are"
    assert english_in("you are и " * 100_000) == "you are"
    assert english_in("") == english_in("Man kommer till slut fram med hög fart") == ""


def test_what_knows_more_scores_more() -> None:
    assert taught("detoxify:multilingual:fast@1") > taught("linear@2")
    assert taught("cascade:linear+detoxify:multilingual@1") == taught("detoxify:multilingual")
    assert [each.abstained for each in Abstaining(Half(), taught("detoxify:multilingual")).score([RUSSIAN, GERMAN])] == ["", "language"]


def test_a_cascade_passes_on_what_only_its_expensive_scorer_knows() -> None:
    cheap, dear = Half(), Half()
    cheap.name, dear.name = "linear@0", "detoxify:multilingual@0"
    bounds = Bounds(cheap="linear@0", expensive=dear.name, clean_to=0.9, toxic_from=0.95, slope=1, shift=0, flagged_at=0.8)
    found = Cascade(cheap, dear, bounds).score([RUSSIAN, "thank you"])
    assert (cheap.asked, dear.asked) == (["thank you"], [RUSSIAN])
    assert [each.decided_by for each in found] == ["detoxify:multilingual", "linear"]


def scored(text: str, language: str | None = None, **fields: object) -> ScoredComment:
    arrived = Arrived(comment(text=text, language=language, **fields), NOON)
    (step,) = Score(open_scorer("linear")).steps(None, [arrived])
    found: ScoredComment = step.outputs[0]
    assert ("abstained" in step.notes) == (found.toxicity is None)
    return found


def test_a_record_has_no_toxicity_where_nobody_knows() -> None:
    found = scored(GERMAN)
    assert (found.toxicity, found.labels, found.abstained, found.language) == (None, {}, Abstained.LANGUAGE, "de")
    english = scored("thank you for the kind words, they were good to read")
    assert (english.abstained, english.language) == (None, None)
    assert english.toxicity is not None


def test_where_the_text_is_too_short_to_tell_the_source_is_believed() -> None:
    assert scored("Na ja, gut", "de-AT").language == "de"
    assert scored("Na ja, gut").abstained is None
    assert scored("you idiot", "de").abstained is None, "what is toxic stays so, whatever the source says"
    assert scored("ok", "not a language").abstained is None
    assert scored("this is what all of us think about the match", "de").abstained is None
    assert scored("ok", "en-GB").abstained is None
    assert scored("ok", "und").abstained is None


def replies(*records: ScoredComment) -> list[Reply]:
    stage = Address()
    store, found = stage.new_store(), list[Reply]()
    for record in records:
        (step,) = stage.steps(store, [Arrived(record, NOON)])
        for key, entry in step.entries:
            store.apply(key, entry)
        found += step.outputs
    return found


PARENT = scored("the match was good", comment_id="p", author_id="ann")


def test_a_reply_that_was_not_scored_says_so_and_is_aimed_all_the_same() -> None:
    (found,) = replies(PARENT, scored(GERMAN, comment_id="c", parent_id="p", author_id="bob"))
    assert (found.target_id, found.kind, found.is_unscored, found.hostility) == ("ann", LinkKind.PARENT, True, 0.0)


def test_it_counts_once_it_is_edited_into_a_known_language() -> None:
    edit = scored("you are such an idiot", comment_id="c", parent_id="p", author_id="bob", action=Action.EDITED, edited_at=NOON)
    first, second = replies(PARENT, scored(GERMAN, comment_id="c", parent_id="p", author_id="bob"), edit)
    assert (first.is_unscored, second.is_unscored, second.revision) == (True, False, 2)
    assert second.hostility > 0.5


def test_an_edit_that_nobody_can_read_takes_no_hostility_back() -> None:
    hostile = scored("you are such an idiot", comment_id="c", parent_id="p", author_id="bob")
    edit = scored(GERMAN, comment_id="c", parent_id="p", author_id="bob", action=Action.EDITED, edited_at=NOON)
    assert len(replies(PARENT, hostile, edit)) == 1


def test_the_command_says_null_and_why(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "texts").write_text(f"{GERMAN}\nthank you\n", encoding="utf-8")
    assert main(["score", str(tmp_path / "texts")]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert '"toxicity":null' in first
    assert '"abstained":"language","language":"de"' in first
    assert "abstained" not in second
