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
    progress.saw_lags({0: 0}, 5.0)
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
    progress.saw_lags({0: 4, 1: 3}, 1000.0)
    progress.saw_lags({0: 6, 1: 3}, 1030.0)
    assert progress.stuck_for(1040.0) == 40.0
    progress.began(0, 1041.0)
    progress.ended(0, 1042.0)
    assert progress.stuck_for(1050.0) == 8.0


def test_a_partition_that_stands_still_is_seen_though_the_others_of_its_stage_go_on():
    progress = idle("pileon")
    for second in range(0, 60, 5):
        progress.saw_lags({0: 3, 1: 9}, 100.0 + second)
        progress.began(0, 101.0 + second)
        progress.moved(0, 102.0 + second)
        progress.ended(0, 102.0 + second)
    assert progress.standstills([0, 1, 2], 160.0) == {0: 0.0, 1: 60.0, 2: 0.0}
    assert progress.stuck_for(160.0) < 5


def test_a_batch_that_does_not_end_stands_still_before_anybody_looks_at_what_waits():
    progress = idle("pileon")
    progress.began(3, 100.0)
    assert progress.standstills([3], 131.0) == {3: 31.0}
    progress.ended(3, 131.0)
    assert progress.standstills([3], 131.0) == {3: 0.0}


def test_a_backlog_of_years_that_is_worked_off_is_no_standstill():
    progress = idle()
    for batch in range(100):
        progress.saw_lags({0: 1_000_000 - batch}, 100.0 + 20 * batch)
        progress.began(0, 105.0 + 20 * batch)
        progress.moved(0, 119.0 + 20 * batch)
        assert max(progress.standstills([0], 119.0 + 20 * batch).values()) == 0.0
        progress.ended(0, 119.0 + 20 * batch)


def test_what_is_read_again_before_the_first_batch_moves_the_partition_batch_by_batch():
    progress = idle()
    progress.began(0, 100.0)
    for second in range(0, 90, 10):
        progress.moved(0, 110.0 + second)
        assert progress.stuck_for(111.0 + second) == 1.0
    assert progress.standstills([0], 195.0) == {0: 5.0}


def test_what_was_not_ours_any_more_and_is_not_brought_again_stands_still():
    progress = idle()
    progress.saw_lags({0: 5}, 100.0)
    progress.began(0, 101.0)
    progress.ended(0, 102.0)  # nothing of it was applied
    progress.saw_lags({0: 5}, 105.0)
    assert progress.standstills([0], 140.0) == {0: 40.0}


def test_a_partition_that_comes_back_starts_anew():
    progress = idle()
    progress.saw_lags({0: 5}, 100.0)
    progress.saw_lags({}, 120.0)
    progress.saw_lags({0: 5}, 140.0)
    assert progress.standstills([0], 145.0) == {0: 5.0}


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
    progress.saw_lags({0: 0}, 200.0)
    assert progress.stuck_for(900.0) == 0


def test_a_batch_of_long_texts_is_getting_on_while_some_of_it_is_computed() -> None:
    stage = Progress("score")
    stage.began(0, 100.0)
    stage.computed(150.0)
    assert stage.stuck_for(155.0) == 5.0
    stage.began(1, 160.0)
    assert stage.stuck_for(215.0) == 65.0


def test_a_partition_whose_long_batch_is_being_computed_stands_not_still_nor_do_those_that_wait_for_their_turn() -> None:
    stage = Progress("score")
    stage.saw_lags({0: 32, 1: 32}, 100.0)
    for partition in (0, 1):
        stage.began(partition, 100.0)
        stage.turning(partition)
    for second in range(101, 200):
        stage.computed(float(second))
        stage.saw_lags({0: 32, 1: 32}, float(second))
        assert stage.standstills([0, 1], second + 1.0) == {0: 1.0, 1: 1.0}
    stage.turned(0, 200.0)
    assert stage.standstills([0], 201.0) == {0: 1.0}


def test_a_scorer_that_hangs_in_a_long_batch_stands_still_since_it_computed_something() -> None:
    stage = Progress("score")
    stage.saw_lags({0: 32}, 100.0)
    stage.began(0, 100.0)
    stage.turning(0)
    stage.computed(140.0)
    assert stage.standstills([0], 171.0) == {0: 31.0}


def test_what_cannot_be_taken_behind_a_flood_waits_for_its_turn_while_something_is_computed() -> None:
    stage = Progress("score")
    stage.saw_lags({0: 4000, 1: 32}, 100.0)
    stage.began(0, 100.0)
    stage.turning(0)
    stage.computed(139.0)
    assert stage.standstills([0, 1], 140.0, is_full=True) == {0: 1.0, 1: 1.0}
    assert stage.standstills([0, 1], 171.0, is_full=True) == {0: 32.0, 1: 32.0}


def test_what_is_computed_for_others_hides_neither_a_partition_that_is_not_written_nor_one_that_is_not_brought() -> None:
    stage = Progress("score")
    stage.saw_lags({0: 32, 1: 32, 2: 32}, 100.0)
    for partition in (0, 1):
        stage.began(partition, 100.0)
        stage.turning(partition)
    stage.turned(1, 105.0)  # and its transaction hangs
    stage.computed(139.0)
    assert stage.standstills([0, 1, 2], 140.0) == {0: 1.0, 1: 35.0, 2: 40.0}
