"""Points whose readings are events: the button was pressed, the bell rang. A value that stays would be wrong. Pure."""

from unclouded.core.model import Point

MOMENTARY = ("action", "event", "doorbell")  # names in the vocabulary of points; a channel may follow: action_2


def is_momentary(point: Point) -> bool:
    """Whether each reading of the point is an event of its own."""
    if point.access != "r" or point.kind not in ("enum", "switch"):
        return False
    return any(point.key == name or _is_channel(point.key, name) for name in MOMENTARY)


def _is_channel(key: str, name: str) -> bool:
    return key.startswith(f"{name}_") and key.removeprefix(f"{name}_").isdecimal()
