"""When deleting may begin: a day after it was announced, on a clock that goes on evenly.

rules, and something is older than they keep ──► announced ── a day ──► deleting
other rules, or a clock that jumped          ──► announced again
"""

import sqlite3
from collections.abc import Sequence

import msgspec

from unclouded.store.retention.rules import RetentionRule

NOTICE_S = 86_400.0  # s from the announcement to the first deletion
JUMP_S = 7 * 86_400.0  # s that the clock may have gone on since it was last looked at
BACK_S = 60.0
NOTE_S = 3600.0  # s between two notes of the time
TRUSTED_FROM = 1_767_225_600.0  # 2026-01-01: a clock before it was not set yet
KEY = ("", "retention")

GET = "SELECT value FROM memory WHERE identity = ? AND key = ?"
PUT = "INSERT OR REPLACE INTO memory VALUES (?, ?, ?)"
DROP = "DELETE FROM memory WHERE identity = ? AND key = ?"


class RetentionPlan(msgspec.Struct, frozen=True, kw_only=True):
    """``rules``: those that were announced; ``begins``: the earliest deletion; ``seen``: the clock. Unix seconds."""

    rules: tuple[str, ...] = ()
    begins: float = 0.0
    seen: float = 0.0


def stored_plan(db: sqlite3.Connection) -> RetentionPlan | None:
    """The plan that was announced; None where none was."""
    found = db.execute(GET, KEY).fetchone()
    return plan_from(found[0]) if found else None


def plan_from(data: bytes) -> RetentionPlan | None:
    """The plan in a JSON document; None where it is none."""
    try:
        return msgspec.json.decode(data, type=RetentionPlan)
    except (msgspec.DecodeError, TypeError):
        return None


def plan_of(before: RetentionPlan | None, rules: Sequence[RetentionRule], now: float) -> RetentionPlan:
    """The plan of these rules, something of which is due: the one before, where it still counts, or a new one."""
    texts = tuple(one.text for one in rules)
    if before is None or before.rules != texts or not -BACK_S <= now - before.seen <= JUMP_S:
        return RetentionPlan(rules=texts, begins=now + NOTICE_S, seen=now)
    return msgspec.structs.replace(before, seen=now) if now - before.seen >= NOTE_S else before


def store_plan(db: sqlite3.Connection, plan: RetentionPlan | None) -> None:
    """In the caller's transaction, or one of its own."""
    if plan is None:
        db.execute(DROP, KEY)
    else:
        db.execute(PUT, (*KEY, msgspec.json.encode(plan)))
