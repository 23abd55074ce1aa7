"""What may be at the other end of a link: families with their line settings, the likely ones first. Pure."""

from collections.abc import Sequence
from urllib.parse import quote

import msgspec

from unclouded import families
from unclouded.links import UARTS
from unclouded.links.url import parse

HTTP = ("http",)
STREAMS = (*UARTS, "tcp")  # the schemes of links that carry the bytes of a UART


class LineSetting(msgspec.Struct, frozen=True, order=True):
    """How a UART is set."""

    baud: int
    parity: str

    def __str__(self) -> str:
        return f"{self.baud} baud" if self.parity == "none" else f"{self.baud} baud, parity {self.parity}"


class LinkCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """A family at a link, with the setting of the line in it where that is ours to choose."""

    family: str
    link: str

    @property
    def text(self) -> str:
        """``Emporia Vue Utility Connect, 115200 baud``."""
        words = family_title(self.family)
        baud = parse(self.link).query.get("baud")
        return f"{words}, {baud} baud" if baud else words


def family_title(name: str) -> str:
    """A family in a few words: what stands before the colon in its own."""
    return families.family(name).words.partition(":")[0]


def line_settings() -> Sequence[LineSetting]:
    """All that a family uses, each once, the slowest first."""
    return sorted({setting for name in _of_streams() for setting in _settings(name)})


def candidates(link: str, first: str = "") -> list[LinkCandidate]:
    """What to try at a link, in this order. ``first``: the family that is likely; "" = not known."""
    scheme = parse(link).scheme
    if scheme not in STREAMS:
        return [LinkCandidate(family="meross", link=link)]
    names = sorted(_of_streams(), key=lambda name: name != first)
    found = [
        LinkCandidate(family=name, link=_with_line(link, setting))
        for usual in (True, False)
        for name in names
        for setting in _settings(name)
        if (setting == _settings(name)[0]) == usual
    ]
    return list(dict.fromkeys(found))


def serial_link(path: str) -> str:
    """The link of a port."""
    return f"serial://{quote(path, safe='/:,+@=')}"


def with_setting(link: str, setting: LineSetting) -> str:
    """The link with a setting of the line, where that is ours to choose and the link names none."""
    return _with_line(link, setting)


# --- inside -------------------------------------------------------------------------------------------


def _of_streams() -> list[str]:
    return [name for name in families.NAMES if families.family(name).caller is None]


def _settings(name: str) -> list[LineSetting]:
    """The usual setting of a family, then those that some of its devices have."""
    family = families.family(name)
    others = [kind.baud for kind in family.sim_kinds.values() if kind.baud]
    return [LineSetting(baud, family.parity) for baud in dict.fromkeys((family.baud, *others))]


def _with_line(link: str, setting: LineSetting) -> str:
    url = parse(link)
    if url.scheme not in UARTS or "baud" in url.query:
        return link
    parity = "" if setting.parity == "none" or "parity" in url.query else f"&parity={setting.parity}"
    return f"{link}{'&' if url.query else '?'}baud={setting.baud}{parity}"
