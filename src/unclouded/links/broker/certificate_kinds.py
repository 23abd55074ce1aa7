"""The kinds of certificates: for plugs and for browsers; and the paths of their files."""

import datetime
from pathlib import Path

import msgspec

SERVER_LIFE = datetime.timedelta(days=5 * 365)
BROWSER_LIFE = datetime.timedelta(days=2 * 365)  # Apple's devices accept at most 825 days


class Purpose(msgspec.Struct, frozen=True):
    """What a certificate is for: its files' name, its lifetime, and the configuration key that lists its hosts."""

    name: str
    life: datetime.timedelta
    setting: str


BROKER = Purpose("server", SERVER_LIFE, "[broker] host")
WEB = Purpose("web", BROWSER_LIFE, "[web] host")


class Certificates(msgspec.Struct, frozen=True):
    """Paths of the files. ``chain``: the server's certificate followed by the CA's."""

    chain: Path
    key: Path
    authority: Path
