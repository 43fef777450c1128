"""Which earlier message does one answer: shares that are the same on every machine, of what is remembered without text."""

from pathlib import Path

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from streams.errors import UserError
from streams.rankers import FOLDER, SHIPPED, open_ranker, read, shipped, write
from streams.stages.ranking.features import NAMES, features
from streams.stages.ranking.following import Following
from streams.stages.ranking.ranker import Ranker
from streams.stages.ranking.turn import LOOK_BACK, Sign, Turn, turn_of
from streams.stages.ranking.weights import Weights

HIDDEN = 4
GOLDEN = [-113101, 576205, -145570, 551181, -271127]
PEOPLE = {"ann": "Ann", "bob": "Bob", "cleo": "Cleo"}


def said(author: str, text: str, at: int = 0) -> Turn:
    return turn_of(at, author, text, PEOPLE.get)


def made(nets: int = 2, heat: float = 1.0) -> Weights:
    """Weights by a rule, large enough that each bit of a sum would show."""

    def drawn(*shape: int) -> np.ndarray:
        return (np.arange(np.prod(shape)) * 7919 % 3001 - 1500).reshape(shape)

    return Weights(
        drawn(nets, len(NAMES), HIDDEN).astype(np.int16), drawn(nets, HIDDEN).astype(np.int32),
        drawn(nets, HIDDEN, HIDDEN).astype(np.int16),
        drawn(nets, HIDDEN).astype(np.int32), drawn(nets, HIDDEN).astype(np.int16), heat, threads=True,
    )  # fmt: skip


TALK = [
    said("Bob", "that is so, and it will not start", 5),
    said("Cleo", "Bob: have you tried the other kernel?", 4),
    said("Bob", "my machine does not boot, what now?", 2),
    said("Ann", "hello all", 0),
]
turns = st.builds(
    said,
    st.sampled_from(["Ann", "Bob", "Cleo", "Dan"]),
    st.text(max_size=80),
    st.integers(0, 2000),
)


def test_of_a_message_stay_hashes_signs_and_whom_it_calls():
    turn = said("Ann", "Bob: what about the scheduler?")
    assert turn.calls == ("Bob",)
    assert Sign(turn.signs) == Sign.CALLS_FIRST | Sign.ASKS
    assert len(turn.words) == 2  # "about" and "scheduler": the others mean nothing, or are a name


def test_a_usual_word_is_a_name_only_before_a_colon_or_a_comma():
    names = {"all": "All", "bob": "Bob"}
    assert turn_of(0, "Ann", "that is all", names.get).calls == ()
    assert turn_of(0, "Ann", "all: come here", names.get).calls == ("All",)


def test_a_flood_is_remembered_in_a_bounded_size():
    flood = " ".join(f"word{n} bob cleo" for n in range(100_000))
    assert len(msgspec.msgpack.encode(said("Ann", flood))) < 200


@given(turns, st.lists(turns, max_size=LOOK_BACK + 5))
def test_whatever_was_said_the_shares_are_shares(turn, earlier):
    ranked = Ranker(made()).rank(turn, earlier)
    assert len(ranked.shares) == min(len(earlier), LOOK_BACK)
    assert sum(ranked.shares) + ranked.anew == pytest.approx(1, abs=0.005)
    assert ranked.place is None or ranked.shares[ranked.place] == max(ranked.shares)


def test_before_the_first_message_there_is_nobody_to_answer():
    ranked = Ranker(made()).rank(TALK[0], [])
    assert ranked.anew == 1.0
    assert ranked.place is None


def test_shares_are_added_up_by_person():
    ranked = Ranker(made(heat=1e6)).rank(said("Dan", "Bob: so?", 6), TALK)
    assert ranked.people(TALK) == {
        person: pytest.approx(sum(share for share, turn in zip(ranked.shares, TALK, strict=True) if turn.author == person), abs=1e-4)
        for person in ("Ann", "Bob", "Cleo")
    }


def test_scores_are_these_very_numbers_on_every_machine():
    assert Ranker(made()).scores(said("Dan", "Bob: so you say it will not start?", 6), TALK) == GOLDEN


def test_no_order_of_adding_changes_a_score():
    # Columns in another order: another order of adding in each sum.
    order = np.random.default_rng(1).permutation(len(NAMES))
    weights = made()
    rows = features(said("Dan", "Bob: so?", 6), TALK).astype(float)
    one = rows @ weights.first[0].astype(float)
    other = rows[:, order] @ weights.first[0][order].astype(float)
    assert (one == other).all()


def test_the_shipped_ranker_finds_whom_a_name_calls_and_goes_on_from_there():
    following = Following(open_ranker("irc"))
    for turn in reversed(TALK):
        following.take(turn)
    ranked = following.take(said("Dan", "Cleo: which kernel do you mean?", 6))
    assert ranked.place is not None
    assert TALK[ranked.place].author == "Cleo"
    assert following.earlier[0].back == ranked.place + 1


def test_the_same_weights_give_the_same_file(tmp_path: Path):
    write(made(), tmp_path / "one.npz")
    write(made(), tmp_path / "two.npz")
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "two.npz").read_bytes()
    assert read(tmp_path / "one.npz").digest == made().digest


@pytest.mark.parametrize("name", SHIPPED)
def test_a_damaged_file_is_one_line_and_never_other_weights(tmp_path: Path, name: str):
    content = (FOLDER / f"{name}.npz").read_bytes()
    refused = 0
    for place in range(0, len(content), len(content) // 40):
        file = tmp_path / "damaged.npz"
        file.write_bytes(content[:place] + bytes([content[place] ^ 0x55]) + content[place + 1 :])
        told = complaint(file)
        refused += told is not None
        # A byte that no reader looks at changes nothing.
        assert read(file).digest == shipped(name).digest if told is None else str(file) in told and "\n" not in told
    assert refused > 30


def complaint(file: Path) -> str | None:
    try:
        read(file)
    except UserError as told:
        return str(told)
    return None


def test_half_a_file_another_file_and_no_file_are_told_apart(tmp_path: Path):
    half, other = tmp_path / "half.npz", tmp_path / "other.npz"
    half.write_bytes((FOLDER / "irc.npz").read_bytes()[:5000])
    np.savez(other, weight=np.zeros(3))
    for file, told in ((half, "damaged"), (other, "version 1"), (tmp_path / "none.npz", "cannot be read")):
        with pytest.raises(UserError, match=told):
            read(file)


def test_weights_for_other_features_are_refused(tmp_path: Path):
    weights = made()
    foreign = Weights(weights.first[:, :-1], weights.first_bias, weights.second, weights.second_bias, weights.last, 1.0, threads=True)
    write(foreign, tmp_path / "foreign.npz")
    with pytest.raises(UserError, match="other features"):
        read(tmp_path / "foreign.npz")


def test_a_ranker_that_is_not_there_is_named():
    with pytest.raises(UserError, match=r"'slack'.*irc, molweni"):
        shipped("slack")
