"""What the console prints: lines, the log and the driver's lines in between, with the faults of the line.

A line of 115200 baud carries 11,520 bytes a second. They are not held back, but counted: where more than that is asked
for over some time, the shell no longer takes commands (``is_overrun``), as a board loses what it has no time to read.
"""

from collections.abc import Callable, Sequence

from unclouded.core.sessions.session import Out
from unclouded.core.sessions.session_parts import FaultSwitches, SendQueue
from unclouded.families.meross.console.plug.baud_error import at_half_rate
from unclouded.families.meross.console.wire.commands import PROMPT
from unclouded.families.meross.console.wire.log_line import ConsoleLogLine
from unclouded.families.meross.plug.simulated_plug import SimulatedPlug

BYTES_PER_S = 11_520
AHEAD_S = 20.0  # of output that may be asked for before its time
CUT_EVERY, NOISE_EVERY, BETWEEN_EVERY = 7, 4, 3  # lines of answers, with the faults of these names
SHORTEST_CUT = 20  # characters of a line that is cut
CUT_BY = "[T wifi C: erro"  # as in the published transcript
MOST_NOISE = 19  # bytes
NEW_LINE = "\r\n"


class ShellOutput:
    """``path``: the name of the console's path, while it is up. ``token``: so many random bytes."""

    def __init__(self, plug: SimulatedPlug, faults: FaultSwitches, token: Callable[[int], bytes]) -> None:
        self.path: str | None = None
        self._plug = plug
        self._faults = faults
        self._token = token
        self._queue = SendQueue()
        self._busy_until = 0.0
        self._lines = 0  # of answers
        self._commands = 5  # the number of the driver's newest command

    def echo(self, data: bytes, now: float) -> None:
        """Prints typed bytes back, unless the fault ``echoes-nothing`` is on."""
        if "echoes-nothing" not in self._faults:
            self._put(data, now)

    def text(self, text: str, at: float) -> None:
        """One line, whatever the faults."""
        self._put(f"{text}{NEW_LINE}".encode("utf-8", "replace"), at)

    def answer(self, lines: Sequence[str], now: float) -> None:
        """Prints lines with what faults do to them: noise, log lines in between, a cut each few lines."""
        for line in lines:
            self._lines += 1
            self._disturb(now)
            cuts = "cuts-lines" in self._faults and self._lines % CUT_EVERY == 0 and len(line) >= SHORTEST_CUT
            self.text(line[: len(line) // 2] + CUT_BY if cuts else line, now)

    def prompt(self, now: float) -> None:
        """Prints the prompt; a line may be typed then."""
        self._put(PROMPT.encode(), now)

    def log(self, module: str, function: str, number: int, text: str, now: float, level: str = "info") -> None:
        """Prints a line of the plug's log, with the milliseconds since its start."""
        at_ms = int(self._plug.clock.uptime(now) * 1000)
        self.text(str(ConsoleLogLine(at_ms, module, level, function, number, text)), now)

    def driver_command(self, id: int) -> str:
        """A line of the Wi-Fi driver: a command to the chip."""
        number, self._commands = self._commands, (self._commands + 1) % 0x100
        return f"cmd id {id:#04x} -- 0x0 seq {number:#x}"

    def restart(self, now: float) -> None:
        """The driver begins again; what was to be printed later is not printed any more."""
        self._commands = 5
        printed = self._queue.take(now)
        self._queue.drop(self.path or "")
        for out in printed:
            self._queue.put(out, now)

    def is_overrun(self, now: float) -> bool:
        """Whether more was printed than the baud rate lets out in AHEAD_S."""
        return self._busy_until - now > AHEAD_S

    def down(self) -> None:
        """No one reads any more."""
        self._queue.drop(self.path or "")
        self.path = None

    def release(self, now: float) -> None:
        """What is due by now waits for ``take`` only."""
        self._queue.release(now)

    def take(self, now: float) -> list[Out]:
        """What is on the line by now; drained by the call."""
        return self._queue.take(now)

    def deadline(self) -> float | None:
        """When the next text is printed, in monotonic seconds; None = none waits."""
        return self._queue.deadline()

    # --- inside --------------------------------------------------------------------------------

    def _disturb(self, now: float) -> None:
        """What stands before a line of an answer, with faults."""
        if "sends-noise" in self._faults and self._lines % NOISE_EVERY == 0:
            self._put(self._token(1 + self._token(1)[0] % MOST_NOISE), now)
        if "interleaves-log" in self._faults and self._lines % BETWEEN_EVERY == 0:
            self.text(self.driver_command(0xD6), now)
            self.log("wifi", "wifi_link_check", 77, "beacon lost", now, "warning")

    def _put(self, data: bytes, at: float) -> None:
        self._busy_until = max(self._busy_until, at) + len(data) / BYTES_PER_S
        if self.path is None or "sends-nothing" in self._faults:
            return
        self._queue.put(Out(at_half_rate(data) if "uses-wrong-baud" in self._faults else data, path=self.path), at)
