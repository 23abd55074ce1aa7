"""A QR code of the page's address: as SVG for the page, as text for a terminal."""

import io
from collections.abc import Iterable
from urllib.parse import urlsplit

from unclouded.web.access.hosts import is_loopback

BORDER = 4  # light modules around it, which readers need (ISO/IEC 18004)
HALVES = {(False, False): "█", (False, True): "▀", (True, False): "▄", (True, True): " "}  # (upper, lower): is it dark?


def network_address(addresses: Iterable[str]) -> str:
    """The first address that other computers can open; "" if the page listens on this computer only."""
    return next((one for one in addresses if not is_loopback(urlsplit(one).hostname or "localhost")), "")


def svg(address: str) -> bytes:
    """Black on white, without a size of its own."""
    import segno

    out = io.BytesIO()
    code = segno.make(address, error="m", micro=False)
    code.save(out, kind="svg", border=BORDER, light="#fff", xmldecl=False, omitsize=True)
    return out.getvalue()


def text(address: str) -> str:
    """Lines of half blocks, two rows of modules each: light modules are drawn, so that it suits dark terminals."""
    import segno

    code = segno.make(address, error="m", micro=False)
    rows = [[bool(module) for module in row] for row in code.matrix_iter(border=BORDER)]
    if len(rows) % 2:
        rows.append([False] * len(rows[0]))
    pairs = zip(rows[::2], rows[1::2], strict=True)
    return "\n".join("".join(HALVES[pair] for pair in zip(upper, lower, strict=True)) for upper, lower in pairs)
