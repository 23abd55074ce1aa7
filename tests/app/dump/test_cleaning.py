"""Each rule of cleaning by itself, where no other one would catch the same."""

import json
from pathlib import Path

import msgspec
import pytest

from app.dump import planted
from unclouded import families
from unclouded.app.configuration.config import parse_config
from unclouded.app.dump.bundle_cleaner import HIDDEN, BundleCleaner
from unclouded.app.dump.bundle_configuration import configuration_fields
from unclouded.app.dump.frame_cleaning import FrameCleaner, KeptPoints
from unclouded.app.dump.json_cleaning import JsonCleaner
from unclouded.app.dump.private_words import PrivateWords, private_words
from unclouded.app.dump.pseudonyms import Pseudonyms
from unclouded.app.dump.source import BundleSource, _last_lines
from unclouded.app.dump.text_cleaning import TextCleaner
from unclouded.app.dump.vocabulary import is_field, program_words, wire_words
from unclouded.families.tuya.line.framing import Frame
from unclouded.recording.capture import CaptureLine, header_bytes, line_bytes

WORDS = frozenset({"power", "is", "on", "meter", "com", "heater"})


def cleaner(**more: object) -> TextCleaner:
    return TextCleaner(Pseudonyms(), WORDS, **more)  # type: ignore[arg-type]  # as the tests need it


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("power.meter@heater.com is on", "xxxxx.xxxxx@xxxxxx.xx1 is on"),
        ("2001:0:0:5 is on", "0000:0:0:1 is on"),
        ("10.0.0.7 is on", "00.0.0.1 is on"),
        ("127.0.0.1 is on", "127.0.0.1 is on"),
        ("12.34567 is on", "00.00001 is on"),
        ("meter.com is on", "meter.com is on"),
        ("meter.net is on", "xxxxx.xx1 is on"),
        ("12345678 is 123456", "00000001 is 123456"),
        ("2026-11-30T12:00:00.000Z is 1.2.3", "2026-11-30T12:00:00.000Z is 1.2.3"),
        ("ttyUSB0 is on", "ttyUSB0 is on"),
        ("'power is on' is 'power'", "'…' is 'power'"),
        # An address wherever it stands: at the end of a sentence, in another one, behind a name, with more numbers.
        ("power is on 192.168.1.57.", "power is on 000.000.0.01."),
        ("::ffff:192.168.1.57 is on", "::0000:000.000.0.01 is on"),
        ("v192.168.1.57 is on", "xxxx.xxx.x.x1 is on"),
        ("fe80::5%eth0 is on", "xxxx::x%xxx1 is on"),
        ("3429.8f12.3456 is 34 29 8f 12 34 57", "0000.0000.0001 is 00 00 00 00 00 02"),
        ("Europe/Berlin is on", "xxxxxx/xxxxx1 is on"),
        ("12,34567 is +49 170 123-4567", "00,00001 is +00 000 000-0002"),
        ("on://meter:po@wer!@power is on", "on://xxxxx:xx@xx1!@power is on"),
        ("power pin=482913 is on-key: ab12, on is ***", "power pin=000001 is on-key: xxx2, on is ***"),
    ],
)
def test_what_a_text_keeps_and_what_goes(text: str, clean: str) -> None:
    assert cleaner().text(text) == clean


def test_a_secret_goes_though_all_its_words_are_the_program_s() -> None:
    assert cleaner(secrets=["power is on"]).text("heater: power is on") == "xxxxx1: ***********".replace(
        "xxxxx1", "heater"
    )
    assert cleaner(known={"power meter": "device_1"}).text("Power Meter is on") == "device_1 is on"
    assert cleaner(public=["keyproduct"]).text("keyproduct is on") == "keyproduct is on"


@pytest.mark.parametrize(
    ("value", "after"),
    [
        ({"devName": "power"}, {"devName": "xxxxx"}),
        ({"ssid": {"power": "meter", "on": 5}}, {"ssid": {"power": "xxxxx", "on": 1}}),
        (
            {"token": ["power", 1.5, None, True], "power": "meter"},
            {"token": ["xxxxx", 1.0, None, True], "power": "meter"},
        ),
        ({"power": "a\\u0062c"}, {"power": "xxxxxxxx"}),
        ({"latitude": -3.75, "userId": 0}, {"latitude": -1.0, "userId": 0}),
    ],
)
def test_members_that_are_private_go_with_all_that_is_inside_of_them(value: object, after: object) -> None:
    data = json.dumps(value).encode().replace(b"\\\\u", b"\\u")
    cleaned = JsonCleaner(TextCleaner(Pseudonyms(), WORDS | {"token", "ssid"})).clean(data)
    assert json.loads(cleaned.replace(b"1.00", b"1.0")) == after and len(cleaned) == len(data)


def test_names_of_members_are_kept_where_they_are_fields_of_a_protocol() -> None:
    assert is_field("payloadVersion") and is_field("x") is ("x" in wire_words())
    assert not is_field("brunhildeVersion") and not is_field("48e1e9771234")


def cleaned(frame: Frame, points: dict[str, KeptPoints], family: str = "tuya_wifi") -> bytes:
    one, names = families.family(family), Pseudonyms()
    reading = one.read_as("gateway" if family == "tuya_gateway" else "normal")
    decoder = reading.decoder("device")
    (piece,) = [*decoder.feed(bytes(frame)), *decoder.close()]
    return FrameCleaner(one, TextCleaner(names, wire_words()), names, points).clean(piece, reading)


def test_an_address_in_binary_goes_though_it_is_not_known() -> None:
    answer = Frame(3, 0x2D, b"\0" + bytes.fromhex(planted.MAC.replace(":", "")))
    assert cleaned(answer, {})[7:13] == bytes(5) + b"\1"


def test_a_person_s_number_goes_and_the_same_data_point_of_another_part_stays() -> None:
    lock, plug = b"\x10" + b"a4c1380000001234", b"\x10" + b"a4c1380000005678"
    points = {"a4c1380000001234": KeptPoints(personal=frozenset({"1"})), "": KeptPoints()}
    unit = planted.unit(1, 2, (77).to_bytes(4))
    assert (77).to_bytes(4) not in cleaned(Frame(0, 0x0D, lock + unit), points, "tuya_gateway")
    assert (77).to_bytes(4) in cleaned(Frame(0, 0x0D, plug + unit), points, "tuya_gateway")


def test_keys_places_settings_and_this_computer_are_known_to_be_private(tmp_path: Path) -> None:
    words = private_words(planted.source(tmp_path))
    assert {planted.KEY, planted.ALARM_CODE} <= words.secrets
    assert {planted.LATITUDE, planted.LONGITUDE, planted.TYPED, planted.MAC} <= words.known.keys()
    assert "unclouded-daten" in words.known and "dev" not in words.known
    assert words.known["heizung"] == "device_1" and words.known["zaehler"] == "other_1"
    assert planted.KEY in words.strong() and "tuya" not in words.strong()
    numbers = PrivateWords(known={"12345": "", "cafe55": "", "12345678": ""}, secrets=frozenset(), public=frozenset())
    assert numbers.strong() == {"12345678"}, "shorter ones stand in the digits of frames by chance"


def test_a_profile_of_the_owner_is_not_named_and_links_show_no_user(tmp_path: Path) -> None:
    (tmp_path / "profiles" / "tuya").mkdir(parents=True)
    shipped = "tuya/plug_metering"
    (tmp_path / "profiles" / f"{shipped}.toml").write_text("")
    text = (
        '[hub]\nprofiles = "profiles"\n[[device]]\nid = "p"\nfamily = "meross"\nuuid = "u"\n'
        'profile = "tuya/plug_metering"\n'
        'link = "mqtts://oma:pw@192.168.1.5?user=oma&cafile=omas.pem"\n'
        "session = { poll_s = 5, pin_code = 4711 }\n"
    )
    config = parse_config(text, str(tmp_path / "unclouded.toml"))
    clean = BundleCleaner(BundleSource(config=config, table=config.devices[0], devices=[]))
    fields = json.loads(msgspec.json.encode(configuration_fields(clean, config, config.devices[0])))["device"]
    assert fields["profile"] == "a profile of its owner" and clean.profile("tuya/breaker") == "tuya/breaker"
    assert fields["link"] == [f"mqtts://{clean.text.plain('192.168.1.5')}?user={HIDDEN}&cafile={HIDDEN}"]
    assert fields["session"] == {"poll_s": 5, "pin_code": HIDDEN}


def test_words_of_docstrings_and_ids_of_simulated_devices_are_none_of_the_program_s() -> None:
    assert "baroque" not in program_words() and "metering" in program_words()
    assert not any(sum(map(str.isdecimal, word)) > 5 for word in program_words())


def test_words_of_translations_are_none_of_the_program_s() -> None:
    assert "power" in program_words()
    assert "daten" not in program_words() and "verbrauch" not in program_words()


def test_only_the_end_of_a_long_recording_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "long.jsonl"
    rows = [line_bytes(CaptureLine(float(number), "device", b"x" * 20)) for number in range(200)]
    file.write_bytes(b"\n".join([header_bytes("tuya_wifi", 5.0), *rows]))
    monkeypatch.setattr("unclouded.app.dump.source.RECORDED_BYTES", 1_000)
    began, lines = _last_lines(file)
    assert began == 5.0 and 5 < len(lines) < 20 and lines[-1].t == 199.0
    file.write_bytes(b"no capture")
    assert _last_lines(file)[1] == []
