"""Times at the edges: Unix seconds inside, ISO 8601 in UTC or the owner's zone outside."""

from datetime import UTC, datetime, tzinfo


def iso(at: float) -> str:
    """Unix seconds as ``2026-11-20T12:00:00.000Z``, to the millisecond."""
    return (
        datetime.fromtimestamp(round(at * 1000) / 1000, UTC).isoformat(timespec="milliseconds").removesuffix("+00:00")
        + "Z"
    )


def parse_time(text: str, zone: tzinfo) -> float:
    """A date or time as a person writes it -> Unix seconds; in ``zone`` unless it names another.

    Raises ValueError.
    """
    when = datetime.fromisoformat(text)
    return (when if when.tzinfo else when.replace(tzinfo=zone)).timestamp()


def from_iso(text: str) -> float:
    """The Unix seconds that ``iso`` wrote. Raises ValueError."""
    return datetime.fromisoformat(text).timestamp()
