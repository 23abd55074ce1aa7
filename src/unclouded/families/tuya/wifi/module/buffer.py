"""How long a frame the MCU can take: as configured, as it reports itself (37/00), or as it turned out.

    sent 32 bytes ─► a later request is answered: it can take 32
                └──► nothing is answered any more: it stopped after 32, so 31 is the limit from now on, and remembered

Many MCUs have the vendor's default buffer of 16 to 24 bytes of payload, and receive nothing more after a longer frame.
Source: docs/protocols/tuya_wifi.md §2.1, §2.6 item 13; what is concluded from silence is ours.
"""

from collections.abc import Mapping

from unclouded.core.sessions.session import Event, Remember
from unclouded.families.tuya.wifi.module.settings import SMALLEST_BUFFER, WifiSettings

MEMORY = "mcu_buffer"


class McuBuffer:
    """``memory``: what was remembered.

    ``declared``: bytes of a frame as configured or reported, 0 = any.
    """

    def __init__(self, settings: WifiSettings, memory: Mapping[str, bytes]) -> None:
        self.declared = settings.mcu_buffer
        self._is_configured = settings.mcu_buffer > 0
        self._learned = _number(memory.get(MEMORY, b"")) if not self._is_configured else 0
        self._proven = 0  # the longest frame after which it has answered a request
        self._longest = self._longest_asked = 0  # that was sent; up to the request that was sent last
        self._suspect = 0  # the first frame longer than the proven ones since it has answered a request
        self._later = 0  # the same of those that were sent after that request

    @property
    def size(self) -> int:
        """Bytes of a frame, 0 = any."""
        return min(filter(None, (self.declared, self._learned)), default=0)

    @property
    def is_suspected(self) -> bool:
        """Has it answered nothing since a frame that is longer than all that it is known to take?"""
        return self._suspect > 0

    def why(self) -> str:
        """Behind the text that something is too long, where the limit was learned."""
        if not self._learned or self.size != self._learned:
            return ""
        return f" It stopped after a frame of {self._learned + 1} bytes once; if it can take more, set mcu_buffer."

    def hint(self) -> str:
        """Behind the reason why it is gone: what may have stopped it, and what to do. "" = no frame did."""
        if not self._suspect:
            return ""
        limit = self._suspect - 1
        more = "" if self._is_configured else "; until then the hub keeps its frames shorter"
        return (
            f": it stopped after a frame of {self._suspect} bytes. "
            f"Switch it off and on, and try mcu_buffer = {limit} in its profile{more}"
        )

    # --- what happens ------------------------------------------------------------------------------

    def reported(self, size: int) -> None:
        """Its own statement; a configured size overrides it."""
        if size >= SMALLEST_BUFFER and not self._is_configured:
            self.declared = size

    def forget(self) -> None:
        """What was sent and not answered is not evidence any more: the connection is another, or the MCU is gone."""
        self._suspect = self._later = 0
        self._longest = self._longest_asked = self._proven

    def sent(self, size: int, is_request: bool, is_update: bool) -> None:
        """A frame goes out. ``is_request``: its answer is awaited. Blocks of an update are as long as the MCU said."""
        is_new = size > max(self._longest, SMALLEST_BUFFER) and not is_update
        self._longest = max(self._longest, size)
        if is_request:
            self._longest_asked = self._longest
            self._later = 0
        elif is_new and not self._later:
            self._later = size
        if is_new and not self._suspect:
            self._suspect = size

    def answered(self) -> list[Event]:
        """The request that was sent last is answered: all frames before it did no harm."""
        self._proven = max(self._proven, self._longest_asked)
        if self._suspect <= self._proven:
            self._suspect, self._later = self._later, 0
        if not 0 < self._learned < self._proven:
            return []
        self._learned = 0
        return [Remember(MEMORY, b"")]

    def stopped(self) -> list[Event]:
        """It answers nothing any more."""
        suspect = self._suspect
        self.forget()
        if not suspect or self._is_configured:
            return []
        self._learned = suspect - 1
        return [Remember(MEMORY, str(self._learned).encode())]


def _number(text: bytes) -> int:
    """As it was remembered; 0 where that is not a size."""
    size = int(text) if text.isdigit() and len(text) < len("65536") + 1 else 0
    return size if size >= SMALLEST_BUFFER else 0
