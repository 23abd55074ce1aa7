"""The laws of sessions, for modules in the middle of an update; and what a simulated MCU makes of any packets."""

from collections.abc import Mapping, Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from session_laws import SessionLaws
from unclouded.core.sessions.session import (
    Advanced,
    Ambient,
    Answer,
    AskBlock,
    Asked,
    AskFile,
    Event,
    LinkPath,
    Refusal,
    Session,
    SessionCommand,
    Settled,
    WireAction,
    WireCommand,
)
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings
from unclouded.families.tuya.update.messages import UpdateBlock, UpdateStart
from unclouded.families.tuya.update.receiver import UPDATE_FAULTS, UpdateTarget
from unclouded.families.tuya.wifi.module.module import WifiSettings, wifi_module
from unclouded.families.tuya.wifi.update_kinds import WIFI_KINDS
from wrapped_session import Wrapped

FILE = bytes(range(256)) * 12


def mcu(command: int, payload: bytes = b"") -> bytes:
    return bytes(Frame(3, command, payload))


def low(command: int, payload: bytes = b"") -> bytes:
    return bytes(Frame(0, command, payload))


PRODUCT = b'{"p":"abcdefgh12345678","v":"1.0.0"}'
NEWER = b'{"p":"abcdefgh12345678","v":"1.0.1"}'


class Updating(Wrapped):
    """A session whose hub has a file, and which is in the middle of sending it each time it comes up."""

    def __init__(self, inner: Session, start: Sequence[bytes], gap: float) -> None:
        super().__init__(inner)
        self._start, self._gap = start, gap
        self._own: set[int] = set()
        self._received = 0  # bytes, at the starts
        self.settled: list[int] = []

    def up(self, path: LinkPath, now: float) -> Sequence[Event]:
        """The start of the conversation was a moment ago."""
        then = now - 0.5
        events = [*self._noted(self.inner.up(path, then), then)]
        for said in self._start:
            then += self._gap
            events += self._noted(self.inner.tick(then), then)
            self.inner.outgoing(then)
            then += self._gap
            events += self._noted(self.inner.receive(said, then, path.name), then)
            self._received += len(said)
        self.inner.outgoing(then + 0.01)
        self._own.add(self.inner.submit(WireAction("update", {"file": "new.bin"}), now))
        events += self._noted(self.inner.tick(now), now)
        return events

    def down(self, path: str, reason: str, now: float) -> Sequence[Event]:
        return self._noted(self.inner.down(path, reason, now), now)

    def receive(self, data: bytes, now: float, path: str = "", re: int = 0) -> Sequence[Event]:
        return self._noted(self.inner.receive(data, now, path, re), now)

    def answer(self, id: int, value: Answer | Refusal, now: float) -> Sequence[Event]:
        return self._noted(self.inner.answer(id, value, now), now)

    def tick(self, now: float) -> Sequence[Event]:
        return self._noted(self.inner.tick(now), now)

    def stats(self) -> Mapping[str, float]:
        stats = dict(self.inner.stats())
        return stats | {key: stats[key] - self._received for key in ("bytes_in", "frame_bytes")}

    def _noted(self, events: Sequence[Event], now: float) -> list[Event]:
        """Questions for the file are answered here; what becomes of our own update is for us to count."""
        reported: list[Event] = []
        for event in events:
            match event:
                case Asked(id=id, question=AskFile()):
                    reported += self._noted(self.inner.answer(id, {"size": len(FILE), "md5": ""}, now), now)
                case Asked(id=id, question=AskBlock(offset=offset, size=size)):
                    reported += self._noted(self.inner.answer(id, FILE[offset : offset + size], now), now)
                case Settled(ticket=ticket) if ticket in self._own:
                    self.settled.append(ticket)
                    assert len(self.settled) == len(set(self.settled)), "an update settled twice"
                case Advanced(ticket=ticket) if ticket in self._own:
                    assert ticket not in self.settled, "an update went on after its end"
                case _:
                    reported.append(event)
        return reported


COMMANDS: list[SessionCommand] = [
    WireCommand({"1": True}),
    WireAction("update", {"file": "new.bin"}),
    WireAction("dance"),
]
SAYINGS = [
    *(mcu(0x0A, bytes((code,))) for code in (0, 1, 2, 9)),
    *(mcu(0x0B),) * 6,
    mcu(0x0A),
    mcu(0x0B, b"\1"),
    mcu(0x31, b"\0"),
    mcu(0x32),
    mcu(0, b"\0"),
    mcu(0, b"\1"),
    mcu(1, PRODUCT),
    mcu(1, NEWER),
    mcu(3),
    mcu(7, bytes.fromhex("0101000101")),
    mcu(0x1C),
]
LOW_SAYINGS = [
    *(low(0x0D), low(0x0D)),
    *(low(0x0E),) * 6,
    low(1, PRODUCT),
    low(1, NEWER),
    low(2),
    low(5, bytes.fromhex("0101000101")),
    low(6),
    low(0x0C),
]


class TestModuleThatUpdates(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        start = [mcu(0, b"\0"), mcu(1, PRODUCT), mcu(2), mcu(3), mcu(3), mcu(7, bytes.fromhex("0101000100"))]
        return Updating(wifi_module(WifiSettings(), ambient), start, 0.04)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(SAYINGS) | st.sampled_from(SAYINGS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from(COMMANDS)

    def test_the_update_is_under_way_when_the_laws_begin(self) -> None:
        run = self._up()
        assert [out.data[3] for out in run.outs if out.data[3] == 0x0A] == [0x0A]


class TestBatteryModuleThatUpdates(SessionLaws):
    def make(self, ambient: Ambient) -> Session:
        start = [low(1, PRODUCT), low(2), low(2), low(5, bytes.fromhex("0101000100"))]
        settings = LineSettings(awake_s=20.0)
        return Updating(low_module(settings, ambient), start, 0.05)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(LOW_SAYINGS) | st.sampled_from(LOW_SAYINGS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from(COMMANDS)

    def test_the_update_is_under_way_when_the_laws_begin(self) -> None:
        run = self._up()
        assert [out.data[3] for out in run.outs if out.data[3] == 0x0D] == [0x0D]


# --- the MCU ----------------------------------------------------------------------------------------

PACKETS = st.builds(
    UpdateStart, st.sampled_from((0x0A, 0x31, 0x0D)), st.sampled_from((0, 10, 20, 2**32 - 1))
) | st.builds(
    UpdateBlock,
    st.sampled_from((0x0B, 0x32, 0x0E)),
    st.sampled_from((0, 10, 20, 2**32 - 1)),
    st.sampled_from((b"", b"0123456789", b"other data")),
    st.sampled_from((None, 10)),
)


@given(st.lists(PACKETS, max_size=20), st.sets(st.sampled_from(sorted(UPDATE_FAULTS)), max_size=2))
@settings(max_examples=200, deadline=None)
def test_whatever_packets_come_an_mcu_writes_each_byte_once_and_no_more_than_was_promised(
    packets: list[UpdateStart | UpdateBlock], faults: set[str]
) -> None:
    target = UpdateTarget("1.0.0", WIFI_KINDS.values(), faults)
    promised = 0
    for packet in packets:
        before, version = target.data, target.version
        received_lines = target.received(packet)
        assert received_lines is not None
        if isinstance(packet, UpdateStart):
            promised = packet.size if received_lines.answer is not None else promised
        elif before != target.data:
            assert target.data == before + packet.data and packet.offset == len(before)
        assert len(target.data) <= promised
        assert not (received_lines.restarts and not isinstance(packet, UpdateBlock))
        if target.version != version:
            assert received_lines.restarts and target.is_whole and len(before) == promised
            assert "keeps-old-version" not in faults


def test_an_end_that_is_sent_twice_restarts_it_once() -> None:
    target = UpdateTarget("1.0.9", WIFI_KINDS.values())
    target.received(UpdateStart(0x0A, 3))
    target.received(UpdateBlock(0x0B, 0, b"abc"))
    first, second = (target.received(UpdateBlock(0x0B, 3)) for _ in range(2))
    assert first and second and first.restarts and not second.restarts and second.answer == first.answer
    assert target.version == "1.0.10"


def test_half_an_update_is_lost_with_a_restart() -> None:
    target = UpdateTarget("1.0.0", WIFI_KINDS.values())
    target.received(UpdateStart(0x0A, 6))
    target.received(UpdateBlock(0x0B, 0, b"abc"))
    target.restarted()
    received_lines = target.received(UpdateBlock(0x0B, 3, b"def"))
    assert received_lines and received_lines.answer is None and not target.is_whole


def test_other_frames_are_none_of_its_business() -> None:
    from unclouded.families.tuya.messages import Bare

    assert UpdateTarget("1.0.0", WIFI_KINDS.values()).received(Bare(0)) is None
