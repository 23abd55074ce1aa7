"""Link addresses: `scheme://host:port?key=value` and `scheme:path?key=value`.

A wrong address raises a ConfigError whose message shows the address without its secrets and says what to write
instead.
"""

from collections.abc import Collection, Mapping
from ipaddress import IPv6Address
from pathlib import Path
from urllib.parse import parse_qsl, quote, unquote

import msgspec

from unclouded.core.errors import ConfigError
from unclouded.core.text.whole_number import whole_number

LENGTH_LIMIT = 1_024  # characters of an address
HIGHEST_PORT = 65_535
# Query keys whose values may be printed. Values of other keys may be misplaced secrets.
PRINTABLE_KEYS = frozenset({"baud", "parity", "stopbits", "exclusive", "speed", "from", "timeout", "limit"}) | {
    *("quirky", "connections", "resets", "user", "cafile", "password_file"),
}
YES_NO = {"1": True, "yes": True, "true": True, "0": False, "no": False, "false": False}


class Url(msgspec.Struct, frozen=True, kw_only=True):
    """A parsed link address. ``place`` is the part between the scheme and the query."""

    scheme: str
    place: str
    has_host: bool  # "//" precedes the place
    query: Mapping[str, str]
    shown: str  # the address without secrets

    def wrong(self, what: str) -> ConfigError:
        """The error for this link; ``what`` goes on behind it."""
        return ConfigError(f"The link {self.shown} {what}")

    def only(self, *keys: str) -> None:
        """Raises ConfigError where the query has a key other than these."""
        for key in self.query:
            if key not in keys:
                allowed = f"It takes {', '.join(keys)}." if keys else "It takes none."
                raise self.wrong(f"has the unknown setting {key!r}. {allowed}")

    def host_port(self, example: str, lowest: int = 1) -> tuple[str, int]:
        """Host and port, an IPv6 host without brackets. Raises ConfigError."""
        place = self.place.rstrip("/")
        if not self.has_host or "/" in place:
            raise self.wrong(f"is not of the form {example}.")
        if "@" in place:
            raise self.wrong(f"has a user name, which this scheme does not support. Write {example}.")
        host, _, port = place.rpartition(":")
        is_bracketed = host.startswith("[") and host.endswith("]")
        host = host[1:-1] if is_bracketed else host
        if not host or not port:
            raise self.wrong(f"needs a host and a port, as in {example}.")
        if not (is_ipv6(host) if is_bracketed or ":" in host else is_host(host)):
            raise self.wrong(f"has an invalid host. Write {example}.")
        number = whole_number(port, lowest, HIGHEST_PORT)
        if number is None:
            raise self.wrong(f"has the port {port!r}. A port is a number from {lowest} to {HIGHEST_PORT}.")
        return host, number

    def path(self, example: str, base: Path) -> Path:
        """The file path; relative ones start at ``base``. Raises ConfigError."""
        if self.has_host and not self.place.startswith("/"):
            raise self.wrong(f"must have one or three slashes, not two. Write {example}.")
        if not self.place or "\0" in unquote(self.place):
            raise self.wrong(f"contains no file path. Write it as in {example}.")
        return base.absolute() / unquote(self.place)

    def integer(self, key: str, default: int, lowest: int, highest: int) -> int:
        """A whole number of the query. Raises ConfigError outside of ``lowest`` to ``highest``."""
        text = self.query.get(key, str(default))
        number = whole_number(text, lowest, highest)
        if number is None:
            raise self.wrong(f"has {key}={text}. It must be a whole number from {lowest} to {highest}.")
        return number

    def number(self, key: str, default: float, highest: float) -> float:
        """A number of the query. Raises ConfigError outside of 0 to ``highest``."""
        text = self.query.get(key, str(default))
        try:
            value = float(text)
        except ValueError:
            value = -1.0
        if not 0 <= value <= highest:
            raise self.wrong(f"has {key}={text}. It must be a number from 0 to {highest:g}.")
        return value

    def one_of(self, key: str, default: str, known: Collection[str]) -> str:
        """One of the ``known`` words in the query. Raises ConfigError for another one."""
        text = self.query.get(key, default)
        if text not in known:
            raise self.wrong(f"has {key}={text}. It must be one of {', '.join(known)}.")
        return text

    def flag(self, key: str, default: bool) -> bool:
        """Yes or no in the query. Raises ConfigError for another word."""
        return YES_NO[self.one_of(key, "yes" if default else "no", YES_NO)]


def is_host(text: str) -> bool:
    """Whether it may be a host name or an IPv4 address: no space, no bracket, nothing that is not seen."""
    return text.isprintable() and set(text).isdisjoint(" []")


def is_ipv6(text: str) -> bool:
    """Whether a text is an IPv6 address, without brackets."""
    try:
        IPv6Address(text)
    except ValueError:
        return False
    return True


def parse(text: str) -> Url:
    """Parse an address. Raises ConfigError."""
    shown = redacted(text)
    scheme, colon, rest = text.partition(":")
    if not colon or not scheme.replace("-", "").isalnum() or len(text) > LENGTH_LIMIT:
        raise ConfigError(f"{shown!r} is not a link. Write one like serial:///dev/ttyUSB0 or tcp://192.168.1.30:6638.")
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


def path_text(path: Path | str) -> str:
    """The path of a file as it is written in an address."""
    return quote(str(path), safe="/:,+@=")


def redacted(text: str) -> str:
    """The address without passwords: without the part before an @ and without values of unknown keys."""
    address, mark, query = text[:LENGTH_LIMIT].partition("?")
    head, at, tail = address.rpartition("@")
    if at:
        scheme, slashes, _ = head.partition("//")
        address = f"{scheme}//…@{tail}" if slashes else f"…@{tail}"
    pairs = [_redacted_pair(pair) for pair in query.split("&")] if mark else []
    return address + mark + "&".join(pairs)


def _redacted_pair(pair: str) -> str:
    key, equals, _ = pair.partition("=")
    return pair if key in PRINTABLE_KEYS or not equals else f"{quote(unquote(key))}=…"
