"""What is shown of bytes with secrets: nothing that was not there."""

from unclouded.core.family import Piece
from unclouded.core.masking import Masked, Masker, hidden_by, masked
from unclouded.families import family


def test_hidden_bytes_are_dots_and_the_others_stay() -> None:
    shown = masked(b"\x24ab\x0d", b"\0\1\1\0")
    assert (shown.hex(" "), shown.hex(), shown.hex(" ", 2)) == ("24 ·· ·· 0d", "24····0d", "24 ··")
    assert b"ab" not in shown.data
    assert masked(b"\x24*", b"\0\0") == Masked(b"\x24*")  # a star that was there is shown


def test_a_redactor_names_what_it_hides() -> None:
    hidden = hidden_by(lambda sender, data: data.replace(b"key", b"***"))
    assert hidden(None, b"", b"a key") == b"\0\0\1\1\1"
    assert hidden(None, b"", b"plain") == b""


def test_noise_before_a_piece_shows_what_it_is_the_rest_of() -> None:
    """The beginning of a pairing frame, and its end in another piece; a frame of the side ends that."""
    masker = Masker(family("tuya_wifi"))

    def noise(data: bytes) -> Piece:
        return Piece(offset=0, data=data, kind="noise", sender="device")

    assert masker.mask(noise(b'\x55\xaa\0\x2a\0\x40{"p":"hu')).hex() == "55aa002a0040" + "··" * 8
    assert masker.mask(noise(b"nter22")).hex() == "··" * 6
    other = Piece(offset=0, data=b"nter22", kind="noise", sender="controller")
    assert masker.mask(other).hex() == b"nter22".hex()
    masker.mask(Piece(offset=0, data=bytes.fromhex("55aa030000010104"), kind="frame", sender="device"))
    assert masker.mask(noise(b"nter22")).hex() == b"nter22".hex()
