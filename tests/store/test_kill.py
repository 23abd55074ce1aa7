"""kill -9 at any time: the file opens, and facts older than the grace period are in it.

The hundred kills with the real figures (1 s batches, 2 s) are ``bench/store_writer.py --kills 100``. Here batches are
short, and in addition to the grace period one rule needs no clock: what the store reported as committed is there.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from store.kill_round import Round, run_round

KILLS = 6
HURRY = 4000  # times as fast as the clock, so that hours are rolled up and sealed in the second that a process lives

LONGER_S = 0.5  # beyond the grace: an hour is sealed after 1.05 s of such a life


@pytest.fixture(scope="module")
def rounds(tmp_path_factory: pytest.TempPathFactory) -> list[Round]:
    folder = tmp_path_factory.mktemp("kills")
    with ThreadPoolExecutor(3) as pool:
        return list(
            pool.map(
                lambda seed: run_round(folder, interval=0.05, grace=1.0, seed=seed, hurry=HURRY, longer=LONGER_S),
                range(KILLS),
            )
        )


def test_the_file_is_sound_after_every_kill(rounds: list[Round]) -> None:
    assert all(r.intact for r in rounds)


def test_every_round_stored_facts(rounds: list[Round]) -> None:
    assert all(r.stored and r.printed for r in rounds)


def test_committed_facts_survive(rounds: list[Round]) -> None:
    assert [r.lost_though_committed for r in rounds] == [0] * KILLS


def test_facts_older_than_the_grace_period_survive(rounds: list[Round]) -> None:
    assert [r.lost for r in rounds] == [0] * KILLS


def test_ledgers_and_readings_are_of_the_same_moment(rounds: list[Round]) -> None:
    assert [r.totals_astray for r in rounds] == [0] * KILLS


def test_hours_were_sealed_meanwhile(rounds: list[Round]) -> None:
    assert sum(r.sealed for r in rounds) >= KILLS // 4  # how many depends on the computer


def test_rolled_up_rows_and_readings_are_of_the_same_moment(rounds: list[Round]) -> None:
    assert all(r.rolled_up for r in rounds)
    assert [r.rollups_astray for r in rounds] == [0] * KILLS
