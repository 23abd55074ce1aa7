"""The MCU that we play against a module under test: it answers the start, reports, and acknowledges.

It does what docs/protocols/tuya_wifi.md §2.3, §2.4 have an MCU do. Scripts change what it is: its product info, its
pins, the version of its frames, and what it leaves unanswered.
"""

from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.tuya.frames import (
    AnsweringEnd,
    Answers,
    AnswerTo,
    Line,
    acknowledged,
    is_command,
    unit,
    units_of,
)
from unclouded.conformance.tuya.line_checks import TuyaQuestion
from unclouded.families.tuya.line.datapoint import BOOL, ENUM, STRING, VALUE
from unclouded.families.tuya.wifi import codes

PRODUCT_ID = "uncloudedconform"  # 16 characters, of no real product
HEARTBEAT_S = 20.0  # until the next heartbeat, at most; docs/protocols/tuya_wifi.md §2.3.2
START_S = 15.0  # for the whole start
BLOCKS_OF_256 = 0  # docs/protocols/tuya_wifi.md §2.4.12
SMALL = 256
MISSED_BLOCK = 2  # the block that is not acknowledged the first time


def product_info(version: str = "1.0.0", more: str = "") -> bytes:
    """The payload of 01, JSON. ``more``: further members as text, with a comma before them."""
    return f'{{"p":"{PRODUCT_ID}","v":"{version}","m":0{more}}}'.encode()


def usual_points() -> dict[int, tuple[int, bytes]]:
    """The data points of the emulated MCU: id -> type and value."""
    return {
        1: (BOOL, b"\0"),
        9: (VALUE, bytes(4)),
        20: (VALUE, b"\0\0\x09\x1e"),
        21: (STRING, b"abc"),
        38: (ENUM, b"\0"),
    }


class EmulatedMcu(AnsweringEnd):
    """``is_started``: the module has gone through its start with us. ``product``, ``pins``, ``features``: as reported.

    ``types``: of data points, as reported last. ``blocks``: the update that the module sends, by offset; ``missed``:
    the offset that was not acknowledged at first. ``restarts_badly``: after a restart of ours its start does not end.
    """

    usual_delay_s = 0.05

    def __init__(self, line: Line) -> None:
        self.is_new = True
        self.is_started = self.restarts_badly = False
        self.points = usual_points()
        self.types = {id: type for id, (type, _) in self.points.items()}
        self.update_size: int | None = None
        self.blocks: list[tuple[int, bytes]] = []
        self.missed: int | None = None
        self.version_text = "1.0.0"
        self.question = TuyaQuestion(codes.NETWORK_QUERY)
        super().__init__(line, 3)

    def reset(self) -> None:
        super().reset()
        self.product = product_info(self.version_text)
        self.pins = b""
        self.features = b""

    def send(self, command: int, payload: bytes = b"", *, after: float = 0.0) -> None:
        if command in (codes.REPORT, codes.SYNC_REPORT):
            self.types |= {id: type for id, type, _ in units_of(payload)}
        super().send(command, payload, after=after)

    def restart(self) -> None:
        """As if it had been switched off and on."""
        self.is_new, self.is_started = True, False

    def received(self, entry: LineEntry) -> None:
        frame = entry.frame
        if frame is not None and not self.is_silent:
            if frame.command == codes.PRODUCT:
                self.is_new = False
            elif frame.command == codes.QUERY:
                self.is_started = True
        super().received(entry)

    def answers(self) -> dict[int, AnswerTo]:
        return {
            codes.HEARTBEAT: self._heartbeat,
            codes.PRODUCT: self._product,
            codes.MODE: lambda data: ((codes.MODE, self.pins),),
            codes.NETWORK: acknowledged(codes.NETWORK),
            codes.SET: self._set,
            codes.QUERY: self._query,
            codes.WEATHER: acknowledged(codes.WEATHER),
            codes.INFRARED: acknowledged(codes.INFRARED),
            codes.EXTENDED: self._extended,
            codes.UPDATE_START: self._update_start,
            codes.UPDATE_BLOCK: self._update_block,
        }

    def _heartbeat(self, data: bytes) -> Answers:
        first, self.is_new = self.is_new, False
        return ((codes.HEARTBEAT, bytes((not first,))),)

    def _product(self, data: bytes) -> Answers:
        more: Answers = ((codes.FEATURES, b"\0" + self.features),) if self.features else ()
        return ((codes.PRODUCT, self.product), *more)

    def _query(self, data: bytes) -> Answers:
        return tuple((codes.REPORT, unit(id, type, value)) for id, (type, value) in self.points.items())

    def _set(self, data: bytes) -> Answers:
        units = units_of(data)
        self.points |= {id: (type, value) for id, type, value in units}
        return tuple((codes.REPORT, unit(*one)) for one in units)

    def _extended(self, data: bytes) -> Answers:
        is_notice = data[:1] in (bytes((codes.TIME_NOTICE,)), bytes((codes.RESET_NOTICE,)))
        return ((codes.EXTENDED, data[:1]),) if is_notice else ()

    # --- an update ---------------------------------------------------------------------------------

    def _update_start(self, data: bytes) -> Answers:
        self.update_size, self.blocks, self.missed = int.from_bytes(data[:4]), [], None
        return ((codes.UPDATE_START, bytes((BLOCKS_OF_256,))),)

    def _update_block(self, data: bytes) -> Answers:
        """The block MISSED_BLOCK is not acknowledged the first time; after the end it restarts with another version."""
        offset = int.from_bytes(data[:4])
        self.blocks.append((offset, data[4:]))
        if offset == MISSED_BLOCK * SMALL and self.missed is None and len(data) > 4:
            self.missed = offset
            return ()
        if len(data) == 4:
            self.version_text = "1.0.1"
            self.product = product_info(self.version_text)
            self.restart()
        return ((codes.UPDATE_BLOCK, b""),)

    # --- scripts -----------------------------------------------------------------------------------

    def begin_again(self) -> Script[bool]:
        """Restart; the module is to begin its start, with 01. The 00 goes out at once, and with the next answer."""
        self.restart()
        self.send(codes.HEARTBEAT, b"\0")
        found = yield from self.line.wait_for(is_command(codes.PRODUCT), HEARTBEAT_S)
        return found is not None

    def start(self) -> Script[bool]:
        """Restart, and wait until the start is over. Its result: is it?"""
        if not (yield from self.begin_again()):
            return False
        done = yield from self.line.wait_for(is_command(codes.QUERY), START_S)
        yield from self.line.pause(1.0)
        return done is not None
