"""The layers of a backup: gzip in blocks, age, names, and what is kept when."""

import base64
import gzip
import io
import random
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.backup.age import CHUNK, decrypted, encrypted
from unclouded.app.backup.generations import kept, next_due, plan_of
from unclouded.app.backup.gzip_blocks import BLOCK, gzipped
from unclouded.app.backup.manifest import NamedBackup, file_name, named
from unclouded.core.errors import CommandError

BERLIN = ZoneInfo("Europe/Berlin")
# b"exact\n" for "correct horse", encrypted by pyrage 1.4 (the library rage, in Rust)
RAGE = (
    "YWdlLWVuY3J5cHRpb24ub3JnL3YxCi0+IHNjcnlwdCBQSjlnYmFkZkNpRnI1R0VpZlNTZmJnIDE2ClY4djk3dTI4V2g5S0dqbXJs"
    "VzR2ekxhVjJjM1ZvdnVUOXRLRHl0Q1ljWXcKLS0tIDl4VTJES1BLU0ZMcytyMW9xZXUrWTV0Q3hXT2Y1VXczTDNrS1hsdDRoWXMK"
    "t2wHumVSiX1dZKiakbs6+88DVfqQascyjmZhC/Hfwh4i/au1NUI="
)
NOW = 1_796_000_000.0  # 30 November 2026
NOISE = random.Random(1).randbytes(2 * BLOCK + 3)
seeded = b"".join(bytes([one * one % 251]) for one in range(5000))


@given(sizes=st.lists(st.integers(0, 2 * BLOCK + 3), max_size=4), threads=st.integers(1, 3))
@settings(max_examples=8, deadline=None)
def test_any_gzip_reads_what_is_compressed_in_blocks(sizes: list[int], threads: int) -> None:
    pieces = [NOISE[:size] if number % 2 else bytes(size) for number, size in enumerate(sizes)]
    assert gzip.decompress(b"".join(gzipped(pieces, threads))) == b"".join(pieces)


@given(size=st.sampled_from([0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 2 * CHUNK, 3 * CHUNK + 7]), cut=st.integers(1, CHUNK))
@settings(max_examples=15, deadline=None)
def test_what_is_encrypted_is_decrypted_with_its_passphrase_only(size: int, cut: int) -> None:
    data = (seeded * (size // len(seeded) + 1))[:size]
    file = b"".join(encrypted([data[:cut], data[cut:]], "correct horse", 10))
    assert b"".join(decrypted(io.BytesIO(file), "correct horse")) == data
    with pytest.raises(CommandError, match=r"^The passphrase is wrong\.$"):
        b"".join(decrypted(io.BytesIO(file), "correct  horse"))


@pytest.mark.parametrize("place", [30, 80, 130, 180, 220, 300, CHUNK + 250, 2 * CHUNK + 250])
def test_a_changed_or_shortened_file_is_not_decrypted_to_its_end(place: int) -> None:
    data = seeded * 30
    file = b"".join(encrypted([data], "correct horse", 10))
    changed = file[:place] + bytes([file[place] ^ 1]) + file[place + 1 :]
    for one in (changed, file[:place], file[:-1], file + b"x"):
        with pytest.raises(CommandError):
            b"".join(decrypted(io.BytesIO(one), "correct horse"))


def test_a_file_of_another_implementation_of_age_is_decrypted() -> None:
    assert b"".join(decrypted(io.BytesIO(base64.b64decode(RAGE)), "correct horse")) == b"exact\n"


def test_scrypt_that_would_take_all_memory_is_refused() -> None:
    file = b"".join(encrypted([b""], "correct horse", 10)).replace(b" 10\n", b" 21\n")
    with pytest.raises(CommandError, match="2,048 MB of memory"):
        next(decrypted(io.BytesIO(file), "correct horse"))


def local(text: str) -> float:
    return datetime.fromisoformat(text).replace(tzinfo=BERLIN).timestamp()


@pytest.mark.parametrize(
    ("every", "at", "last", "now", "due"),
    [
        ("1 day", "03:30", None, "2026-11-30T12:00", "2026-11-30T12:00"),
        ("1 day", "03:30", "2026-11-30T03:30", "2026-11-30T12:00", "2026-12-01T03:30"),
        ("1 day", "03:30", "2026-11-20T03:31", "2026-11-30T12:00", "2026-11-21T03:30"),  # missed: at once
        ("1 day", "02:30", "2026-03-28T02:30", "2026-03-28T12:00", "2026-03-29T03:30"),  # 02:30 is not that day
        ("1 week", "23:59", "2026-11-30T12:00", "2026-11-30T12:00", "2026-12-07T23:59"),
        ("12 hours", "03:30", "2026-10-25T01:00", "2026-10-25T02:00", "2026-10-25T12:00"),  # of 25 hours
        ("1 day", "03:30", "2026-11-30T12:10", "2026-11-30T12:00", "2026-12-01T03:30"),  # the clock was a little ahead
        ("1 day", "03:30", "2030-01-01T03:30", "2026-11-30T12:00", "2026-11-30T12:00"),  # by years: it does not count
    ],
)
def test_the_next_backup_is_due_on_the_local_clock(every: str, at: str, last: str | None, now: str, due: str) -> None:
    plan = plan_of(every, at)
    assert plan is not None
    assert next_due(plan, [] if last is None else [local(last)], local(now), BERLIN) == local(due)


@pytest.mark.parametrize(
    ("every", "at"), [("0 days", "03:30"), ("day", "03:30"), ("1 day", "24:00"), ("1 month", "3:30")]
)
def test_a_plan_that_cannot_be_read_is_none(every: str, at: str) -> None:
    assert plan_of(every, at) is None


def test_the_newest_of_each_day_week_and_month_is_kept() -> None:
    names = [
        named(file_name(datetime(2026, month, day, hour, tzinfo=UTC).timestamp(), "5f3a91c2", hour == 4))
        for month in range(1, 12)
        for day in range(1, 29)
        for hour in (2, 4)
    ]
    backups = [one for one in names if one is not None]
    assert len(backups) == len(names)
    found = sorted(one.removeprefix("unclouded-2026-")[:8] for one in kept(backups, BERLIN, 3, 2, 4, NOW))
    assert found == ["08-28T04", "09-28T04", "10-28T04", "11-22T04", "11-26T04", "11-27T04", "11-28T02", "11-28T04"]
    assert kept(backups[:1], BERLIN, 0, 0, 0, NOW) == {backups[0].name}


def test_backups_of_a_clock_that_was_ahead_are_kept_and_take_no_place_of_others() -> None:
    names = [f"unclouded-{day}T020000Z-5f3a91c2.tar.gz" for day in ("2026-11-29", "2026-11-27", "2026-11-28")]
    ahead = [f"unclouded-2030-01-{day:02}T020000Z-5f3a91c2.tar.gz" for day in range(1, 9)]
    backups = [one for one in map(named, names + ahead) if one is not None]
    assert kept(backups, BERLIN, 2, 0, 0, NOW) == {names[0], names[2], *ahead}
    assert kept(backups, BERLIN, 2, 0, 0, 0.0) == {*names, *ahead}  # the clock is in 1970 now
    assert kept([], BERLIN, 2, 0, 0, NOW) == set()


@given(
    st.lists(st.integers(0, 400 * 86_400), unique=True, min_size=1, max_size=40), *(st.integers(0, 5) for _ in range(3))
)
@settings(max_examples=50, deadline=None)
def test_pruning_each_time_keeps_the_newest_and_is_stable(ages: list[int], days: int, weeks: int, months: int) -> None:
    backups = [NamedBackup(str(age), NOW - age, "", False) for age in ages]
    once = kept(backups, BERLIN, days, weeks, months, NOW)
    assert str(min(ages)) in once
    recent = [age for age in ages if age < min(ages) + 86_400]
    assert len(once) <= days + weeks + months + len(recent)
    assert kept([one for one in backups if one.name in once], BERLIN, days, weeks, months, NOW) == once
