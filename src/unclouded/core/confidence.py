"""How sure the profile of a device is of its points, in one line for people."""

from collections.abc import Iterable

from unclouded.core.model import Confidence, Kind

MOST_NAMED = 3  # points that a line names
SCALED: frozenset[Kind] = frozenset(("number", "counter"))


def sources_text(points: Iterable[tuple[str, Kind, Confidence]]) -> str:
    """``points``: key, kind and confidence of each. "" where the profile says nothing of its sources.

    Only numbers count, since theirs are the scales that may be wrong; and all points that were named by what a device
    without a profile reports.
    """
    points = tuple(points)
    named = [confidence for _, _, confidence in points if confidence in ("matched", "guessed")]
    if named:
        guessed = named.count("guessed")
        count = f"{len(named)} point{'s' if len(named) > 1 else ''}"
        return f"{count} named by what it reports{f', {guessed} of them guessed' if guessed else ''}"
    known = [(key, confidence) for key, kind, confidence in points if confidence and kind in SCALED]
    disputed = [key for key, confidence in known if confidence == "disputed"]
    confirmed = sum(confidence == "confirmed" for _, confidence in known)
    if disputed:
        more = len(disputed) - MOST_NAMED
        return f"sources disagree on {', '.join(disputed[:MOST_NAMED])}{f' and {more} more' if more > 0 else ''}"
    if confirmed and confirmed == len(known):
        return "scales confirmed by two sources"
    if confirmed:
        return f"scales of {confirmed} of {len(known)} points confirmed by two sources, the others from one"
    return "scales from one source" if known else ""
