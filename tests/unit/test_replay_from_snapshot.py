"""A replay of ``replies`` that begins with what another fold knew goes on as that one would have, stopped and shared or not."""

from pathlib import Path

import msgspec
import pytest

from streams.engine import Message
from streams.replay.folder import Folder
from streams.replay.recorded import Cut
from streams.replay.recording import Live
from streams.replay.replies import logs
from streams.replay.replies.checkpoint import CHECKPOINT, Checkpoint
from streams.replay.replies.fold import WRITTEN, Folding
from streams.replay.replies.logs import Columns, Known, RecordingLog, open_recording
from streams.replay.replies.plan import planned, rules_of
from streams.replay.replies.run import How, replay
from streams.replay.replies.summary import Summary
from streams.replay.taken import Asked
from streams.settings import Settings, load
from streams.topics import REPLIES
from tests.support.recorded import write_recording
from tests.support.replies_log import KEY, log_of

NOBODY_STOPPED = 1 << 60


E_SR = {
    "THREADWATCH_DETECTOR": "e-SR", "THREADWATCH_CALIBRATION__STAKES_PER_DAY": "1", "THREADWATCH_CALIBRATION__SHARE_STAKES_PER_DAY": "1",
}  # fmt: skip
"""So few stakes that nearly nothing is needed to open a case."""


@pytest.fixture(params=[{}, E_SR], ids=["window", "e-SR"])
def settings(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("THREADWATCH_KEY", KEY)
    monkeypatch.setattr(logs, "AT_ONCE", 100)
    return load({"THREADWATCH_KEY": KEY, **request.param})


def halves(settings: Settings, partitions: int) -> tuple[RecordingLog, RecordingLog]:
    """Return the whole log, and its second half with what the first one taught."""
    apart = [[one for one in log_of(partitions) if one.partition == number] for number in range(partitions)]
    first, second = [some[: len(some) // 2] for some in apart], [some[len(some) // 2 :] for some in apart]
    whole = open_recording(str(write_recording(Path("whole.rec"), REPLIES.name, [one for some in apart for one in some])), Asked())
    rest = open_recording(str(write_recording(Path("rest.rec"), REPLIES.name, [one for some in second for one in some])), Asked())
    foldings = [folded(settings, some) for some in first]
    known = Known(
        {number: one.folded.offset for number, one in enumerate(foldings)},
        {number: list(one.entries()) for number, one in enumerate(foldings)},
        sum(one.folded.tally.statuses["opened"] - one.folded.tally.statuses["closed"] for one in foldings),
    )
    return whole, msgspec.structs.replace(rest, known=known)


def folded(settings: Settings, messages: list[Message]) -> Folding:
    found = Folding(rules_of(settings), None)
    times, values = [one.timestamp_ms for one in messages], [one.value for one in messages]
    found.take(Columns(messages[0].partition, [one.offset for one in messages], times, values))
    return found


def replayed(settings: Settings, log: RecordingLog, out: str, processes: int = 1, stop_at: int = NOBODY_STOPPED) -> Summary:
    """Return the account of a replay into a folder, stopped once it took so many messages; it goes on where one was stopped there."""
    stopped = Checkpoint(Path(out)) if Path(out, CHECKPOINT).exists() else None
    cut = Cut()

    def told(done: int, _all: int) -> None:
        cut.is_asked = done >= stop_at

    with Folder(Path(out), stopped is not None, WRITTEN, partial=[CHECKPOINT]) as folder:
        return replay(planned(settings, Live()), log, Asked(), folder, told, cut, How(processes, stopped))


def lines(out: str) -> dict[str, bytes]:
    return {name: Path(out, f"{name}.jsonl").read_bytes() for name in WRITTEN}


def test_what_it_writes_is_the_end_of_the_whole_byte_for_byte_and_all_open_cases_are_accounted_for(settings: Settings) -> None:
    whole, rest = halves(settings, 1)
    all_, found = replayed(settings, whole, "whole"), replayed(settings, rest, "rest")
    for name, held in lines("rest").items():
        assert held and lines("whole")[name].endswith(held), name
    assert (all_.start, found.start) == ("beginning", "snapshot")
    assert found.warm_up is not None and found.warm_up.carried["open_pileons"] > 0
    still_open = found.warm_up.carried["open_pileons"] + found.pileons["opened"] - found.pileons["closed"]
    assert still_open == all_.pileons["opened"] - all_.pileons["closed"]


def test_stopped_before_some_partitions_began_and_gone_on_with_it_is_the_same_with_any_number_of_processes(settings: Settings) -> None:
    _, rest = halves(settings, 4)
    replayed(settings, rest, "one")
    replayed(settings, rest, "two", processes=2)
    part = replayed(settings, rest, "part", stop_at=1)
    assert not part.complete and Path("part", CHECKPOINT).exists()
    assert replayed(settings, rest, "part", processes=2).complete
    assert lines("one") == lines("two") == lines("part")
    assert Path("one/summary.json").read_bytes() == Path("part/summary.json").read_bytes()
