"""What the rest of the hub sees: the family, its decoder, its profiles, its captures."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import unclouded
from families.emporia.emporia_examples import CODE, E1_TO_E6, E17, E18, E21, WATTS, WH
from unclouded.core.family import Piece
from unclouded.core.profile import Profile, load_profile
from unclouded.families.emporia import FAMILY
from unclouded.families.emporia.frame import response

CAPTURES = Path(__file__).parents[2] / "captures" / "emporia"
PROFILES = Path(unclouded.__file__).parent / "profiles" / "emporia"


def decoded(data: bytes, sender: str | None = None) -> list[Piece]:
    decoder = FAMILY.decoder(sender)  # type: ignore[arg-type]
    return [*decoder.feed(data), *decoder.close()]


def profile(name: str) -> Profile:
    text = (PROFILES / f"{name}.toml").read_text(encoding="utf-8")
    return load_profile(text, name, lambda family: FAMILY.settings if family == "emporia" else None)


def test_a_reading_is_named_and_has_its_fields() -> None:
    (piece,) = decoded(E1_TO_E6[0])
    assert (piece.kind, piece.sender, piece.command, piece.name) == ("frame", "device", "r", "meter reading")
    assert piece.message == {
        "import_Wh": 152_468_871,
        "export_Wh": 9_901_082,
        "demand_W": 1191,
        "multiplier": 1,
        "divisor": 1000,
        "sequence": 0x48,
    }


def test_a_meter_without_export_shows_the_reason() -> None:
    (piece,) = decoded(response("r", E18))
    assert piece.message is not None and piece.message["export_Wh"] is None
    assert piece.message["missing"] == {"export_Wh": "unsupported attribute (status 0x86)"}


def test_the_documented_example_is_a_mac() -> None:
    (piece,) = decoded(E21)
    assert piece.message == {"mac": "88:77:66:55:44:33:22:11"}


def test_an_install_code_is_checked_and_not_shown() -> None:
    (piece,) = decoded(response("i", CODE))
    assert piece.message == {"install_code": "valid"}


def test_mixed_requests_and_responses_have_their_senders() -> None:
    pieces = decoded(b"$r\r" + E1_TO_E6[0] + b"SeIhd>\r\n$m\r" + E21)
    assert [piece.sender for piece in pieces] == ["controller", "device", None, "controller", "device"]
    assert [piece.offset for piece in pieces] == [0, 3, 52, 60, 63]


def test_a_truncated_reading_shows_its_defect() -> None:
    (piece,) = decoded(response("r", E17[:20]))
    assert piece.reason == "attribute 0x0001 is cut short"
    (piece,) = decoded(response("r", b"\x18"))
    assert piece.message is None


@given(st.lists(st.sampled_from([*E1_TO_E6, b"$r\r", b"text\r\n", b"$"]) | st.binary(max_size=30), max_size=8))
@settings(max_examples=50, deadline=None)
def test_pieces_add_up_to_the_input(parts: list[bytes]) -> None:
    data = b"".join(parts)
    pieces = decoded(data)
    assert b"".join(piece.data for piece in pieces) == data
    assert json.dumps([dict(piece.message) for piece in pieces if piece.message])


def test_every_letter_of_the_page_is_in_the_table() -> None:
    assert [row.code for row in FAMILY.commands] == list("rjmifdes")


def test_the_reset_needs_a_confirmation() -> None:
    show, reset = FAMILY.actions
    assert "provisioned it again" in reset.danger
    assert "secret" in show.danger


def test_the_generic_profile_has_imported_and_exported_energy_and_power() -> None:
    found = profile("vue_utility")
    assert {row.wire: row.point.key for row in found.points} == {
        "import": "energy_import_Wh",
        "export": "energy_export_Wh",
        "demand": "power_W",
    }
    assert found.session == FAMILY.settings(poll_s=15)
    assert FAMILY.generic == found.name
    assert FAMILY.sim_kinds["mgm111"].name in found.products


def test_a_register_that_runs_backwards_fills_the_export() -> None:
    found = profile("net_metering")
    row = found.by_key("energy_import_Wh")
    assert row is not None and (row.counter, row.falls_to) == ("net", "energy_export_Wh")
    assert found.by_key(row.falls_to) is not None


# --- captures -----------------------------------------------------------------------------------------


def lines(name: str) -> list[dict[str, Any]]:  # Any: JSON
    return [json.loads(line) for line in (CAPTURES / name).read_text(encoding="utf-8").splitlines()]


def replayed(name: str) -> list[Piece]:
    head, *rest = lines(name)
    assert head["capture"] == 1 and head["family"] == "emporia"
    decoders = {sender: FAMILY.decoder(sender) for sender in ("controller", "device")}
    pieces = [piece for line in rest for piece in decoders[line["from"]].feed(bytes.fromhex(line["hex"]))]
    return pieces + [piece for decoder in decoders.values() for piece in decoder.close()]


def test_the_sniffed_capture_gives_the_values_of_the_page() -> None:
    readings = [piece.message or {} for piece in replayed("sniffed_v7.jsonl") if piece.sender == "device"]
    assert [reading["import_Wh"] for reading in readings] == list(WH)
    assert [reading["demand_W"] for reading in readings] == list(WATTS)


def test_the_capture_of_a_meter_without_export() -> None:
    (reading,) = [piece.message or {} for piece in replayed("no_export.jsonl") if piece.sender == "device"]
    assert (reading["import_Wh"], reading["export_Wh"], reading["demand_W"]) == (318_458, None, 440)


def test_the_noisy_start_gives_its_frames_and_its_text() -> None:
    pieces = replayed("noisy_start.jsonl")
    assert [piece.command for piece in pieces if piece.sender == "device"] == ["f", "r", "m", "i", "r", "e"]
    assert {piece.reason for piece in pieces if piece.kind == "noise"} >= {"text", "no carriage return at the end"}


@pytest.mark.parametrize("path", sorted(CAPTURES.glob("*.jsonl")), ids=lambda path: path.name)
def test_captures_hold_no_install_code(path: Path) -> None:
    for line in lines(path.name)[1:]:
        data = bytes.fromhex(line["hex"])
        assert FAMILY.redact(line["from"], data) == data
