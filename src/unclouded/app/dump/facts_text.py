"""The facts of a product as Markdown, to be pasted into a report."""

from unclouded.core.views.facts import ProductFacts, SeenPointView

COLUMNS = "| data point | type | reports | counts seen | today | similar products |"
MOST_LISTED = 8  # different values of a number that are listed; of more, the span


def as_markdown(facts: ProductFacts) -> tuple[str, ...]:
    """Lines: a table of what was reported, and what is known. The owner adds what only a person can see."""
    lines = [f"### Product `{facts.product}`" if facts.product else "### A product that names no id", ""]
    lines += [f"- {name}: {text}" for name, text in _heads(facts)]
    lines += ["", *_table(facts)]
    if facts.remarks:
        lines += ["", "What did not agree:", "", *(f"- {remark}" for remark in facts.remarks)]
    return tuple(lines)


def _heads(facts: ProductFacts) -> list[tuple[str, str]]:
    heads = [
        ("family", facts.family),
        ("profile", f"{facts.profile or 'none'}{f'; {facts.sources}' if facts.sources else ''}"),
        *facts.info.items(),
    ]
    if facts.nearest:
        heads.append(("most like", f"{facts.nearest} ({facts.likeness:.0%} of the data points)"))
    return [*heads, ("unclouded", facts.program)]


def _table(facts: ProductFacts) -> list[str]:
    if not facts.points:
        return ["Nothing was received lately."]
    return [COLUMNS, "|---|---|---|---|---|---|", *map(_line, facts.points)]


def _line(point: SeenPointView) -> str:
    match = _named(point.match_key, point.match_scale)
    if match and not point.match_is_sure:
        match += " ?"
    cells = [point.wire, point.type, str(point.reports), _counts(point), _named(point.key, point.scale), match]
    return f"| {' | '.join(cells)} |"


def _counts(point: SeenPointView) -> str:
    if point.length is not None:
        low, high = point.length
        return f"{low} bytes" if low == high else f"{low} to {high} bytes"
    if point.low is None or point.high is None:
        return ""
    if point.values and (len(point.values) <= MOST_LISTED or point.type == "enum"):
        return " ".join(map(str, point.values))
    return f"{point.low:.15g} to {point.high:.15g}"


def _named(key: str, scale: str) -> str:
    if not key:
        return ""
    return f"{key} x {scale}" if scale not in ("", "1") else key
