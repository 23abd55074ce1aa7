"""What certificates there are and where they stand; ca.py makes them, when the first is wanted.

The library that makes them takes 9 MB: a hub with neither a broker nor TLS on its page does without.
"""

import datetime
from collections.abc import Sequence
from pathlib import Path

import msgspec

SERVER_LIFE = datetime.timedelta(days=5 * 365)
BROWSER_LIFE = datetime.timedelta(days=2 * 365)  # Apple's devices take at most 825 days


class Purpose(msgspec.Struct, frozen=True):
    """What a certificate is for: its files' name, its life, and the key of the configuration that says its hosts."""

    name: str
    life: datetime.timedelta
    setting: str


BROKER = Purpose("server", SERVER_LIFE, "[broker] host")
WEB = Purpose("web", BROWSER_LIFE, "[web] host")


class Certificates(msgspec.Struct, frozen=True):
    """Where the files are. ``chain``: the server's certificate with the authority's behind it."""

    chain: Path
    key: Path
    authority: Path


def prepare(folder: Path, hosts: Sequence[str], now: datetime.datetime, purpose: Purpose = BROKER) -> Certificates:
    """The certificates for these hosts, made or renewed where needed: see ca.prepare. Raises ConfigError."""
    from unclouded.links.broker import ca

    return ca.prepare(folder, hosts, now, purpose)
