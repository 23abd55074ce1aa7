"""Reading a recorded line between a Wi-Fi module and its MCU."""

import json
from pathlib import Path

from unclouded.core.profile import load_profile
from unclouded.families.tuya import FAMILY_WIFI
from unclouded.families.tuya.line.framing import Frame

CAPTURE = Path(__file__).parents[3] / "captures/tuya/plug_boot.jsonl"
PROFILES = Path(__file__).parents[4] / "src/unclouded/profiles/tuya"


def test_the_recorded_start_of_a_plug_reads_as_a_conversation() -> None:
    head, *lines = [json.loads(line) for line in CAPTURE.read_text().splitlines()]
    assert (head["capture"], head["family"]) == (1, "tuya_wifi")
    names = []
    for line in lines:
        for piece in FAMILY_WIFI.decoder(line["from"]).feed(bytes.fromhex(line["hex"])):
            assert piece.kind == "frame" and piece.reason == ""
            assert piece.message is not None
            names.append((line["from"], piece.name))
    assert names[:10] == [
        (side, name)
        for name in ("heartbeat", "product info", "working mode", "network status")
        for side in ("controller", "device")
    ] + [("controller", "query all"), ("device", "report")]


def test_pieces_add_up_to_the_input_with_noise_between() -> None:
    stream = (
        b"\x00\x01"
        + bytes(Frame(3, 7, bytes.fromhex("13020004000002a1")))
        + b"\x55\xaa\x03"
        + bytes(Frame(0, 0))
        + b"\x55"
    )
    decoder = FAMILY_WIFI.decoder(None)
    pieces = [piece for byte in stream for piece in decoder.feed(bytes((byte,)))]
    pieces += decoder.close()
    assert b"".join(piece.data for piece in pieces) == stream
    assert [piece.offset for piece in pieces] == [sum(len(p.data) for p in pieces[:n]) for n in range(len(pieces))]
    reports = [piece for piece in pieces if piece.command == 7]
    assert reports[0].sender == "device"
    assert reports[0].message == {"points": [{"id": 19, "type": "value", "value": 673}]}


def test_a_sender_is_named_only_where_no_other_is_possible() -> None:
    def sender(frame: Frame) -> object:
        [piece] = FAMILY_WIFI.decoder(None).feed(bytes(frame))
        return piece.sender

    assert sender(Frame(0, 0)) == "controller"
    assert sender(Frame(0, 7, bytes.fromhex("0101000101"))) == "device"
    assert sender(Frame(0, 2)) is None
    assert sender(Frame(3, 2)) == "device"
    assert sender(Frame(0, 0x72)) is None


def test_a_frame_without_a_type_still_has_its_name() -> None:
    [piece] = FAMILY_WIFI.decoder("device").feed(bytes(Frame(3, 0x34, b"\x0c\xff")))
    assert (piece.name, piece.sub, piece.message) == ("serial bus", 12, None)


def test_an_odd_length_is_reported_with_the_frame() -> None:
    [piece] = FAMILY_WIFI.decoder("device").feed(bytes(Frame(3, 7, bytes.fromhex("1302000105"))))
    assert piece.reason == "data point 19: a value of 1 byte"


def test_the_profiles_load_and_know_their_scales() -> None:
    def settings_of(name: str) -> object:
        return FAMILY_WIFI.settings if name == FAMILY_WIFI.name else None

    plug = load_profile((PROFILES / "plug_metering.toml").read_text(), "plug", settings_of)  # type: ignore[arg-type]
    generic = load_profile((PROFILES / "generic.toml").read_text(), "generic", settings_of)  # type: ignore[arg-type]
    counts = {"power_W": 673, "current_A": 84, "voltage_V": 2525}
    values = {row.point.key: row.from_wire(counts[row.point.key]) for row in plug.points if row.point.key in counts}
    assert values == {"power_W": 67.3, "current_A": 0.084, "voltage_V": 252.5}
    assert plug.main == "on" and generic.unknown and generic.name == FAMILY_WIFI.generic


def test_an_old_product_may_have_eight_characters() -> None:
    """esphome/issues#6426."""
    (piece,) = FAMILY_WIFI.decoder("device").feed(bytes.fromhex("55aa0001000d6162636465666768312e302e301e"))
    assert piece.message is not None
    assert (piece.message["product"], piece.message["version"]) == ("abcdefgh", "1.0.0")
