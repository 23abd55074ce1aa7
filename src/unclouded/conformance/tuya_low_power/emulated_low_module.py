"""The module that we play against the MCU of a battery device: always on, as a module is once its MCU switched it on.

    asleep ──01 every 2 s; it answers, or sends anything──► awake: 02 03, 02 04, and answers to what it asks and reports

Source: docs/protocols/tuya_low_power.md §2, §3.
"""

from datetime import UTC, datetime

from unclouded.conformance.check import PersonTask
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import AnsweringEnd, Answers, AnswerTo, Line, acknowledged, is_command, units_of
from unclouded.conformance.tuya.line_checks import TuyaQuestion
from unclouded.families.tuya.low_power import codes

PRODUCT = TuyaQuestion(codes.PRODUCT)
STATUS = TuyaQuestion(codes.STATUS, b"\x02")  # no router: nothing comes of it
SHORT_S = 5.0  # that any device is awake without a network; ours
PROBE_S = 2.0  # docs/protocols/tuya_low_power.md §2.2
NO_ROUTER, ROUTER, CLOUD = 2, 3, 4
WAKE_S = 120.0  # that a person has to wake it
WAKE = PersonTask("wake", "Wake the device now: press its button, or change what it measures.")
SESSION_S = 90.0
ASLEEP_S = 6.0  # without an answer to 01: it sleeps
LATE_S = 0.3  # after the last acknowledgement: is it still awake?
HEADS = {codes.REPORT: 0, codes.RECORD: 7}  # bytes before the data points of a report


class EmulatedLowModule(AnsweringEnd):
    """``result``: of reports. ``cached``: data points that wait for the device. ``points``: what it reported, by id.

    ``awake_s``: how long after it woke it is used without a network. ``late``: when 01 was sent shortly after an
    acknowledgement. ``acknowledged``, ``slept``: by recording, the network states without an answer, and whether it
    slept at the end.
    """

    def __init__(self, line: Line) -> None:
        self.points: dict[int, tuple[int, bytes]] = {}
        self.question = PRODUCT
        self.woke_at = 0.0
        self.awake_s = SHORT_S
        self.acknowledged: dict[str, list[int]] = {}
        self.slept: dict[str, bool] = {}
        self._never_sleeps = False
        self.late: list[float] = []
        super().__init__(line, 0)

    def reset(self) -> None:
        super().reset()
        self.result = 0
        self.cached: tuple[tuple[int, int, bytes], ...] = ()
        self.probes_late = False

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is not None and frame.command in HEADS:
            self.points |= {id: (type, value) for id, type, value in units_of(frame.payload[HEADS[frame.command] :])}
        super().received(entry)
        if frame is not None and frame.command in HEADS and self.probes_late and not self.is_silent:
            self.late.append(self.line.now + LATE_S)
            self.send(codes.PRODUCT, after=LATE_S)

    def answers(self) -> dict[int, AnswerTo]:
        return {
            codes.RESET: acknowledged(codes.RESET),
            codes.RESET_MODE: acknowledged(codes.RESET_MODE),
            codes.REPORT: lambda data: ((codes.REPORT, bytes((self.result,))),),
            codes.RECORD: lambda data: ((codes.RECORD, bytes((self.result,))),),
            codes.TIME: lambda data: ((codes.TIME, self.time()),),
            codes.TEST: lambda data: ((codes.TEST, b"\x01\x50"),),
            codes.SIGNAL: lambda data: ((codes.SIGNAL, b"\x01\x50"),),
            codes.MODULE_UPDATE: lambda data: ((codes.MODULE_UPDATE, b"\x01"),),
            codes.UPDATE: lambda data: ((codes.UPDATE, b"\x01"),),
            codes.CACHE: self._cache,
        }

    def time(self) -> bytes:
        """Payload of 06. Our local time is GMT."""
        at = datetime.fromtimestamp(self.line.unix(), UTC)
        return bytes((1, at.year - 2000, at.month, at.day, at.hour, at.minute, at.second, at.isoweekday()))

    def _cache(self, data: bytes) -> Answers:
        waiting, self.cached = self.cached, ()
        units = b"".join(bytes((id, type)) + len(value).to_bytes(2) + value for id, type, value in waiting)
        return ((codes.CACHE, bytes((1, len(waiting))) + units),)

    # --- scripts -----------------------------------------------------------------------------------

    def is_awake(self) -> Script[bool]:
        """Does it answer 01, or 02 where it does not answer 01?"""
        for question in (PRODUCT, PRODUCT, STATUS):
            self.send(question.command, question.payload)
            if (yield from self.line.wait_for(question.is_answer, 1.0)) is not None:
                self.question = question
                return True
        return False

    def wake(self) -> Script[None]:
        """01 and 02 in turn until one is answered. The person is asked to wake it."""
        if (yield from self.is_awake()):
            return
        self.line.advise(WAKE)
        until = self.line.now + WAKE_S
        while self.line.now < until:
            if (yield from self.is_awake()):
                self.woke_at = self.line.now
                return
        if not self.slept:
            self.line.end_run(f"The device answered, and then it did not wake within {WAKE_S:g} s.")
        self.line.skip(f"It did not wake within {WAKE_S:g} s.")

    def wake_anew(self) -> Script[None]:
        """As ``wake``; one that has been awake for most of its time is left to sleep before."""
        if self.line.now > self.woke_at + self.awake_s and not self._never_sleeps:
            yield from self.sleep()
        yield from self.wake()

    def sleep(self) -> Script[bool]:
        """Wait until it sleeps. Its result: does it?"""
        until = self.line.now + SESSION_S
        while self.line.now < until:
            quiet = yield from self.line.wait_for(lambda entry: entry.frame is not None, ASLEEP_S)
            if quiet is None and not (yield from self.is_awake()):
                return True
        self._never_sleeps = True
        return False

    def connect(self, *states: int) -> Script[list[int]]:
        """Network states, one after the other. Its result: those that were not acknowledged."""
        missing = []
        for status in states:
            self.send(codes.STATUS, bytes((status,)))
            if (yield from self.line.wait_for(is_command(codes.STATUS), 1.0)) is None:
                missing.append(status)
            yield from self.line.pause(1.0)
        return missing
