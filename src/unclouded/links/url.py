"""Link addresses: `scheme://host:port?key=value` and `scheme:path?key=value`.

What is wrong with one is a ConfigError in a sentence that shows the address without its secrets and says
what to write instead.
"""

from collections.abc import Collection, Mapping
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from unclouded.core.errors import ConfigError

LONGEST = 1_024  # characters of an address; a longer one is a mistake
HIGHEST_PORT = 65_535
# Query keys whose values may be printed. Others may be secrets that somebody wrote in the wrong place.
HARMLESS = frozenset({"baud", "parity", "stopbits", "exclusive", "speed", "from", "timeout", "limit", "patience"}) | {
    *("quirky", "user", "cafile", "password_file"),
}
YES_NO = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


class Url(msgspec.Struct, frozen=True, kw_only=True):
    """A link address in its parts. ``place`` is what stands between the scheme and the query."""

    scheme: str
    place: str
    has_host: bool  # "//" stood before the place
    query: Mapping[str, str]
    shown: str  # the address as people may see it

    def wrong(self, what: str) -> ConfigError:
        return ConfigError(f"The link {self.shown} {what}")

    def only(self, *keys: str) -> None:
        """Raises ConfigError where the query has a key other than these."""
        for key in self.query:
            if key not in keys:
                allowed = f"It takes {', '.join(keys)}." if keys else "It takes none."
                raise self.wrong(f"has the unknown setting {key!r}. {allowed}")

    def host_port(self, example: str, lowest: int = 1) -> tuple[str, int]:
        """The host and the port, an IPv6 host without its brackets. Raises ConfigError."""
        place = self.place.rstrip("/")
        if not self.has_host or "/" in place:
            raise self.wrong(f"is not of the form {example}.")
        if "@" in place:
            raise self.wrong(f"has a user name, which this wire does not know. Write {example}.")
        host, _, port = place.rpartition(":")
        host = host.removeprefix("[").removesuffix("]")
        if not host or not port:
            raise self.wrong(f"needs a host and a port, as in {example}.")
        if not (port.isascii() and port.isdecimal() and lowest <= int(port) <= HIGHEST_PORT):
            raise self.wrong(f"has the port {port!r}. A port is a number from {lowest} to {HIGHEST_PORT}.")
        return host, int(port)

    def path(self, example: str, base: Path) -> Path:
        """The file it names; relative ones start at ``base``. Raises ConfigError."""
        if self.has_host and not self.place.startswith("/"):
            raise self.wrong(f"has two slashes where one or three belong. Write {example}.")
        if not self.place or "\0" in unquote(self.place):
            raise self.wrong(f"names no file. Write it as in {example}.")
        return base.absolute() / unquote(self.place)

    def integer(self, key: str, default: int, lowest: int, highest: int) -> int:
        text = self.query.get(key, str(default))
        if not (text.isascii() and text.isdecimal() and lowest <= int(text) <= highest):
            raise self.wrong(f"has {key}={text}. It must be a whole number from {lowest} to {highest}.")
        return int(text)

    def number(self, key: str, default: float, highest: float) -> float:
        text = self.query.get(key, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= highest:
            raise self.wrong(f"has {key}={text}. It must be a number from 0 to {highest:g}.")
        return value

    def one_of(self, key: str, default: str, known: Collection[str]) -> str:
        text = self.query.get(key, default)
        if text not in known:
            raise self.wrong(f"has {key}={text}. It must be one of {', '.join(known)}.")
        return text

    def flag(self, key: str, default: bool) -> bool:
        return YES_NO[self.one_of(key, "yes" if default else "no", YES_NO)]


def parse(text: str) -> Url:
    """An address in its parts. Raises ConfigError where it is none."""
    shown = show(text)
    scheme, colon, rest = text.partition(":")
    if not colon or not scheme.replace("-", "").isalnum() or len(text) > LONGEST:
        raise ConfigError(f"{shown!r} is no link. Write one like serial:///dev/ttyUSB0 or tcp://192.168.1.30:6638.")
    place, _, query = rest.partition("?")
    pairs = parse_qsl(query, keep_blank_values=True)
    for key, _ in pairs:
        if sum(key == other for other, _ in pairs) > 1:
            raise ConfigError(f"The link {shown} has the setting {key!r} twice.")
    return Url(
        scheme=scheme.lower(),
        place=place.removeprefix("//"),
        has_host=place.startswith("//"),
        query=dict(pairs),
        shown=shown,
    )


def show(text: str) -> str:
    """The address without passwords: what stands before an @, and values of keys that we don't know."""
    address, mark, query = text[:LONGEST].partition("?")
    head, at, tail = address.rpartition("@")
    if at:
        scheme, slashes, _ = head.partition("//")
        address = f"{scheme}//…@{tail}" if slashes else f"…@{tail}"
    pairs = [_show_pair(pair) for pair in query.split("&")] if mark else []
    return address + mark + "&".join(pairs)


def _show_pair(pair: str) -> str:
    key, equals, _ = pair.partition("=")
    return pair if key in HARMLESS or not equals else f"{quote(unquote(key))}=…"
