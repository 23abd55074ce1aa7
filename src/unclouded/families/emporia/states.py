"""The state of the radio and of its meter, as the text that people read; each state is reported once.

no firmware ─► idle ─► reading ─► (30 s of silence, $j) ─► joined and silent | never provisioned
"""

from unclouded.core.sessions.session import Event, Offline, Online, Waiting

ONLINE = "readings arrive"
NO_FIRMWARE = "the radio does not answer: check its power and the wiring (115200 baud, TX to RX, RX to TX)"
GONE = "the radio no longer answers: check its power and the wiring, or power-cycle it"
FIRST_READING = "the radio answers; waiting for the first reading of the meter"
NEVER_PROVISIONED = (
    "the radio was never provisioned: give its MAC and install code (the action show_install_code) to the utility and"
    " wait for its confirmation"
)
SILENT = (
    "the radio is provisioned but the meter gives no reading: move it closer to the meter, power-cycle it,"
    " or ask the utility to provision it again"
)
JOIN_UNANSWERED = "the meter gives no reading and the radio does not report whether it is provisioned: power-cycle it"

MUTE_FIRMWARE = (4, 6)  # known to join and yet give no readings; docs/protocols/emporia.md §1.2.5


class MeterState:
    """The state that was reported last."""

    def __init__(self, since: float = 0.0) -> None:
        self._since = since  # of the newest reading, or of the connection
        self._reason = ""  # ONLINE, or why not

    def online(self, now: float) -> list[Event]:
        """A reading was received."""
        self._since = now
        if self._reason == ONLINE:
            return []
        self._reason = ONLINE
        return [Online()]

    def waiting(self, reason: str) -> list[Event]:
        """There are no readings, and why."""
        if self._reason == reason:
            return []
        self._reason = reason
        return [Waiting(reason, self._since)]

    def unanswered(self) -> list[Event]:
        """The radio does not answer; Offline where it did before."""
        if self._reason in ("", NO_FIRMWARE):
            return self.waiting(NO_FIRMWARE)
        if self._reason == GONE:
            return []
        self._reason = GONE
        return [Offline(GONE)]


def offline(reason: str) -> Event:
    """There is no line to the radio."""
    return Offline(reason)


def silent(provisioned: bool, firmware: int | None, problem: str) -> str:
    """Why there is no reading, from the answer to ``$j`` and what else is known."""
    text = SILENT if provisioned else NEVER_PROVISIONED
    if firmware in MUTE_FIRMWARE:
        text += f"; firmware {firmware} is known to give no readings"
    return f"{text} ({problem})" if problem else text
