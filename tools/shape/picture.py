"""A picture of the import graph: top-level packages in layers, those that import nothing at the bottom."""

from collections.abc import Mapping
from html import escape

BOX, HEIGHT, GAP, LAYER = 108, 34, 14, 92
STYLE = (
    "text{font:13px system-ui,sans-serif;fill:#1f2328}rect{fill:#f3f4f6;stroke:#8b949e;rx:6}"
    "path{fill:none;stroke:#57606a;stroke-opacity:.45}"
    "@media(prefers-color-scheme:dark){text{fill:#e6edf3}rect{fill:#21262d;stroke:#6e7681}path{stroke:#9da7b3}}"
)


def layers_of(arrows: Mapping[tuple[str, str], int]) -> list[list[str]]:
    """The packages by how long the longest chain of imports below each is, the lowest layer first. Raises ValueError
    where packages import each other in a circle.
    """
    below: dict[str, set[str]] = {}
    for here, there in arrows:
        below.setdefault(here, set()).add(there)
        below.setdefault(there, set())
    rank: dict[str, int] = {}
    while len(rank) < len(below):
        ready = [name for name, others in below.items() if name not in rank and others <= rank.keys()]
        if not ready:
            raise ValueError(f"These packages import each other: {', '.join(sorted(below.keys() - rank.keys()))}.")
        rank |= {name: 1 + max((rank[other] for other in below[name]), default=-1) for name in ready}
    layers: list[list[str]] = [[] for _ in range(1 + max(rank.values(), default=-1))]
    for name, number in sorted(rank.items()):
        layers[number].append(name)
    return layers


def svg_of(arrows: Mapping[tuple[str, str], int]) -> str:
    """The picture as SVG; lines become thicker with the number of modules that import."""
    layers = layers_of(arrows)
    full = max(map(len, layers)) * (BOX + GAP) + GAP
    place: dict[str, tuple[float, float]] = {}
    for number, layer in enumerate(reversed(layers)):
        left = (full - len(layer) * (BOX + GAP) + GAP) / 2
        for column, name in enumerate(layer):
            place[name] = (left + column * (BOX + GAP), 12 + number * LAYER)
    lines = [
        _line(place[here], place[there], count) for (here, there), count in sorted(arrows.items(), key=lambda a: a[1])
    ]
    boxes = [
        f'<rect x="{x:g}" y="{y:g}" width="{BOX}" height="{HEIGHT}"/>'
        f'<text x="{x + BOX / 2:g}" y="{y + 22:g}" text-anchor="middle">{escape(name)}</text>'
        for name, (x, y) in sorted(place.items())
    ]
    height = 24 + LAYER * (len(layers) - 1) + HEIGHT
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {full} {height}" role="img">'
    title = "<title>Which package imports which</title>"
    return "\n".join([head, title, f"<style>{STYLE}</style>", *lines, *boxes, "</svg>", ""])


def _line(start: tuple[float, float], end: tuple[float, float], count: int) -> str:
    x1, y1 = start[0] + BOX / 2, start[1] + HEIGHT
    x2, y2 = end[0] + BOX / 2, end[1]
    middle = (y1 + y2) / 2
    width = min(1 + count**0.5 / 3, 5)
    return f'<path d="M{x1:g} {y1:g}C{x1:g} {middle:g} {x2:g} {middle:g} {x2:g} {y2:g}" stroke-width="{width:.1f}"/>'
