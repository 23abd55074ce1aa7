"""A bundle for a bug report: nothing of the owner is in it, and all that a report needs is."""

import base64
import contextlib
import json
import warnings
import zipfile
from collections.abc import Sequence
from io import BytesIO
from pathlib import Path
from urllib.parse import quote

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.dump import planted
from unclouded import families
from unclouded.app.dump.bundle import Bundle, bundle_of, write_bundle, zipped
from unclouded.app.dump.frame_cleaning import FrameCleaner
from unclouded.app.dump.json_cleaning import JsonCleaner
from unclouded.app.dump.opening import captures_in, is_bundle
from unclouded.app.dump.pseudonyms import Pseudonyms
from unclouded.app.dump.scanning import found_in
from unclouded.app.dump.shown_frames import ChannelFrames
from unclouded.app.dump.source import BundleSource
from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.app.dump.vocabulary import program_words, wire_words
from unclouded.app.recording.capture_replay import CaptureReplay
from unclouded.core.errors import CommandError
from unclouded.core.model import Reading
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.capture import CaptureLine, CaptureReader, header_bytes

CAPTURES = Path(__file__).parents[2] / "captures"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return bundle_of(planted.source(tmp_path_factory.mktemp("hub")), 1795262400.0)


def data_of(made: Bundle, name: str) -> bytes:
    return made.files[name]


def lines_of(made: Bundle, number: int) -> list[bytes]:
    return [one.data for one in CaptureReader(made.files[f"frames/{number}.jsonl"].splitlines())]


# --- nothing of the owner -----------------------------------------------------------------------------


def test_no_planted_secret_is_in_any_byte_of_it_in_any_form(made: Bundle) -> None:
    for name, data in made.files.items():
        assert found_in(data, planted.SECRETS) == [], name
        plain = b"".join(json.dumps(one).encode() for one in map(_decoded, data.splitlines()))
        assert found_in(plain, planted.SECRETS) == [], name
    assert found_in(zipped(made), planted.SECRETS) == []


def _decoded(line: bytes) -> object:
    """A line of a capture with its bytes as text, which a search of the file alone would not see."""
    try:
        value = json.loads(line)
    except ValueError:
        return ""
    return bytes.fromhex(value["hex"]).decode("latin-1") if isinstance(value, dict) and "hex" in value else value


def test_each_planted_secret_was_there_before(tmp_path: Path) -> None:
    source = planted.source(tmp_path)
    before = msgspec.json.encode([source.devices, source.readings, source.events, source.log])
    before += b"".join(line.data for channel in source.frames for line in channel.lines)
    before += planted.CONFIG.encode() + source.config.meross_key.text.encode() + planted.DATA_FOLDER.encode()
    assert set(found_in(before, planted.SECRETS)) == set(planted.SECRETS)


@pytest.mark.parametrize(
    "form",
    [
        str.encode,
        str.upper,
        lambda text: text.encode().hex(),
        lambda text: text.encode().hex(":").upper(),
        lambda text: base64.b64encode(b"ab" + text.encode() + b"c").decode(),
        lambda text: base64.urlsafe_b64encode(b"a" + text.encode()).decode(),
        lambda text: json.dumps(f"x{text}y"),
        quote,
        lambda text: text.encode("utf-16-le"),
    ],
)
def test_the_search_finds_a_word_however_it_is_written_down(form: object) -> None:
    for word in ("Heizlüfter von Oma", "Zq8!kw-meross-key", "48:e1:e9:77:12:34"):
        written = form(word)  # type: ignore[operator]  # one of those above
        data = written if isinstance(written, bytes) else written.encode()
        assert found_in(b"before " + data + b" behind", [word, "something else"]) == [word]


def test_where_something_private_slips_through_nothing_is_made(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(TextCleaner, "text", lambda self, text: text)
    with pytest.raises(CommandError, match="Something private would be in"):
        bundle_of(planted.source(tmp_path), 0.0)


SEPARATORS = st.sampled_from([" ", ": ", "=", ", ", "\t", "(", ' "', "/", "; ", "@", "-", "\n"])


@given(
    st.sampled_from(planted.SECRETS),
    st.lists(
        st.tuples(st.sampled_from(["heater", "is", "offline", "4711", "mss310", "x", "ttyUSB0"]), SEPARATORS),
        max_size=6,
    ),
    SEPARATORS,
)
def test_a_secret_goes_wherever_it_stands_in_a_text(secret: str, words: list[tuple[str, str]], end: str) -> None:
    before = "".join(word + separator for word, separator in words)
    cleaner = TextCleaner(Pseudonyms(), program_words())
    for cleaned in (cleaner.text(before + secret + end), cleaner.plain(before + secret + end)):
        assert found_in(cleaned.encode(), [secret]) == []


@given(st.text(max_size=60))
def test_cleaning_keeps_lengths_and_is_the_same_each_time(text: str) -> None:
    cleaner = TextCleaner(Pseudonyms(), program_words())
    once = cleaner.plain(text)
    assert len(once) == len(text) and cleaner.plain(text) == once


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**12), 10**12) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=8,
)


MEMBERS = st.sampled_from(["devName", "ssid", "token", "userId", "onoff", "power", "x"])


@given(st.dictionaries(MEMBERS, JSON_VALUES, max_size=4))
def test_json_stays_json_of_the_same_length_and_private_members_go(value: dict[str, object]) -> None:
    data = json.dumps(value).encode()
    cleaned = JsonCleaner(TextCleaner(Pseudonyms(), wire_words())).clean(data)
    assert len(cleaned) == len(data)
    after = json.loads(cleaned)
    assert list(after) == list(value)
    if isinstance(value.get("devName"), str) and value["devName"]:
        assert set(after["devName"]) == {"x"}
    if isinstance(value.get("power"), int) and not isinstance(value["power"], bool):
        assert after["power"] == value["power"]


def test_the_same_address_has_the_same_pseudonym_in_each_of_its_forms(made: Bundle) -> None:
    names = Pseudonyms()
    assert names.of(planted.MAC) == "00:00:00:00:00:01"
    assert names.of(planted.MAC.upper().replace(":", "")) == "000000000001"
    assert names.number_of(bytes.fromhex(planted.MAC.replace(":", ""))) == bytes(5) + b"\1"
    assert names.of(planted.UUID) == "0" * 31 + "1", "it ends with the address"
    assert names.of("Oma's") == "xxx'2" and names.of("192.168.77.23") == "000.000.00.03"
    system = json.loads(lines_of(made, 1)[0])["payload"]["all"]["system"]
    assert system["hardware"]["uuid"].endswith(system["hardware"]["macAddress"].replace(":", ""))


# --- all that a report needs ----------------------------------------------------------------------------


def test_configuration_points_values_and_statistics_are_in_it(made: Bundle) -> None:
    table = json.loads(data_of(made, "configuration.json"))
    channels = table["device"]["channel"]
    assert [one["family"] for one in channels] == ["meross", "tuya_wifi", "meross_console"]
    assert channels[2]["link"][0].startswith("serial:///dev/serial/by-id/")
    assert channels[2]["link"][0].endswith("?baud=115200")
    assert channels[1]["session"] == {"silence_s": 10.0, "alarm_code": "…", "codes": ["…"]}
    assert table["hub"]["weather"] == "open-meteo" and table["hub"]["utc_offset_s"] in (3600.0, 7200.0)
    (device,) = json.loads(data_of(made, "devices.json"))
    assert device["info"] == {"version": "2.1.17"} and device["product"] == "mss310" and device["id"] == "device_1"
    assert device["reason"].startswith("000.000.00.0") and "refuses port 80." in device["reason"]
    values = {one["point"]: one["value"] for one in map(json.loads, data_of(made, "readings.jsonl").splitlines())}
    assert values["power_W"] == 67.3 and values["message"] == "…"
    assert values["mode"] == "…" and values["serial_number"] == "…", "an option that is private, and a person's number"
    assert json.loads(data_of(made, "wire.json")) == {"channel 1": {"frames_in": 12.0}, "channel 2": {"frames_in": 3.0}}
    events = [json.loads(line) for line in data_of(made, "events.jsonl").splitlines()]
    assert events[0]["text"].startswith("device_1 is offline: ") and events[0]["data"]["state"] == "offline"
    assert events[1]["text"].startswith("message confirmed: 'xxx") and events[1]["data"]["ms"] == 12.5


def test_frames_stay_frames_with_right_checksums_and_numbers(made: Bundle) -> None:
    reported = lines_of(made, 2)
    for before, after in zip(planted.TUYA, reported, strict=True):
        assert len(after) == len(bytes(before)) and after == bytes(Frame(after[2], after[3], after[6:-1]))
    assert reported[0] == bytes(planted.TUYA[0]), "the product decides which profile it is read by"
    assert reported[1].find((673).to_bytes(4)) > 0 and b"x" * len(planted.TYPED) in reported[1]
    assert not any(bytes.fromhex(planted.MAC.replace(":", "")) in one for one in reported)
    power = json.loads(lines_of(made, 1)[2])["payload"]["electricity"]
    assert power == {"current": 8691, "voltage": 2298, "power": 1997021}
    assert any("1 texts" in one or "2 texts" in one for one in made.left_out), made.left_out


def test_an_address_of_a_simulated_plug_is_no_reason_to_change_numbers() -> None:
    family, names = families.family("tuya_wifi"), Pseudonyms()
    cleaner = FrameCleaner(family, TextCleaner(names, wire_words()), names, {}, [bytes.fromhex("040000000002")])
    frame = bytes(Frame(3, 7, planted.unit(1, 2, bytes(4)) + planted.unit(2, 2, bytes(4))))
    decoder = family.decoder("device")
    (piece,) = [*decoder.feed(frame), *decoder.close()]
    assert cleaner.clean(piece, family) == frame


def test_raw_values_that_no_profile_names_are_kept_on_request(tmp_path: Path, made: Bundle) -> None:
    kept = bundle_of(planted.source(tmp_path), 0.0, with_raw=True)
    raw = [one for one in lines_of(kept, 2) if one[3] == 7][1]
    assert planted.WIFI_PASSWORD.encode() in raw
    assert not any("--raw" in one for one in kept.left_out) and any("--raw" in one for one in made.left_out)


@pytest.mark.parametrize(
    "name", ["tuya/plug_boot.jsonl", "emporia/sniffed_v7.jsonl", "tuya/battery_with_heartbeats.jsonl"]
)
def test_a_recording_gives_the_same_readings_after_it_was_cleaned(tmp_path: Path, name: str) -> None:
    lines = (CAPTURES / name).read_bytes().splitlines()
    reader = CaptureReader(lines)
    channel = BundleSource(
        config=planted.config(tmp_path),
        table=None,
        devices=[],
        frames=[ChannelFrames("", reader.header.family, reader.header.started_at or 0.0, list(reader))],
    )
    made = bundle_of(channel, 0.0)
    before = [fact for fact in CaptureReplay(lines, None, "one").facts() if isinstance(fact, Reading)]
    after = CaptureReplay(made.files["frames/1.jsonl"].splitlines(), None, "one")
    numbers = [one for one in before if not isinstance(one.value, str)]
    assert [one for one in after.readings() if not isinstance(one.value, str)] == numbers and numbers


def test_the_readme_lists_what_is_inside_and_what_was_left_out(made: Bundle) -> None:
    text = data_of(made, "README.txt").decode()
    assert all(name in text for name in made.inside) and "No hub runs." in text
    about = json.loads(data_of(made, "bundle.json"))
    assert about["unclouded_bundle"] == 1 and about["versions"]["python"] and about["families"] == ["meross"]


# --- the file -------------------------------------------------------------------------------------------


def test_a_bundle_is_opened_again_the_longest_capture_first(tmp_path: Path, made: Bundle) -> None:
    file = tmp_path / "bundle.zip"
    write_bundle(made, file)
    assert file.stat().st_mode & 0o777 == 0o600 and is_bundle(file)
    found = captures_in(file)
    assert {one.family for one in found} == {"meross", "tuya_wifi", "meross_console"}
    assert [len(one.data) for one in found] == sorted((len(one.data) for one in found), reverse=True)
    with pytest.raises(CommandError, match="exists already"):
        write_bundle(made, file)
    with pytest.raises(CommandError, match="cannot be written"):
        write_bundle(made, tmp_path / "none" / "bundle.zip")


def test_what_is_no_bundle_or_a_damaged_one_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not is_bundle(tmp_path / "none") and not is_bundle(CAPTURES / "tuya" / "plug_boot.jsonl")
    (tmp_path / "cut.zip").write_bytes(b"PK\x03\x04 and no more")
    assert not is_bundle(tmp_path / "cut.zip")
    for content, match in (
        ({"bundle.json": b"{}"}, "not that of a bundle"),
        ({"bundle.json": b'{"unclouded_bundle":99}'}, "newer version"),
        ({"bundle.json": b'{"unclouded_bundle":1}'}, "no frames"),
        ({"bundle.json": b'{"unclouded_bundle":1}', "frames/1.jsonl": b"no capture"}, "damaged"),
        ({"bundle.json": b'{"unclouded_bundle":1}', "frames/1.jsonl": b"0" * 5000}, "larger than"),
    ):
        file = tmp_path / "other.zip"
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in content.items():
                archive.writestr(name, data)
        monkeypatch.setattr("unclouded.app.dump.opening.LARGEST", 4000)
        with pytest.raises(CommandError, match=match):
            captures_in(file)


@pytest.mark.parametrize(
    "about",
    [b"[]", b"null", b'"text"', b"7", b"\xff", b"[" * 100_000],
    ids=["list", "null", "text", "number", "bytes", "deep"],
)
def test_a_description_that_is_another_value_is_no_bundle(tmp_path: Path, about: bytes) -> None:
    file = tmp_path / "other.zip"
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("bundle.json", about)
    with pytest.raises(CommandError, match="damaged"):
        captures_in(file)


def test_whatever_byte_of_a_bundle_is_damaged_it_is_opened_or_refused(tmp_path: Path, made: Bundle) -> None:
    whole, file = zipped(made), tmp_path / "damaged.zip"
    for at in range(0, len(whole), max(len(whole) // 400, 1)):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 0xFF]) + whole[at + 1 :])
        with contextlib.suppress(CommandError):
            if is_bundle(file):
                captures_in(file)


def test_the_files_of_a_bundle_are_limited_together_and_a_name_counts_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.app.dump.opening.LARGEST", 10_000)
    file = tmp_path / "large.zip"
    capture = header_bytes("emporia", 0.0) + b"\n" * 4_000

    def written(names: Sequence[str], method: int = zipfile.ZIP_DEFLATED) -> None:
        with zipfile.ZipFile(file, "w", method) as archive, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a name twice
            archive.writestr("bundle.json", b'{"unclouded_bundle":1}')
            for name in names:
                archive.writestr(name, capture)

    written(["frames/", "frames/1.jsonl", "frames/1.jsonl", "frames/1.jsonl", "frames/../../2.jsonl"])
    assert len(captures_in(file)) == 2
    written(["frames/1.jsonl", "frames/2.jsonl", "frames/3.jsonl"])
    with pytest.raises(CommandError, match="larger than 10000 bytes"):
        captures_in(file)
    written(["frames/1.jsonl"], zipfile.ZIP_BZIP2)
    with pytest.raises(CommandError, match="compressed in another way"):
        captures_in(file)


def test_a_zip_says_nothing_of_when_and_where_it_was_made(made: Bundle) -> None:
    with zipfile.ZipFile(BytesIO(zipped(made))) as archive:
        assert {one.date_time for one in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert archive.namelist()[0] == "README.txt" and not archive.comment


def test_every_family_can_be_cleaned(tmp_path: Path) -> None:
    for name in families.NAMES:
        channel = ChannelFrames("", name, 0.0, [CaptureLine(0.0, "device", planted.TYPED.encode() + b"\r\n")])
        source = BundleSource(config=planted.config(tmp_path), table=None, devices=[], frames=[channel])
        assert found_in(bundle_of(source, 0.0).files["frames/1.jsonl"], [planted.TYPED]) == []
