"""The [session] table of the console's profiles."""

from typing import Annotated, Literal

import msgspec

from unclouded.core.seconds import Period, TimeLimit

_Factor = Annotated[int, msgspec.Meta(ge=1, le=100)]


class ConsoleSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Times in seconds.

    ``power_poll_s``: power and relay. ``status_poll_s``: Wi-Fi and server. ``memory_poll_s``: memory and tasks.
    ``clock_poll_s``: how long the plug runs. ``polls`` False: only commands are sent. ``slower``: answers may take so
    many times as long, behind a slow bridge. ``line_end``: what ends a command. ``switches_relay``: the point "on" can
    be set here, too. ``uuid``: the plug that must answer; "" = any.
    """

    power_poll_s: Period = 10.0
    status_poll_s: Period = 60.0
    memory_poll_s: Period = 300.0
    clock_poll_s: Period = 600.0
    wake_s: TimeLimit = 3.0
    polls: bool = True
    slower: _Factor = 1
    line_end: Literal["cr", "lf", "crlf"] = "cr"
    switches_relay: bool = False
    uuid: str = ""

    @property
    def end(self) -> bytes:
        """The bytes that end a command."""
        return {"cr": b"\r", "lf": b"\n", "crlf": b"\r\n"}[self.line_end]
