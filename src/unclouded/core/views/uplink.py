"""The JSON form of the hub in a fleet: whether it has joined, and what leaves it."""

import msgspec


class UplinkView(msgspec.Struct, frozen=True, kw_only=True):
    """``joined``: whether this hub is in a fleet; ``since``: when it joined; ``expires``: its token (ISO 8601).

    ``hub``: its id there. ``text``: the state of the connection and what was sent last, as sentences; ``problem``:
    after leaving, why the fleet does not know it. ``sent``: messages since the start, with ``bytes``; ``behind``:
    windows that wait.
    """

    joined: bool
    url: str = ""
    organisation: str = ""
    hub: str = ""
    since: str | None = None
    expires: str | None = None
    text: str = ""
    sent: int = 0
    bytes: int = 0
    behind: int = 0
    problem: str = ""
