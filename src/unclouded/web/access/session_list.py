"""The browsers that are signed in and were here since the hub started, in bounded memory."""

import hashlib
import re
from collections import OrderedDict
from collections.abc import Iterator, Mapping

import msgspec

from unclouded.web.access.password import CredentialFile
from unclouded.web.access.session_cookie import SessionCookie

MOST_SESSIONS = 200
LONGEST_AGENT = 300  # characters of User-Agent that are read
# The first that is found: the later ones also call themselves by the names of others
BROWSERS: Mapping[str, str] = {
    "Edge": "Edg",
    "Opera": "OPR/",
    "Samsung Internet": "SamsungBrowser",
    "Firefox": "Firefox|FxiOS",
    "Chrome": "Chrom(?:e|ium)|CriOS",
    "Safari": "Safari",
}
SYSTEMS: Mapping[str, str] = {
    "iPhone": "iPhone",
    "iPad": "iPad",
    "Android": "Android",
    "Windows": "Windows",
    "Mac": "Macintosh",
    "ChromeOS": "CrOS",
    "Linux": "Linux",
}


class SeenSession(msgspec.Struct):
    """``since``, ``seen``: Unix seconds of its first and last request."""

    cookie: SessionCookie
    address: str
    browser: str
    system: str
    since: float
    seen: float

    @property
    def id(self) -> str:
        """What names it to others; its own id is in the cookie."""
        return hashlib.sha256(self.cookie.session.encode()).hexdigest()[:16]


class SessionList:
    """Sessions by the id in their cookie; of too many, those that were not here for the longest time are forgotten."""

    def __init__(self) -> None:
        self._seen: OrderedDict[str, SeenSession] = OrderedDict()

    def note(self, cookie: SessionCookie, address: str, agent: str, now: float) -> None:
        """A request of a session."""
        known = self._seen.get(cookie.session)
        if known is None:
            browser, system = found_name(agent, BROWSERS), found_name(agent, SYSTEMS)
            known = self._seen[cookie.session] = SeenSession(cookie, address, browser, system, now, now)
        known.cookie, known.address, known.seen = cookie, address, now
        self._seen.move_to_end(cookie.session)
        while len(self._seen) > MOST_SESSIONS:
            self._seen.popitem(last=False)

    def valid(self, credentials: CredentialFile, now: int) -> Iterator[SeenSession]:
        """Those that have not ended, the last one that was here first."""
        return (one for one in reversed(self._seen.values()) if one.cookie.is_valid(credentials, now))


def found_name(agent: str, names: Mapping[str, str]) -> str:
    """The name whose pattern is found in the beginning of a User-Agent header, the first one; "" without any."""
    return next((name for name, pattern in names.items() if re.search(pattern, agent[:LONGEST_AGENT])), "")
