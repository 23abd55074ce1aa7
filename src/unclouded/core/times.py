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


def duration_text(seconds: float) -> str:
    """A time span in its largest unit: ``45 s``, ``12 min``, ``5 h``, ``3 days``."""
    for unit, size in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"
