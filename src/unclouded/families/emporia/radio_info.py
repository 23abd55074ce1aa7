"""What the radio reports of itself: MAC, firmware, and whether its install code is valid."""

from collections.abc import Mapping

from unclouded.core.sessions.session import Event, Identified, Rejected
from unclouded.families.emporia import install_code
from unclouded.families.emporia.commands import INSTALL_CODE, MAC

CODE_ATTEMPTS = 3  # requests for the install code before we do without
CODE_WINDOW_S = 10.0  # after a request for the install code any stray byte may belong to it


class RadioInfo:
    """Collects it, and keeps the install code out of every event."""

    def __init__(self) -> None:
        self._info: dict[str, str] = {}
        self._code_attempts = 0
        self._hidden_until = float("-inf")

    def forget(self) -> None:
        """It may be another radio from now on."""
        self._info = {}
        self._code_attempts = 0

    def missing(self) -> list[str]:
        """The letters to request for what is not known."""
        code = "install_code" not in self._info and self._code_attempts < CODE_ATTEMPTS
        return [MAC] * ("mac" not in self._info) + [INSTALL_CODE] * code

    @property
    def mac_text(self) -> str:
        """``70:b3:d5:…``; "" = not known."""
        return self._info.get("mac", "")

    def letters_of_code(self) -> str:
        """The letters to request, in this order, so that the install code can be shown with the MAC."""
        return INSTALL_CODE if self.mac_text else MAC + INSTALL_CODE

    def code_requested(self, now: float) -> None:
        """The install code was requested at ``now``: for CODE_WINDOW_S all rejected bytes are hidden."""
        self._code_attempts += 1
        self._hidden_until = now + CODE_WINDOW_S

    def mac(self, payload: bytes) -> list[Event]:
        """The MAC, which the wire has in reverse order; it is the identity."""
        mac = payload[::-1]
        return self.add({"identity": mac.hex(), "mac": mac.hex(":")})

    def install_code(self, payload: bytes) -> list[Event]:
        """What is known of the install code: a verdict, never the code."""
        return self.add({"install_code": install_code.verdict(payload)})

    def add(self, info: Mapping[str, str]) -> list[Event]:
        """Reported as soon as its identity is known, and again when more is."""
        before, self._info = self._info, {**self._info, **info}
        return [Identified(self._info)] if "identity" in self._info and before != self._info else []

    def rejected(self, reason: str, data: bytes, now: float) -> Event:
        """The bytes as zeros where they may hold an install code, or its readable tail."""
        return Rejected(reason, bytes(len(data)) if now < self._hidden_until else install_code.blanked(data))
