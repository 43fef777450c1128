"""What counts as progress, and what ends a worker that makes none."""

from streams.live.progress import STOPPING_AT_MOST, Progress, Watchdog


def idle(stage: str = "score") -> Progress:
    progress = Progress(stage)
    progress.last_end = 0.0
    return progress


def watching(*stages: Progress) -> Watchdog:
    return Watchdog(list(stages), stuck_after=60.0, clock=lambda: 0.0)


def test_an_idle_stage_is_never_stuck():
    progress = idle()
    progress.saw_lag(0, 5.0)
    assert progress.stuck_for(100_000.0) == 0.0


def test_a_batch_that_does_not_end_is_stuck_for_as_long_as_it_lasts():
    progress = idle()
    progress.began(0, 100.0)
    progress.began(1, 130.0)
    progress.ended(1, 131.0)
    assert progress.stuck_for(150.0) == 50.0
    progress.ended(0, 151.0)
    assert progress.stuck_for(151.0) == 0.0


def test_input_that_waits_while_nothing_begins_is_counted_from_when_it_was_first_seen():
    progress = idle()
    progress.saw_lag(7, 1000.0)
    progress.saw_lag(9, 1030.0)
    assert progress.stuck_for(1040.0) == 40.0
    progress.began(0, 1041.0)
    progress.ended(0, 1042.0)
    assert progress.stuck_for(1050.0) == 8.0


def test_the_watchdog_names_the_stage_that_stands_still():
    progress = idle("address")
    progress.began(2, 10.0)
    dog = watching(idle(), progress)
    dog.loop_seen = 70.0
    assert dog.verdict(70.0) is None
    dog.loop_seen = 71.0
    assert dog.verdict(71.0) == "stage address made no progress for 61 s although input waits"


def test_the_watchdog_sees_an_event_loop_that_stands_still():
    dog = watching(idle())
    assert dog.verdict(60.0) is None
    assert dog.verdict(61.5) == "the event loop stood still for 62 s"


def test_while_it_stops_only_the_time_to_stop_counts():
    progress = idle()
    progress.began(0, 0.0)
    dog = watching(progress)
    dog.stopping_since = 100.0
    assert dog.verdict(100.0 + STOPPING_AT_MOST) is None
    assert dog.verdict(101.0 + STOPPING_AT_MOST) == "stopping takes more than 30 s"


def test_what_takes_long_and_gets_on_is_not_stuck() -> None:
    progress = Progress("pileon")
    progress.began(0, 100.0)
    progress.moved(0, 190.0)
    assert progress.stuck_for(200.0) == 10
    progress.ended(0, 200.0)
    progress.moved(0, 200.0)  # nothing is busy: it must not become so
    progress.saw_lag(0, 200.0)
    assert progress.stuck_for(900.0) == 0
