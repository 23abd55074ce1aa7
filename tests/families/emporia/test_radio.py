"""The simulated radio: what it sends, byte by byte, and its faults on demand."""

import pytest
from hypothesis import strategies as st

from families.emporia.emporia_examples import E1_TO_E6
from families.emporia.emporia_pair import measures
from pair import ambient
from session_laws import SessionLaws
from unclouded.core.errors import CommandError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Ambient, LinkPath, Session, SessionCommand, WireAction, WireCommand
from unclouded.families.emporia.frame import EmporiaFrame, EmporiaFramer
from unclouded.families.emporia.install_code import is_valid
from unclouded.families.emporia.radio import RadioSession
from unclouded.families.emporia.radio_faults import FAULTS
from unclouded.families.emporia.reading import parse_reading


def radio_up(*faults: str, seed: int = 1) -> RadioSession:
    radio = RadioSession(SimOptions(seed=seed, faults=frozenset(faults)), ambient())
    radio.submit(measures(), 0.0)
    radio.up(LinkPath(), 0.0)
    radio.tick(0.0)
    return radio


def answers(radio: RadioSession, request: bytes, now: float = 1.0) -> list[tuple[float, bytes]]:
    """Its answers to a request, with the ms that each took."""
    radio.receive(request, now)
    sent: list[tuple[float, bytes]] = []
    at: float | None = now
    while at is not None and at < now + 1:
        sent += [(round((at - now) * 1000), out.data) for out in radio.outgoing(at)]
        radio.tick(at)
        sent += [(round((at - now) * 1000), out.data) for out in radio.outgoing(at)]
        at = radio.deadline()
    return sent


def payload_of(radio: RadioSession, letter: str) -> bytes:
    ((_, data),) = answers(radio, f"${letter}\r".encode())
    (frame,) = EmporiaFramer().feed(data)
    assert isinstance(frame, EmporiaFrame) and frame.type == letter
    return frame.payload


def test_its_reading_is_the_sniffed_one_byte_for_byte() -> None:
    ((_, data),) = answers(radio_up(), b"$r\r")
    sniffed = bytearray(E1_TO_E6[0])
    sniffed[5] = data[5]  # the sequence number
    assert data == bytes(sniffed)


def test_answers_take_85_to_102_ms_and_the_same_each_time_for_a_seed() -> None:
    times = [[answers(radio_up(seed=seed), b"$r\r")[0][0] for seed in range(40)] for _ in range(2)]
    assert times[0] == times[1]
    assert set(times[0]) <= set(range(85, 103))
    assert len(set(times[0])) > 5


def test_its_install_code_has_a_right_check_and_its_mac_is_on_the_label() -> None:
    radio = radio_up()
    assert is_valid(payload_of(radio, "i"))
    assert payload_of(radio, "m")[::-1].hex() == radio.mac


def test_an_old_radio_sends_152_bytes_with_its_uptime() -> None:
    reading = parse_reading(payload_of(radio_up("has-firmware-2"), "r"))
    assert reading.values == {"import": 152_468_871, "demand": 1191}
    assert reading.registers.uptime_ms in range(1085, 1103)


def test_a_meter_that_measures_nothing_yet_gives_no_values() -> None:
    radio = RadioSession(SimOptions(), ambient())
    radio.up(LinkPath(), 0.0)
    assert parse_reading(payload_of(radio, "r")).values == {}


def test_join_is_the_truth_about_provisioning_only() -> None:
    assert payload_of(radio_up(), "j") == b"\x01"
    assert payload_of(radio_up("receives-no-readings"), "j") == b"\x01"
    assert payload_of(radio_up("is-not-provisioned"), "j") == b"\x00"
    assert answers(radio_up("receives-no-readings"), b"$r\r") == []


def test_a_reset_wipes_the_provisioning_and_is_not_answered() -> None:
    radio = radio_up()
    assert answers(radio, b"$d\r") == []
    assert payload_of(radio, "j") == b"\x00"


def test_firmware_8_sends_alerts_unasked() -> None:
    radio = radio_up("has-firmware-8")
    radio.tick(7.0)
    (out,) = radio.outgoing(7.0)
    assert out.data[:4] == b"$\x01e\x01"


@pytest.mark.parametrize("length", [20, 1, 0])
def test_truncated_readings_are_whole_frames(length: int) -> None:
    assert len(payload_of(radio_up(f"truncates-to-{length}"), "r")) == length


def test_log_text_describes_the_answer() -> None:
    text = b"".join(data for _, data in answers(radio_up("sends-log-text"), b"$r\r"))
    assert b"SeIhd>" in text
    assert b"clus 0x0702 (Simple Metering)" in text
    assert b"sMRB len 44\r\n" in text


def test_unknown_faults_are_named_in_the_error() -> None:
    with pytest.raises(CommandError, match="no fault 'gremlins'"):
        RadioSession(SimOptions(faults=frozenset({"gremlins"})), ambient())


@pytest.mark.parametrize(
    "command",
    [
        WireCommand({"voltage": 1}),
        WireCommand({"import": "much"}),
        WireAction("set_fault", {"name": "gremlins"}),
        WireAction("leave"),
    ],
)
def test_invalid_commands_are_the_callers_error(command: WireCommand | WireAction) -> None:
    with pytest.raises(CommandError):
        RadioSession(SimOptions(), ambient()).submit(command, 0.0)


class TestRadioLaws(SessionLaws):
    settles_without_a_way = True
    held_limit = 600
    faults: frozenset[str] = frozenset()

    def make(self, ambient: Ambient) -> Session:
        return RadioSession(SimOptions(faults=self.faults), ambient)

    def traffic(self) -> st.SearchStrategy[bytes]:
        return st.sampled_from([f"${letter}\r".encode() for letter in "rjmifdsx"]) | st.binary(max_size=20)

    def commands(self) -> st.SearchStrategy[SessionCommand]:
        switched = st.builds(
            lambda name, state: WireAction("set_fault", {"name": name, "state": state}),
            st.sampled_from(sorted(FAULTS)),
            st.sampled_from(["on", "off"]),
        )
        return switched | st.builds(lambda wh: WireCommand({"import": wh, "demand": -wh}), st.integers(0, 10**9))


class TestNoisyRadioLaws(TestRadioLaws):
    faults = frozenset({"sends-log-text", "sends-twice", "sends-false-headers", "has-firmware-8"})
