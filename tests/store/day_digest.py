"""The digest of a day's windows, as a consumer computes it from what it has."""

from collections.abc import Mapping


def digest_of(windows: Mapping[tuple[str, int], tuple[int, object]], level: str, day: int) -> tuple[int, int]:
    """How many windows of a level begin on a day (since 1970), and the XOR of their numbers.

    ``windows``: by level and start (Unix seconds), each with its number.
    """
    numbers = [number for (one, start), (number, _) in windows.items() if one == level and start // 86_400 == day]
    joined = 0
    for number in numbers:
        joined ^= number
    return len(numbers), joined
