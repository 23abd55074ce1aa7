"""`decode`, `replay` and `commands` on recorded and on hand-made input."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result

from unclouded import families
from unclouded.cli import cli
from unclouded.cli.decode import CHUNK, decoded, summarise
from unclouded.families.tuya.frame import Frame

CAPTURES = Path(__file__).parent.parent / "captures"
RADIO = sorted((CAPTURES / "emporia").glob("*.jsonl"))
PLUG = CAPTURES / "tuya" / "plug_boot.jsonl"


def run(*words: str, stdin: bytes = b"") -> Result:
    return CliRunner().invoke(cli, list(words), input=stdin, catch_exceptions=False)


def lines(*words: str, stdin: bytes = b"") -> list[dict[str, object]]:
    done = run(*words, "--json", stdin=stdin)
    assert done.exit_code == 0, done.output
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_hex_from_a_pipe_is_decoded_and_lengths_add_up() -> None:
    text = b"55 aa 03 00 00 01 00 03  ff ff  55 aa 03 07 00 08 05 02 00 04 00 00 00 1e 3a"
    heartbeat, noise, report = lines("decode", "--family", "tuya_wifi", "-", stdin=text)
    assert (heartbeat["kind"], heartbeat["command"], heartbeat["sender"]) == ("frame", 0, "device")
    assert (noise["kind"], noise["length"], noise["hex"]) == ("noise", 2, "ffff")
    assert report["message"] == {"points": [{"id": 5, "type": "value", "value": 30}]}
    assert [one["offset"] for one in (heartbeat, noise, report)] == [0, 8, 10]


def test_raw_bytes_are_taken_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "line.bin"
    file.write_bytes(bytes.fromhex("24016d0811223344556677880d") + b"SeIhd>\r\n")
    frame, text = lines("decode", "--family", "emporia", str(file))
    assert (frame["command"], frame["family"]) == ("m", "emporia")
    assert text["reason"] == "text"


@pytest.mark.parametrize("capture", RADIO, ids=lambda path: path.stem)
def test_recorded_radios_are_decoded_to_the_last_byte(capture: Path) -> None:
    said = [json.loads(line) for line in capture.read_text().splitlines()[1:]]
    length = sum(len(bytes.fromhex(one["hex"])) if "hex" in one else len(one["text"]) for one in said)
    assert sum(int(str(one["length"])) for one in lines("decode", "--family", "emporia", str(capture))) == length


def test_a_recorded_plug_tells_its_readings() -> None:
    readings = lines("replay", str(PLUG), "--device", "plug")
    assert {"on", "power_W", "voltage_V"} <= {one["point"] for one in readings}
    assert all(one["device"] == "plug" for one in readings)
    assert "power_W" in run("replay", str(PLUG)).stdout


def test_totals_are_counted() -> None:
    (totals,) = lines("decode", "--family", "tuya_wifi", "--summary", str(PLUG))
    assert totals["frames"] and totals["noise_bytes"] == 0
    assert "frames" in run("decode", "--family", "tuya_wifi", "--summary", str(PLUG)).stdout


def long_line(frames: int) -> bytes:
    """Reports, heartbeats, commands with sub-commands, some nobody knows, and one frame in fifty damaged."""
    rng = random.Random(8)
    kinds = [Frame(3, 7, bytes.fromhex("13020004000002a1")), Frame(3, 0, b"\x01"), Frame(0, 0x34, b"\x04")]
    kinds += [Frame(0, 0x34, b"\x0b\x00"), Frame(0, 0x34), Frame(0, 0x7F, b"?"), Frame(0, 0x37, b"\x63"), Frame(0, 6)]
    line = bytearray()
    for _ in range(frames):
        frame = bytearray(bytes(rng.choice(kinds)))
        if rng.random() < 0.02:
            frame[rng.randrange(len(frame))] ^= 1 << rng.randrange(8)
        line += frame
    return bytes(line)


def as_hex(line: bytes) -> bytes:
    return line.hex(" ").encode()


def as_capture(line: bytes) -> bytes:
    """Both sides in turns, reads of 50 bytes, and now and then a silence."""
    rng = random.Random(9)
    rows = ['{"capture": 1, "family": "tuya_wifi", "started": "2026-11-20T12:00:00.000Z"}']
    t = 0.0
    for at in range(0, len(line), 50):
        t = round(t + rng.choice((0.01, 0.02, 0.5)), 3)
        sender = rng.choice(("device", "controller"))
        rows.append(json.dumps({"t": t, "from": sender, "hex": line[at : at + 50].hex()}))
    return "\n".join(rows).encode()


@pytest.mark.parametrize("family", ["tuya_wifi", "tuya_gateway"])
@pytest.mark.parametrize(
    "form", [bytes, lambda line: line.hex(" ").encode(), as_capture], ids=["raw", "hex", "capture"]
)
def test_a_long_recording_has_the_totals_of_its_pieces(family: str, form: Callable[[bytes], bytes]) -> None:
    """The fast way counts what decoding piece by piece counts."""
    stdin = form(long_line(12_000))
    assert len(stdin) > CHUNK
    (totals,) = lines("decode", "--family", family, "--summary", "-", stdin=stdin)
    slow = summarise(decoded(families.family(family), io.BytesIO(stdin), None, "auto"))
    assert totals == msgspec.to_builtins(slow)
    assert list(totals["by_command"]) == list(slow.by_command)  # type: ignore[call-overload]  # JSON
    assert slow.frames > 5_000 and slow.noise_bytes > 1_000


def test_secrets_are_blanked_before_they_are_printed() -> None:
    code = bytes.fromhex("24016908") + bytes.fromhex("112233445566") + bytes.fromhex("5a60") + b"\r"
    (line,) = lines("decode", "--family", "emporia", "--input", "raw", stdin=code)
    assert "112233445566" not in json.dumps(line)
    assert line["length"] == len(code)


def test_half_a_byte_of_hex_is_refused() -> None:
    done = CliRunner().invoke(cli, ["decode", "--family", "tuya_wifi", "--input", "hex"], input=b"55 a")
    assert "whole bytes" in str(done.exception)


@pytest.mark.parametrize("family", ["emporia", "tuya_wifi"])
def test_the_commands_of_a_protocol_are_listed(family: str) -> None:
    rows = lines("commands", "--family", family)
    assert list(rows[0]) == ["code", "sub", "name", "initiator", "request", "response"]
    assert str(rows[0]["name"]) in run("commands", "--family", family).stdout
