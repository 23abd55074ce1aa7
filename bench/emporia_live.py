"""Emporia: how fast from bytes to Reported, beside a plain per-byte parser.

    python bench/emporia_live.py [--json] [--frames N] [--rounds N]

Readings of 44 bytes (49 on the wire) at 256-byte reads: the framer alone, the whole host session (framer,
ZCL walker, exact scaling, duplicates, events), the same with log text between the frames, and a parser that
goes byte by byte and reads fixed offsets, in turns in the same run. The median counts. The line itself
carries 235 such frames a second.
"""

import statistics
import time
from collections.abc import Callable

from _common import arguments, report, spin
from unclouded.core.sessions.session import Ambient, LinkPath, Reported
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaFramer, response
from unclouded.families.emporia.host import HostSession, HostSettings
from unclouded.families.emporia.reading import Registers, encode_zcl

READ = 256  # bytes a read
TEXT = b"T00000000:RX len 44, ep 01, clus 0x0702 (Simple Metering) FC 18 seq B7 cmd 01\r\nsMRB len 44\r\n"

Feed = Callable[[bytes], int]  # bytes -> how many readings came out


class PerByteParser:
    """What the known integrations do: a buffer filled byte by byte, then fixed offsets, floats, no resync."""

    def __init__(self) -> None:
        self._message = bytearray()

    def feed(self, data: bytes) -> int:
        found = 0
        for byte in data:
            self._message.append(byte)
            size = len(self._message)
            if size == 1 and byte != 0x24:
                self._message.clear()
            elif size > 4 and size == 5 + self._message[3]:
                found += self._decode(self._message)
                self._message.clear()
        return found

    def _decode(self, message: bytearray) -> bool:
        payload = message[4:-1]
        multiplier, divisor = payload[27], payload[34] | payload[35] << 8
        raw = int.from_bytes(payload[41:44], "little", signed=True)
        self.values = {
            "import": int.from_bytes(payload[7:11], "little") * multiplier * 1000 / divisor,
            "export": int.from_bytes(payload[17:21], "little") * multiplier * 1000 / divisor,
            "demand": raw * multiplier * 1000 / divisor,
        }
        return payload[40] == 0x2A


def framer() -> Feed:
    one = EmporiaFramer()
    return lambda data: sum(isinstance(piece, EmporiaFrame) for piece in one.feed(data, 0.0))


def session() -> Feed:
    one = HostSession(HostSettings(), Ambient(wall=lambda now: now, token=bytes))
    one.up(LinkPath(), 0.0)
    return lambda data: sum(isinstance(event, Reported) for event in one.receive(data, 0.0))


def per_byte() -> Feed:
    return PerByteParser().feed


def readings(count: int) -> list[bytes]:
    return [
        response(
            "r",
            encode_zcl(
                Registers(
                    delivered=152_468_871 + number // 3,
                    received=9_901_082,
                    multiplier=1,
                    divisor=1000,
                    demand=number % 9000 - 2000,
                    sequence=number % 256,
                )
            ),
        )
        for number in range(count)
    ]


def rate(feed: Feed, stream: bytes, count: int) -> float:
    started = time.perf_counter()
    found = sum(feed(stream[at : at + READ]) for at in range(0, len(stream), READ))
    seconds = time.perf_counter() - started
    assert found == count, f"{found} of {count} readings came out"
    return count / seconds


def main() -> None:
    options = arguments(__doc__ or "", frames=20_000, rounds=5)
    before = spin()
    frames = readings(options.frames)
    plain, chatty = b"".join(frames), TEXT.join(frames)
    contestants: dict[str, tuple[Callable[[], Feed], bytes]] = {
        "per_byte_parser": (per_byte, plain),
        "framer": (framer, plain),
        "session": (session, plain),
        "session_with_log_text": (session, chatty),
    }
    rates: dict[str, list[float]] = {name: [] for name in contestants}
    for _ in range(options.rounds):
        for name, (make, stream) in contestants.items():
            rates[name].append(rate(make(), stream, options.frames))
    medians = {name: statistics.median(values) for name, values in rates.items()}
    figures: dict[str, object] = {f"{name}_frames_per_s": round(value) for name, value in medians.items()}
    figures["session_to_per_byte"] = round(medians["session"] / medians["per_byte_parser"], 2)
    figures["framer_to_per_byte"] = round(medians["framer"] / medians["per_byte_parser"], 2)
    report("emporia live", figures, before, options.json)


if __name__ == "__main__":
    main()
