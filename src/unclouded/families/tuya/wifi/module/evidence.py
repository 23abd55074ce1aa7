"""What an MCU has answered and sent since the module looks for it, and why the start cannot go on, as text.

    nothing · only noise · only what was sent to it · frames, but no answer          no MCU is found
    product info answered, heartbeats and working mode not                           a step of the start is stuck

Each cause is reported once; a new one renews the text. Source: docs/protocols/tuya_wifi.md §2.3.2; the texts are ours.
"""

from collections import Counter

HEARTBEATS = "heartbeats"
PRODUCT, MODE, STATUS, QUERY = "product info", "working mode", "network status", "query"
REPORTS = "reports"  # that may have been requested, or not
ORDER = (HEARTBEATS, PRODUCT, MODE, STATUS, QUERY)
COUNTED = ("frames_in", "echoes", "noise_bytes")

NOTHING, NOISE, ECHO, FRAMES = "nothing", "noise", "echo", "frames"  # causes, where no MCU is found
NO_ANSWERS = "The MCU sends frames, but answers neither heartbeats nor product info"


class StartEvidence:
    """Of one MCU on one connection. ``counts``: those of the whole end."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts
        self.reset()

    def reset(self, is_reported: bool = False) -> None:
        """The module begins to look for an MCU. ``is_reported``: that there is none is known already."""
        self._before = {name: self._counts[name] for name in COUNTED}
        self._asked: set[str] = {HEARTBEATS}
        self._answered: set[str] = set()
        self._reported = NOTHING if is_reported else ""

    # --- what happens ------------------------------------------------------------------------------

    def begin_start(self) -> None:
        """The steps are asked again."""
        self._asked = {HEARTBEATS}
        self._answered &= {HEARTBEATS}

    def asked(self, what: str) -> None:
        """This step of the start was sent (``what``: one of ORDER)."""
        self._asked.add(what)

    def answered(self, what: str) -> None:
        """This was answered, or values were reported (``what``: one of ORDER, or REPORTS)."""
        self._answered.add(what)

    def stopped(self, what: str) -> None:
        """It answers this no longer."""
        self._answered.discard(what)

    def has_answered(self, *any_of: str) -> bool:
        """Whether at least one of these was answered since the start began."""
        return not self._answered.isdisjoint(any_of)

    def is_usable(self) -> None:
        """If it gets stuck again, that is to be reported again."""
        self._reported = ""

    # --- texts, "" = this was reported already --------------------------------------------------------

    def not_found(self, held: int) -> str:
        """Neither heartbeats nor product info are answered. ``held``: bytes that are not a frame yet."""
        frames, echoes, noise = (self._counts[name] - self._before[name] for name in COUNTED)
        noise += held
        if frames > echoes:
            return self._renewed(FRAMES, NO_ANSWERS)
        if echoes:
            return self._renewed(ECHO, "What is sent comes straight back: TX and RX are joined, and no MCU answers")
        if noise:
            text = f"Only noise comes from the MCU ({noise} bytes): is the baud rate right (9600 or 115200)?"
            return self._renewed(NOISE, text)
        return self._renewed(
            NOTHING, "The MCU does not answer heartbeats: is it powered, are RX and TX the right way round?"
        )

    def stuck(self) -> str:
        """``The MCU answers product info but not heartbeats or working mode``."""
        answered = [what for what in ORDER if what in self._answered]
        if not answered:
            return NO_ANSWERS
        missing = [what for what in ORDER if what in self._asked - self._answered]
        more = "; it reports values" if REPORTS in self._answered else ""
        return f"The MCU answers {_joined(answered, 'and')} but not {_joined(missing, 'or')}{more}"

    def stuck_anew(self) -> str:
        """As ``stuck``; "" where the same was reported last."""
        text = self.stuck()
        return self._renewed(text, text)

    def _renewed(self, cause: str, text: str) -> str:
        is_new, self._reported = cause != self._reported, cause
        return text if is_new else ""


def _joined(names: list[str], last: str) -> str:
    head = ", ".join(names[:-1])
    return f"{head} {last} {names[-1]}" if head else "".join(names)
