"""`decode`, `replay` and `commands` on recorded and on hand-made input."""

import io
import json
import random
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner

from cli.verbs.verb_lines import lines, run
from unclouded import families
from unclouded.app.decoding.input_chunks import CHUNK, one_file, two_taps
from unclouded.app.decoding.pieces import pieces_of
from unclouded.app.decoding.totals import summarise
from unclouded.cli import cli
from unclouded.core.errors import CommandError, UncloudedError
from unclouded.families.tuya.line.framing import Frame, Framer
from unclouded.families.tuya.wifi.commands import WIFI

CAPTURES = Path(__file__).parents[2] / "captures"
RADIO = sorted((CAPTURES / "emporia").glob("*.jsonl"))
PLUG = CAPTURES / "tuya" / "plug_boot.jsonl"


def test_hex_from_a_pipe_is_decoded_and_lengths_add_up() -> None:
    text = b"55 aa 03 00 00 01 00 03  ff ff  55 aa 03 07 00 08 05 02 00 04 00 00 00 1e 3a"
    heartbeat, noise, report = lines("decode", "--family", "tuya_wifi", "-", stdin=text)
    assert (heartbeat["kind"], heartbeat["command"], heartbeat["sender"]) == ("frame", 0, "device")
    assert (noise["kind"], noise["length"], noise["hex"]) == ("noise", 2, "ffff")
    assert report["message"] == {"points": [{"id": 5, "type": "value", "value": 30}]}
    assert [one["offset"] for one in (heartbeat, noise, report)] == [0, 8, 10]


def test_raw_bytes_are_read_as_they_are(tmp_path: Path) -> None:
    file = tmp_path / "line.bin"
    file.write_bytes(bytes.fromhex("24016d0811223344556677880d") + b"SeIhd>\r\n")
    frame, text = lines("decode", "--family", "emporia", str(file))
    assert (frame["command"], frame["family"]) == ("m", "emporia")
    assert text["reason"] == "text"


@pytest.mark.parametrize("capture", RADIO, ids=lambda path: path.stem)
def test_recorded_radios_are_decoded_to_the_last_byte(capture: Path) -> None:
    sent = [json.loads(line) for line in capture.read_text().splitlines()[1:]]
    length = sum(len(bytes.fromhex(one["hex"])) if "hex" in one else len(one["text"]) for one in sent)
    assert sum(int(str(one["length"])) for one in lines("decode", "--family", "emporia", str(capture))) == length


def test_a_recorded_plug_has_readings() -> None:
    readings = lines("replay", str(PLUG), "--device", "plug")
    assert {"on", "power_W", "voltage_V"} <= {one["point"] for one in readings}
    assert all(one["device"] == "plug" for one in readings)
    assert "power_W" in run("replay", str(PLUG)).stdout


def test_totals_are_counted() -> None:
    (totals,) = lines("decode", "--family", "tuya_wifi", "--summary", str(PLUG))
    assert totals["frames"] and totals["noise_bytes"] == 0
    assert "frames" in run("decode", "--family", "tuya_wifi", "--summary", str(PLUG)).stdout


def long_line(frames: int) -> bytes:
    """Reports, heartbeats, commands with sub-commands, some unknown, and one frame in fifty damaged."""
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


@pytest.mark.parametrize(("family", "dialect"), [("tuya_wifi", "normal"), ("tuya_gateway", "gateway")])
@pytest.mark.parametrize(
    "form", [bytes, lambda line: line.hex(" ").encode(), as_capture], ids=["raw", "hex", "capture"]
)
def test_a_long_recording_has_the_totals_of_its_pieces(
    family: str, dialect: str, form: Callable[[bytes], bytes]
) -> None:
    """Tallies count the same as decoding piece by piece."""
    stdin = form(long_line(12_000))
    assert len(stdin) > CHUNK
    (totals,) = lines("decode", "--family", family, "--dialect", dialect, "--summary", "-", stdin=stdin)
    slow = summarise(pieces_of(families.family(family).decoder, one_file(io.BytesIO(stdin), "auto").chunks))
    assert totals == msgspec.to_builtins(slow)
    assert list(totals["by_command"]) == list(slow.by_command)  # type: ignore[call-overload]  # JSON
    assert slow.frames > 5_000 and slow.noise_bytes > 1_000


def test_secrets_are_blanked_before_they_are_printed() -> None:
    code = bytes.fromhex("24016908") + bytes.fromhex("112233445566") + bytes.fromhex("5a60") + b"\r"
    (line,) = lines("decode", "--family", "emporia", "--input", "raw", stdin=code)
    assert "112233445566" not in json.dumps(line)
    assert line["length"] == len(code)


@pytest.mark.parametrize("sender", [("--sender", "device"), ("--sender", "controller"), ("--mixed",)])
@pytest.mark.parametrize("dialect", ["normal", "low_power"])
def test_passwords_are_not_printed_whoever_is_named_as_the_sender(sender: tuple[str, ...], dialect: str) -> None:
    """Taps get swapped, and one tap on both wires attributes all bytes to the MCU."""
    sent = b"".join(
        bytes(Frame(version, command, head + body.encode()))
        for version in (0, 3)
        for command, head in ((0x2A, b""), (0x2C, b""), (0x34, b"\7\0"))
        for body in (
            '{"s":"attic","p":"hunter2","n":12345678}',
            '{"wcfg":[{"ssid":"attic","pwd":"hunter2"},["hunter2"]]}',
        )
    )
    views = (("--explain",), ("--explain", "--json"), ("--diff",), ("--diff", "--json"), ("--unknown", "--json"))
    for words in (("--bytes",), ("--json",), *views):
        shown = run(*TUYA, *sender, "--dialect", dialect, *words, "-", stdin=sent).output
        for secret in ("hunter2", "attic", "12345678"):
            assert secret not in shown
            assert secret.encode().hex() not in shown
            assert secret.encode().hex(" ") not in shown


def test_half_a_byte_of_hex_is_refused() -> None:
    done = CliRunner().invoke(cli, ["decode", "--family", "tuya_wifi", "--input", "hex"], input=b"55 a")
    assert "whole bytes" in str(done.exception)


@pytest.mark.parametrize("family", ["emporia", "tuya_wifi"])
def test_the_commands_of_a_protocol_are_listed(family: str) -> None:
    rows = lines("commands", "--family", family)
    keys = ["code", "sub", "name", "initiator", "request", "response", "answer", "timeout_s", "since", "section"]
    assert list(rows[0]) == keys
    assert str(rows[0]["name"]) in run("commands", "--family", family).stdout


def test_battery_devices_have_a_table_of_their_own() -> None:
    rows = lines("commands", "--family", "tuya_wifi", "--dialect", "low_power")
    assert {row["code"]: row["name"] for row in rows}[0x05] == "report"
    done = CliRunner().invoke(cli, ["commands", "--family", "emporia", "--dialect", "low_power"])
    assert isinstance(done.exception, CommandError) and "emporia has no dialect" in str(done.exception)


# --- conversations ----------------------------------------------------------------------------------

TROUBLED = CAPTURES / "tuya" / "plug_troubled.jsonl"
DOCS = Path(__file__).parents[3] / "docs" / "sniffing.md"
TUYA = ("decode", "--family", "tuya_wifi")


def sides(capture: Path, folder: Path) -> tuple[Path, Path]:
    """The module's and the MCU's side of a capture, each a capture of its own; the MCU's tap started 5 s earlier."""
    module, mcu = folder / "module.jsonl", folder / "mcu.jsonl"
    header, *rows = [json.loads(line) for line in capture.read_text().splitlines()]
    earlier = header | {"started": "2026-11-21T11:59:55.000Z"}
    of = {
        "controller": [header, *(row for row in rows if row["from"] == "controller")],
        "device": [earlier, *(row | {"t": row["t"] + 5} for row in rows if row["from"] == "device")],
    }
    module.write_text("\n".join(map(json.dumps, of["controller"])))
    mcu.write_text("\n".join(map(json.dumps, of["device"])))
    return module, mcu


def raw(capture: Path, side: str | None = None) -> bytes:
    """Its bytes without times; of one side, or of both in the order of time."""
    rows = [json.loads(line) for line in capture.read_text().splitlines()[1:]]
    return b"".join(bytes.fromhex(row["hex"]) for row in rows if side in (None, row["from"]))


def test_the_example_in_the_docs_is_what_decode_prints() -> None:
    words = "decode --family tuya_wifi tests/captures/tuya/plug_troubled.jsonl"
    example = DOCS.read_text("utf-8").partition(f"<!-- {words} -->\n```text\n")[2].partition("\n```")[0]
    assert run(*TUYA, str(TROUBLED)).stdout.rstrip() == example


def test_the_docs_explain_every_remark() -> None:
    explained = DOCS.read_text("utf-8")
    seen = {remark["kind"] for line in lines(*TUYA, str(TROUBLED)) for remark in line["remarks"]}  # type: ignore[attr-defined]  # JSON
    assert len(seen) >= 9 and all(f"`{kind}`" in explained for kind in seen)


def test_an_answer_names_its_request_and_its_time_and_values_have_names() -> None:
    decoded = lines(*TUYA, str(PLUG))
    product, power = decoded[3], decoded[12]
    assert (product["answers"], product["after_ms"]) == (decoded[2]["offset"], 12.0)
    assert decoded[1]["remarks"] == [{"kind": "restart", "words": "the MCU has started"}]
    assert power["points"] == [{"id": "19", "raw": 673, "key": "power_W", "reading": 67.3, "unit": "W"}]
    assert power["message"] == {"points": [{"id": 19, "type": "value", "value": 673}]}


def test_a_profile_of_the_user_names_the_values(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_text('name = "mine"\nfamily = "tuya_wifi"\ntitle = "Mine"\n[[point]]\ndp = 19\nkey = "power_kW"\n')
    assert "power_kW 673" in run(*TUYA, "--profile", str(own), str(PLUG)).stdout
    assert "power_W 67.3 W" in run(*TUYA, "--profile", "tuya/plug_metering", str(TROUBLED)).stdout


@pytest.mark.parametrize("profile", ["nowhere.toml", "meross/mss310", "tuya/none"])
def test_a_profile_that_does_not_fit_is_refused(profile: str) -> None:
    done = CliRunner().invoke(cli, [*TUYA, "--profile", profile, str(PLUG)])
    assert done.exit_code and profile.removesuffix(".toml") in str(done.exception)


def test_a_profile_that_is_no_text_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "mine.toml"
    own.write_bytes(b'name = "caf\xe9"')
    done = CliRunner().invoke(cli, [*TUYA, "--profile", str(own), str(PLUG)])
    assert isinstance(done.exception, UncloudedError) and str(own) in str(done.exception)


def test_two_taps_with_clocks_are_one_conversation(tmp_path: Path) -> None:
    module, mcu = sides(TROUBLED, tmp_path)
    merged = lines(*TUYA, "--module", str(module), "--mcu", str(mcu))
    whole = lines(*TUYA, str(TROUBLED))
    assert [{**one, "t": round(float(str(one["t"])) - 5, 3)} for one in merged] == whole


def test_two_taps_without_clocks_are_read_one_after_the_other(tmp_path: Path) -> None:
    module, mcu = tmp_path / "module.bin", tmp_path / "mcu.hex"
    module.write_bytes(raw(TROUBLED, "controller"))
    mcu.write_text(raw(TROUBLED, "device").hex(" "))
    decoded = lines(*TUYA, "--module", str(module), "--mcu", str(mcu))
    senders = [one["sender"] for one in decoded]
    assert senders == sorted(senders, key=str) and set(senders) == {"controller", "device"}
    assert all(one["answers"] is None and "t" not in one for one in decoded)
    assert {kind["kind"] for one in decoded for kind in one["remarks"]} == {"odd"}  # type: ignore[attr-defined]  # JSON
    words = run(*TUYA, "--module", str(module), "--mcu", str(mcu)).stdout
    assert "The order of the two sides is not known" in words


@pytest.mark.parametrize("form", [bytes, as_capture], ids=["raw", "capture"])
def test_two_long_taps_are_counted_by_tallies(tmp_path: Path, form: Callable[[bytes], bytes]) -> None:
    long, short = tmp_path / "long", tmp_path / "short"
    long.write_bytes(form(long_line(8_000)))
    short.write_bytes(form(long_line(20)))
    with long.open("rb") as module, short.open("rb") as mcu:
        assert two_taps(module, mcu, "auto").is_long
    with long.open("rb") as module, short.open("rb") as mcu:
        slow = summarise(pieces_of(families.family("tuya_wifi").decoder, two_taps(module, mcu, "auto").chunks))
    assert lines(*TUYA, "--summary", "--module", str(long), "--mcu", str(short)) == [msgspec.to_builtins(slow)]


def test_the_senders_of_a_mixed_line_are_found_out(tmp_path: Path) -> None:
    expected = [one["sender"] for one in lines(*TUYA, str(TROUBLED)) if one["kind"] == "frame"]
    mixed = tmp_path / "line.jsonl"
    mixed.write_text(TROUBLED.read_text().replace('"controller"', '"device"'))  # as one tap on both wires writes it
    decoded = lines(*TUYA, "--mixed", str(mixed))
    assert [one["sender"] for one in decoded if one["kind"] == "frame"] == expected
    plain = lines(*TUYA, stdin=raw(TROUBLED))
    assert [one["sender"] for one in plain if one["kind"] == "frame"] == expected


def test_swapped_sides_are_detected(tmp_path: Path) -> None:
    module, mcu = sides(TROUBLED, tmp_path)
    assert "are the sides swapped" in run(*TUYA, "--module", str(mcu), "--mcu", str(module)).stdout
    assert "are the sides swapped" not in run(*TUYA, str(TROUBLED)).stdout


def test_only_frames_with_remarks_can_be_shown() -> None:
    words = run(*TUYA, "--remarks", "--bytes", str(TROUBLED)).stdout
    assert "asked again" in words and "noise" in words and "network status" not in words
    assert "55 aa 00 06 00 05 01 01 00 01 01 0e" in words


def test_one_side_alone_is_reported() -> None:
    assert "Only the module was recorded" in run(*TUYA, "--sender", "controller", stdin=raw(PLUG, "controller")).stdout


REPORT_05 = bytes(Frame(0, 5, bytes.fromhex("0101000101")))  # a battery device's report


@pytest.mark.parametrize("words", [(), ("--dialect", "auto")])
def test_a_battery_device_is_read_in_its_own_dialect_and_the_reason_is_printed(words: tuple[str, ...]) -> None:
    done = run(*TUYA, *words, stdin=REPORT_05)
    assert "report  1 = true" in done.stdout
    assert "It is the dialect of battery devices: a frame 05 of version 0 with 5 bytes is its report" in done.stderr


def test_a_battery_device_that_wakes_after_an_hour_of_unanswered_heartbeats_is_read_in_its_own_dialect() -> None:
    """A module whose heartbeats are not answered sends more than its share of the searched bytes."""
    rows = [{"t": float(t), "from": "controller", "hex": bytes(Frame(0, 0)).hex()} for t in range(3_600)]
    rows += [{"t": 3_600.0, "from": "device", "hex": REPORT_05.hex()}]
    capture = ['{"capture": 1, "family": "tuya_wifi"}', *map(json.dumps, rows)]
    *heartbeats, report = lines(*TUYA, stdin="\n".join(capture).encode())
    assert report["message"] == {"points": [{"id": 1, "type": "bool", "value": True}]}
    assert len(heartbeats) == 3_600


def test_a_dialect_can_be_chosen_where_the_family_has_it() -> None:
    assert lines(*TUYA, "--dialect", "low_power", stdin=REPORT_05)[0]["name"] == "report"
    assert lines(*TUYA, "--dialect", "normal", stdin=REPORT_05)[0]["name"] == "reset Wi-Fi, choose pairing"
    (totals,) = lines(*TUYA, "--dialect", "low_power", "--summary", stdin=REPORT_05 * 10_000)
    assert totals["by_command"] == {"report": 10_000}
    done = CliRunner().invoke(cli, ["decode", "--family", "emporia", "--dialect", "normal"], input=b"")
    assert "no dialect" in str(done.exception)


@pytest.mark.parametrize("words", [("--module", "x"), ("--mixed", "--sender", "device")])
def test_contradictory_options_are_refused(words: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"")
    done = run(*TUYA, *(str(tmp_path / word) if word == "x" else word for word in words))
    assert done.exit_code == 2


def test_a_frame_that_was_held_back_keeps_the_time_of_its_last_byte() -> None:
    """A checksum of 55 may be the beginning of the next frame: the framer waits, the answer's time does not."""
    report = next(frame for n in range(256) if (frame := bytes(Frame(3, 7, bytes((1, 4, 0, 1, n)))))[-1] == 0x55)
    rows = [("controller", 1.0, bytes(Frame(0, 8))), ("device", 1.1, report), ("controller", 1.15, bytes(Frame(0, 0)))]
    capture = ['{"capture": 1, "family": "tuya_wifi"}']
    capture += [json.dumps({"t": t, "from": side, "hex": data.hex()}) for side, t, data in rows]
    decoded = lines(*TUYA, stdin="\n".join(capture).encode())
    assert [(one["t"], one["name"]) for one in decoded] == [(1.0, "query all"), (1.1, "report"), (1.15, "heartbeat")]
    assert decoded[1]["after_ms"] == 100.0


# --- what is shown is what was there ------------------------------------------------------------------


@pytest.mark.parametrize("text", ["55aa0024000141ff", "48656c6c6f2041", "55aa00000000ff55aa0024000141ff41"])
def test_noise_and_headers_are_printed_as_they_were(text: str) -> None:
    shown = lines(*TUYA, "--input", "hex", "-", stdin=text.encode())
    assert "".join(str(one["hex"]) for one in shown) == text
    assert not any(one["masked"] for one in shown)
    plain = run(*TUYA, "--bytes", "--input", "hex", "-", stdin=text.encode()).output
    assert bytes.fromhex(text).hex(" ")[-23:] in plain and "masked" not in plain


def test_a_hidden_secret_is_dots_and_the_line_says_masked() -> None:
    frame = bytes(Frame(0, 0x2A, b'{"s":"attic"}'))
    (line,) = lines(*TUYA, "-", stdin=frame.hex().encode())
    assert line["hex"] == "55aa002a000d7b2273223a22" + "··" * 5 + "227d" + "··" and line["masked"] is True
    plain = run(*TUYA, "--bytes", "-", stdin=frame.hex().encode()).output
    assert "· masked" in plain and "55 aa 00 2a 00 0d 7b 22 73 22 3a 22 ·· ·· ·· ·· ·· 22 7d ··" in plain
    assert "2a 2a" not in plain


def test_a_profile_shows_the_same_reasons_as_a_replay(tmp_path: Path) -> None:
    """A phase that cannot be read, and a data point of another type."""
    header = {"capture": 1, "family": "tuya_wifi", "started": "2026-11-20T12:00:00.000Z"}
    frames = [Frame(3, 7, bytes.fromhex("06000003010203")), Frame(3, 7, bytes.fromhex("1004000101"))]
    rows = [{"t": at, "from": "device", "hex": bytes(frame).hex()} for at, frame in enumerate(frames)]
    file = tmp_path / "line.jsonl"
    file.write_text("\n".join(map(json.dumps, [header, *rows])))
    decoded = run(*TUYA, "--profile", "tuya/breaker", str(file)).output
    replayed = run("replay", "--profile", "tuya/breaker", str(file)).output
    for reason in (
        "data point 6 cannot be read as phase: There is no layout of a phase with 3 bytes",
        "data point 16 has another type than bool, so it is not on",
    ):
        assert reason in decoded
        assert reason in replayed


def meross(method: str, namespace: str) -> bytes:
    header = {"messageId": "1", "namespace": namespace, "method": method, "payloadVersion": 1, "from": "x"}
    header |= {"timestamp": 1, "timestampMs": 1, "sign": "0123456789abcdef" * 2}
    return json.dumps({"header": header, "payload": {}}).encode()


def test_a_line_end_behind_the_last_message_is_no_noise() -> None:
    message = meross("GET", "Appliance.System.All") + b"\r\n"
    shown = lines("decode", "--family", "meross", "--input", "raw", "-", stdin=message)
    assert [one["kind"] for one in shown] == ["frame"]


def test_help_of_the_radios_console_is_no_request() -> None:
    help_text = b"help\r\n$d\r\nuse $d\r to reset\r\n"
    assert {one["kind"] for one in lines("decode", "--family", "emporia", "--input", "raw", "-", stdin=help_text)} == {
        "noise"
    }
    (reset,) = lines("decode", "--family", "emporia", "--input", "raw", "-", stdin=b"$d\r")
    assert (reset["command"], reset["sender"]) == ("d", "controller")


def test_an_empty_push_belongs_to_no_known_side() -> None:
    message = meross("PUSH", "Appliance.System.Report")
    (line,) = lines("decode", "--family", "meross", "--input", "raw", "-", stdin=message)
    assert line["sender"] is None


@pytest.mark.parametrize("word", [b"\x55\xaa", b"\x55\xaa\x03\x07\xff\xff", b"\x55\xaa\x03\x07\x00\x00", b"\x55"])
def test_noise_of_any_length_is_read_in_linear_time_and_bounded_memory(word: bytes) -> None:
    """Steps are counted by the headers that the framer holds, not by seconds."""
    framer = Framer((WIFI.shapes,), gap=None)
    fed = given_out = 0
    for _ in range(40):
        data = word * (20_000 // len(word))
        fed += len(data)
        given_out += sum(len(bytes(piece) if isinstance(piece, Frame) else piece.data) for piece in framer.feed(data))
        kept = framer._candidates
        assert framer.held < 5_000 and (kept is None or len(kept.refusals) < 5_000)
    assert fed - given_out == framer.held
