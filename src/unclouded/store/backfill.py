"""Columns of values at regular times, stored at once with all that is rolled up from them.

    starts   ├────┼────┼────┼────┼   whole quarters of an hour, for example
    power_W     3    3    2    9      -> one sample for each start, rows of 60, 900 and 3600 s

As if the values had been stored one by one, forty times faster: the samples are encoded by numpy, and the longer rows
made by SQLite. In the caller's transaction.
"""

import sqlite3
from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from unclouded.core.errors import StoreError
from unclouded.store.encoding.codec import SeriesScale
from unclouded.store.rollup import MINUTE, SPANS

Column = npt.NDArray[np.int64]

PUT_MINUTES = "INSERT INTO rollup VALUES ({series}, 60, ?1, 1, {values}, ?2, ?1 * 1000, 0)"
JOIN = """INSERT OR REPLACE INTO rollup SELECT series, {span}, start / {span} * {span}, sum(size), sum(total),
    min(low), max(high), last, max(at), 0 FROM rollup
    WHERE series = {series} AND span = {finer} AND start >= ? AND start < ? GROUP BY start / {span}"""
PUT_SAMPLE = "INSERT INTO sample VALUES (?, ?, ?)"
ANY_SAMPLE = """SELECT 1 FROM sample WHERE device = ?1 AND second >= ?2 AND second <= ?3
    UNION ALL SELECT 1 FROM chunk WHERE device = ?1 AND last >= ?2 AND first <= ?3 LIMIT 1"""
ALL_SERIES = "SELECT id, exponent, kind FROM series WHERE device = ? AND point = ?"
PUT_SERIES = "INSERT INTO series (device, point, exponent, kind) VALUES (?, ?, ?, ?)"
VARINT_BYTES = 10  # the most that 64 bits take


def backfill(db: sqlite3.Connection, device: int, starts: Column, columns: Mapping[SeriesScale, Column]) -> None:
    """Store the columns of a device by its number: whole numbers in their scales, without flags.

    ``starts``: Unix seconds, ascending, not two in one minute, and whole minutes. Raises StoreError where the device
    has values in that time already, or is not known.
    """
    if not len(starts):
        return
    first, last = int(starts[0]), int(starts[-1])
    if db.execute("SELECT 1 FROM device WHERE number = ?", (device,)).fetchone() is None:
        raise StoreError(f"The store has no device with the number {device}.")
    if db.execute(ANY_SAMPLE, (device, first, last)).fetchone():
        raise StoreError("The device has values in that time already; they are kept as they are.")
    numbered = {_series(db, device, scale): (scale.kind == "number", column) for scale, column in columns.items()}
    seconds = starts.tolist()
    for series, (is_number, column) in numbered.items():
        values = "?2, ?2, ?2" if is_number else "NULL, NULL, NULL"
        db.executemany(PUT_MINUTES.format(series=series, values=values), zip(seconds, column.tolist(), strict=True))
        for finer, span in pairwise(SPANS):
            begin, end = first // span * span, last // span * span + span
            db.execute(JOIN.format(series=series, span=span, finer=finer), (begin, end))
    blobs = encoded({series: column for series, (_, column) in numbered.items()})
    db.executemany(PUT_SAMPLE, zip([device] * len(seconds), seconds, blobs, strict=True))
    db.execute("INSERT OR IGNORE INTO rolled VALUES (?, ?)", (device, last + MINUTE))


def encoded(columns: Mapping[int, Column]) -> Sequence[bytes]:
    """The blobs of samples that have one value of each series, as ``store.encoding.blob.encode`` makes them."""
    fields = []
    for series, column in columns.items():
        zigzag = (column << 1 ^ column >> 63).view(np.uint64)
        fields += [np.full(len(column), series << 2, np.uint64), zigzag]
    lengths = [_lengths(field) for field in fields]
    ends = np.cumsum(sum(lengths))
    place = np.concatenate(([0], ends[:-1]))
    data = np.zeros(int(ends[-1]), np.uint8)
    for field, length in zip(fields, lengths, strict=True):
        for byte in range(int(length.max())):
            has = length > byte
            rest = field[has] >> np.uint64(7 * byte)
            data[place[has] + byte] = rest & np.uint64(0x7F) | (length[has] > byte + 1).astype(np.uint64) << np.uint64(
                7
            )
        place = place + length
    whole = data.tobytes()
    return [whole[begin:end] for begin, end in pairwise([0, *ends.tolist()])]


def _lengths(field: npt.NDArray[np.uint64]) -> Column:
    """How many bytes each number takes as a varint."""
    lengths = np.ones(len(field), np.int64)
    for byte in range(1, VARINT_BYTES):
        lengths += field >> np.uint64(7 * byte) > 0
    return lengths


def _series(db: sqlite3.Connection, device: int, scale: SeriesScale) -> int:
    """The series of a point: the one that is there in this scale, else a new one."""
    for number, exponent, kind in db.execute(ALL_SERIES, (device, scale.point)):
        if (exponent, kind) == (scale.exponent, scale.kind):
            return int(number)
    return db.execute(PUT_SERIES, (device, scale.point, scale.exponent, scale.kind)).lastrowid or 0
