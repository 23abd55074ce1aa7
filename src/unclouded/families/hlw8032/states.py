"""The state of the line to the chip, as the text that people read; each state is reported once."""

from unclouded.core.sessions.session import Event, Offline, Online, Waiting

LINE = "4800 baud, even parity (8E1), the chip's TX through an isolating coupler to RX"
NO_FRAMES = (
    f"no frames: is the plug on mains (that is what supplies the chip), and the wiring right? {LINE}. "
    "The chip's ground is live: never connect it directly"
)
ONLY_NOISE = f"bytes arrive and none of them are frames of the chip: check the speed and parity of the line ({LINE})"
UNSTABLE = "no two frames have the same coefficients: the line is disturbed, or two chips send on it"
NOTHING_MEASURED = "frames arrive and none has a value that is usable"
GONE = f"frames no longer arrive: was the plug taken off mains? Else check the wiring ({LINE})"


class LineState:
    """The state that was reported last."""

    def __init__(self, since: float) -> None:
        self._since = since  # of the last report with values, or of the connection
        self._reason = ""
        self._is_online = False

    def online(self, now: float) -> list[Event]:
        """A frame with a usable value was received: Online, unless that was reported already."""
        self._since, self._reason = now, ""
        if self._is_online:
            return []
        self._is_online = True
        return [Online()]

    def without_values(self, reason: str) -> list[Event]:
        """There are none, and why; Offline where frames came before and no longer do."""
        was_online, self._is_online = self._is_online, False
        if was_online and reason == NO_FRAMES:
            reason = GONE
        if reason == self._reason or (reason == NO_FRAMES and self._reason == GONE):
            return []
        self._reason = reason
        return [Offline(reason) if reason == GONE else Waiting(reason, self._since)]
