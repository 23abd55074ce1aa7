"""The laws of sessions, for an MCU in each of its shapes."""

from collections.abc import Sequence

from hypothesis import strategies as st

from session_laws import SessionLaws
from unclouded.core.sessions.session import Ambient, Out, Session, SessionCommand, WireAction, WireCommand
from unclouded.families.tuya.line.framing import Frame
from unclouded.families.tuya.wifi.mcu.mcu import McuOptions, ScheduledQuestion, wifi_mcu

SAYINGS = [bytes(Frame(0, command)) for command in (0, 1, 2, 8)] + [
    bytes(Frame(0, 3, b"\x04")),
    bytes(Frame(0, 6, bytes.fromhex("0101000101"))),
    bytes(Frame(0, 6, bytes.fromhex("010100010113020004000002a1"))),
    bytes(Frame(0, 0x72, b"\x02")),
    bytes(Frame(0, 3, b"\x03")),
    bytes(Frame(0, 6, bytes.fromhex("0702000400000064"))),
    bytes(Frame(0, 0x0A, bytes.fromhex("00000010"))),
    bytes(Frame(0, 0x0B, bytes(4) + bytes(16))),
    bytes(Frame(0, 0x0B, bytes.fromhex("00000010"))),
    bytes(Frame(0, 0x1C, bytes.fromhex("0119080c0e0a1e03"))),
    bytes(Frame(0, 0x21, b"\x01\x08w.temp.0\x00\x04\x00\x00\x00\x15")),
    bytes(Frame(0, 0x23, b"\x00")),
    bytes(Frame(0, 0x23, b"\x01")),
    bytes(Frame(0, 0x24, b"\xc4")),
    bytes(Frame(0, 0x34, bytes.fromhex("020119080c0e0a1e03"))),
    bytes(Frame(0, 0x34, b"\x05\x02")),
]


class TestMcu(SessionLaws):
    settles_without_a_way = True

    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(McuOptions(increments=frozenset({"17"})))

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from(SAYINGS) | st.binary(max_size=30)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        return st.sampled_from(
            [
                WireCommand({"1": True}),
                WireCommand({"7": 3}),
                WireCommand({"17": 5, "19": 20}),
                WireCommand({"x": 1}),
                WireAction("ask", {"what": "signal"}),
                WireAction("ask", {"what": "record"}),
                WireAction("ask", {"what": "the way"}),
                WireAction("update", {"file": "x"}),
            ]
        )


class TestSlowMcu(TestMcu):
    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(McuOptions(faults=frozenset({"answers-slowly", "asks-after-heartbeats", "restarts"})))


class TestBusyMcu(TestMcu):
    """With all habits and all fields at once."""

    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(
            McuOptions(
                fields={"mt": 5, "n": 1, "ir": "5.12", "low": 1, "ma": [{"t": 10, "v": "1.0.0"}], "sm": 2},
                features={"mcu_ota": 0, "abv": 3, "buf": 1024},
                increments=frozenset({"17"}),
                synced=frozenset({"1", "17"}),
                syncs=True,
                habits=(
                    ScheduledQuestion("time", every_s=30.0),
                    ScheduledQuestion("signal", "heartbeat"),
                    ScheduledQuestion("weather"),
                ),
            )
        )


class TestPolledMcu(TestMcu):
    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(McuOptions(polled=True, old_product=True, increments=frozenset({"17"})))


class TestMumblingMcu(TestMcu):
    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(
            McuOptions(
                faults=frozenset(
                    {"sends-shifted-pieces", "changes-in-steps", "sends-version-1-events", "sends-stray-bytes"}
                )
            )
        )


class TestHardOfHearingMcu(TestMcu):
    def make(self, ambient: Ambient) -> Session:
        faults = frozenset(
            {
                "pauses-after-burst",
                "loses-long-frames",
                "interleaves-frames",
                "ignores-all-until-status-04",
                "restarts-during-update",
            }
        )
        return wifi_mcu(McuOptions(faults=faults))


class TestDeafMcu(TestMcu):
    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(McuOptions(faults=frozenset({"ignores-heartbeats", "stops-after-long-frame"})))


class TestNoMcu(TestMcu):
    def make(self, ambient: Ambient) -> Session:
        return wifi_mcu(McuOptions(faults=frozenset({"echoes-input"})))

    def spoken(self, outs: Sequence[Out]) -> object:
        return b"".join(out.data for out in outs)
