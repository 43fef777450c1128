"""The score stage: what is scored, what is left out, what is marked."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.records import Action, Comment, ScoredComment, TextFormat
from streams.scorers import Toxicity
from streams.scorers.linear import Linear
from streams.stages.score import MAX_SCORED_BYTES, NOT_SCORED, Score, text_to_score
from streams.stages.step import Arrived, Step
from tests.support.builders import MINUTE, NOON, SECOND, comment, deleted, edited


class Recorder:
    """A scorer that remembers what it was asked and finds a text as toxic as it is long."""

    name = "recorder@1"

    def __init__(self) -> None:
        self.calls: list[list[str]] = []

    def score(self, texts: Sequence[str]) -> list[Toxicity]:
        self.calls.append(list(texts))
        return [Toxicity(min(len(text), 100) / 100, {"length": min(len(text), 100) / 100}) for text in texts]


def steps(scorer: Recorder | Linear, *comments: Comment) -> list[Step]:
    stage = Score(scorer)
    return list(stage.steps(stage.new_store(), [Arrived(each, NOON + 3 * SECOND) for each in comments]))


def scored(step: Step) -> ScoredComment:
    (only,) = step.outputs
    assert isinstance(only, ScoredComment)
    return only


def test_a_batch_is_scored_in_one_call_and_keeps_its_order() -> None:
    recorder = Recorder()
    found = steps(recorder, comment("c1", text="a"), deleted(comment("c2"), NOON), comment("c3", text="abc"))
    assert recorder.calls == [["a", "abc"]]
    assert [scored(step).comment.comment_id for step in found] == ["c1", "c2", "c3"]
    assert [scored(step).toxicity for step in found] == [0.01, 0.0, 0.03]
    assert [step.outcome for step in found] == ["scored", "deleted", "scored"]


def test_the_record_says_who_scored_it_and_keeps_the_comment_as_it_came() -> None:
    came = comment(text="> not mine\nmine", text_format=TextFormat.MARKDOWN)
    found = scored(steps(Recorder(), came)[0])
    assert (found.scorer, found.comment, found.labels) == ("recorder@1", came, {"length": found.toxicity})


def test_a_deletion_has_no_text_no_score_and_no_scorer() -> None:
    recorder = Recorder()
    gone = Comment(source="s", community="c", conversation_id="t", comment_id="1", action=Action.DELETED, text="left over", created_at=NOON)
    found = scored(steps(recorder, gone)[0])
    assert (found.toxicity, found.scorer, found.comment.text) == (0.0, NOT_SCORED, None)
    assert recorder.calls == []


def test_a_comment_without_arrival_time_gets_the_brokers() -> None:
    assert scored(steps(Recorder(), comment(ingested_at=None))[0]).comment.ingested_at == NOON + 3 * SECOND


def test_an_arrival_time_that_the_source_gave_is_kept() -> None:
    assert scored(steps(Recorder(), comment(ingested_at=NOON + MINUTE))[0]).comment.ingested_at == NOON + MINUTE


@pytest.mark.parametrize(("ahead", "clamped"), [(5 * MINUTE, False), (5 * MINUTE + SECOND, True)])
def test_a_clock_more_than_five_minutes_ahead_is_set_to_the_arrival(ahead, clamped) -> None:
    (step,) = steps(Recorder(), comment(created_at=NOON + ahead, ingested_at=NOON))
    assert scored(step).created_at_was_clamped is clamped
    assert scored(step).comment.created_at == (NOON if clamped else NOON + ahead)
    assert step.notes == (("clock_ahead",) if clamped else ())


def test_an_edit_from_the_future_is_clamped_too() -> None:
    changed = edited(comment(), "Other words.", NOON)
    found = scored(steps(Recorder(), _with(changed, edited_at=NOON + 60 * MINUTE))[0])
    assert found.created_at_was_clamped
    assert found.comment.edited_at == changed.ingested_at


def _with(original: Comment, **fields: object) -> Comment:
    return Comment(**({name: getattr(original, name) for name in original.__struct_fields__} | fields))


@pytest.mark.parametrize(("letters", "cut"), [(MAX_SCORED_BYTES, False), (MAX_SCORED_BYTES + 1, True)])
def test_a_text_over_64_kib_is_cut_for_scoring_and_marked(letters, cut) -> None:
    recorder = Recorder()
    (step,) = steps(recorder, comment(text="x" * letters))
    assert len(recorder.calls[0][0]) == MAX_SCORED_BYTES
    assert scored(step).text_was_cut is cut
    assert step.notes == (("text_cut",) if cut else ())
    assert len(scored(step).comment.text or "") == letters


@given(st.text(alphabet="aé€😀", min_size=8, max_size=16), st.integers(2_000, 4_000))
def test_a_cut_falls_between_two_characters(letters, times) -> None:
    text = letters * times
    own, was_cut = text_to_score(comment(text=text))
    assert text.startswith(own)
    assert len(own.encode()) <= MAX_SCORED_BYTES
    assert was_cut is (own != text)
    assert not was_cut or len(own.encode()) > MAX_SCORED_BYTES - 4


@pytest.mark.parametrize(
    ("text", "written", "own"),
    [
        ("> you fool\nI do not agree", TextFormat.MARKDOWN, "I do not agree"),
        (">> deeper\n> you fool\nNo.", TextFormat.PLAIN, "No."),
        ("&gt; you fool\nNo.", TextFormat.PLAIN, "No."),
        ("<blockquote><p>you fool</p></blockquote><p>No.</p>", TextFormat.HTML, "No."),
        ("<p>You <b>f</b>ool &amp; liar</p>", TextFormat.HTML, "You fool & liar"),
        ("<p>One</p><p>two</p>", TextFormat.HTML, "One two"),
        ("a > b, and that is all", TextFormat.PLAIN, "a > b, and that is all"),
        (">:( go away", TextFormat.PLAIN, ">:( go away"),
        (">!spoiler!< fine", TextFormat.MARKDOWN, ">!spoiler!< fine"),
        ("<script>no()</script><style>p{}</style>yes", TextFormat.HTML, "yes"),
    ],
)
def test_only_a_comments_own_words_are_scored(text, written, own) -> None:
    assert " ".join(text_to_score(comment(text=text, text_format=written))[0].split()) == own


@pytest.mark.parametrize(("text", "written"), [("> you fool", TextFormat.PLAIN), ("<blockquote>you fool</blockquote>", TextFormat.HTML)])
def test_a_comment_that_is_all_quotation_cannot_hide_behind_it(text, written) -> None:
    assert "you fool" in text_to_score(comment(text=text, text_format=written))[0]


@pytest.mark.parametrize("text", [None, "", "   \n", "<p></p>", "\u200b"])
def test_a_comment_without_words_is_scored_zero_and_not_dropped(text) -> None:
    (step,) = steps(Linear.shipped(), comment(text=text, text_format=TextFormat.HTML))
    assert step.outcome == "scored"
    assert scored(step).toxicity == 0.0


@given(st.lists(st.text(max_size=60), min_size=1, max_size=6))
def test_a_step_does_not_depend_on_the_rest_of_its_batch(texts) -> None:
    linear = Linear.shipped()
    comments = [comment(f"c{number}", text=text) for number, text in enumerate(texts)]
    assert steps(linear, *comments) == [steps(linear, each)[0] for each in comments]


@given(st.text(alphabet="<>/abp=\"' &;-!q\n", max_size=400), st.sampled_from(TextFormat))
def test_no_mark_up_is_too_broken_to_read(text, written) -> None:
    own, was_cut = text_to_score(comment(text=text, text_format=written))
    assert isinstance(own, str)
    assert not was_cut


def test_a_store_of_the_stage_takes_no_entry() -> None:
    with pytest.raises(ValueError, match="keeps no state"):
        Score(Recorder()).new_store().apply("key", {})
