"""The line of a Zigbee module explained."""

from unclouded.core.family import Piece, Sender
from unclouded.families.tuya.zigbee_module.decoder import zigbee_decoder, zigbee_hidden, zigbee_redact
from unclouded.families.tuya.zigbee_module.framing import SequencedFrame

REPORT = bytes(SequencedFrame(2, 6, bytes.fromhex("13020004000001630101000101"), 39))


def decoded(data: bytes, sender: Sender | None = None) -> list[Piece]:
    decoder = zigbee_decoder(sender)
    return [*decoder.feed(data), *decoder.close()]


def test_a_report_has_its_sequence_number_and_its_points() -> None:
    [piece] = decoded(REPORT)
    assert (piece.sender, piece.command, piece.name) == ("device", 6, "report")
    assert piece.values == (("19", 355), ("1", True))
    assert piece.message is not None and piece.message["sequence"] == 39


def test_network_states_have_their_meaning() -> None:
    [piece] = decoded(bytes(SequencedFrame(2, 2, b"\1", 5)), "controller")
    assert piece.message == {"sequence": 5, "status": 1, "means": {"status": "joined"}}


def test_the_time_is_read_as_two_times() -> None:
    [piece] = decoded(bytes(SequencedFrame(2, 0x24, (1_733_386_530).to_bytes(4) + (1_733_390_130).to_bytes(4), 8)))
    assert piece.sender == "controller"
    assert piece.message == {"sequence": 8, "utc": 1_733_386_530, "local": 1_733_390_130}


def test_a_command_without_a_known_layout_keeps_its_name() -> None:
    [piece] = decoded(bytes(SequencedFrame(2, 0x26, bytes(12), 5)), "device")
    assert piece.name == "network parameters" and piece.message is None


def test_frames_are_recorded_as_they_are_and_text_in_noise_is_blanked() -> None:
    assert zigbee_redact("device", REPORT) == REPORT and zigbee_hidden("device", b"", REPORT) == b""
    secret = b'{"ssid":"home","pwd":"12345678"}'
    assert b"12345678" not in zigbee_redact("device", secret)
    assert all(zigbee_hidden("device", b"", secret))
