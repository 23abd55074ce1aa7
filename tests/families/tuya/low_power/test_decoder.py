"""A recorded battery line in words: the real session, and a whole simulated one."""

from hypothesis import given
from hypothesis import strategies as st

from pair import Pair, ambient
from unclouded.core.sessions.session import WireCommand
from unclouded.families.tuya.low_power.decoder import low_decoder
from unclouded.families.tuya.low_power.mcu import LowOptions, low_mcu
from unclouded.families.tuya.low_power.module import low_module
from unclouded.families.tuya.settings import LineSettings
from unclouded.hub.readings.naming import ValueNames

SESSION = """
55 aa 00 10 00 01 00 10
55 aa 00 10 00 0a 01 01 11 02 00 04 00 00 00 01 33
55 aa 00 0b 00 02 01 50 5d
55 aa 00 08 00 01 00 08
55 aa 00 05 00 01 00 05
"""


def test_the_real_session_is_decoded() -> None:
    decoder = low_decoder(None)
    pieces = [*decoder.feed(bytes.fromhex(SESSION)), *decoder.close()]
    assert [(piece.sender, piece.name, ValueNames().text(piece)) for piece in pieces] == [
        ("device", "cached settings", 'ids=""'),
        ("controller", "cached settings", "result=1 17 = 1"),
        ("controller", "signal strength", "ok=true percent=80"),
        ("controller", "record report", "code=0"),
        ("controller", "report", "code=0"),
    ]


def test_a_whole_simulated_session_has_a_name_and_fields_for_every_frame() -> None:
    pair = Pair(low_module(LineSettings(), ambient()), low_mcu(LowOptions()))
    pair.submit(WireCommand({"1": True, "2": 87}), "device")
    pair.run(until=30.0)
    for side in ("controller", "device"):
        decoder = low_decoder(side)
        pieces = [*decoder.feed(b"".join(pair.sent_by(side))), *decoder.close()]
        assert all(piece.kind == "frame" and piece.name and piece.message is not None for piece in pieces)
        assert not any(piece.reason for piece in pieces)


@given(st.binary(max_size=80), st.integers(0, 80))
def test_pieces_add_up_to_the_input(sent: bytes, border: int) -> None:
    decoder = low_decoder(None)
    pieces = [*decoder.feed(sent[:border]), *decoder.feed(sent[border:]), *decoder.close()]
    assert b"".join(piece.data for piece in pieces) == sent
