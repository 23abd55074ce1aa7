"""The configuration: every error is named with its key path, and the reference in docs is valid."""

from pathlib import Path

import msgspec
import pytest

from unclouded.app.configuration.checks.values import place_of_web
from unclouded.app.configuration.config import find_config, load_config, parse_config
from unclouded.app.configuration.tables.file import (
    NOWHERE,
    BrokerTable,
    ChannelTable,
    ConfigFile,
    DeviceTable,
    HubTable,
    MerossTable,
    WeatherTable,
    WebTable,
)
from unclouded.app.plug_key import with_plug_key
from unclouded.core.errors import ConfigError

GOOD = """
[hub]
timezone = "Europe/Madrid"
data = "/tmp/x"
[[device]]
id = "meter"
family = "emporia"
link = "serial:///dev/ttyUSB0"
[[device]]
id = "pump"
family = "tuya_wifi"
link = "tcp://h:1"
parent = "meter"
"""


def test_a_good_configuration_is_read() -> None:
    config = parse_config(GOOD, "a/unclouded.toml", env={})
    assert str(config.zone) == "Europe/Madrid"
    assert config.store == Path("/tmp/x/store.sqlite")
    assert [device.id for device in config.devices] == ["meter", "pump"]


def test_data_on_the_command_line_overrides_the_file() -> None:
    assert parse_config(GOOD, "x", data="/elsewhere", env={}).data == Path("/elsewhere")


def test_the_default_data_folder_is_the_one_for_such_data() -> None:
    assert parse_config("", "x", env={"XDG_DATA_HOME": "/home/me/data"}).data == Path("/home/me/data/unclouded")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("[hub]", "[hub"), "is not TOML"),
        (('id = "meter"', 'id = "Meter 1"'), r"line 6: `id` of device Meter 1: .*a to z"),
        (('id = "pump"', 'id = "meter"'), r"line 6: `id` of device meter: .*twice"),
        (('parent = "meter"', 'parent = "attic"'), r"line 13: `parent` of device pump: .*attic"),
        (
            ('parent = "meter"', 'prent = "meter"'),
            r"line 13: device pump: there is no key `prent`. Did you mean `parent`\?",
        ),
        (('link = "tcp://h:1"', ""), r"line 9: `link` of device pump is missing"),
        (("Europe/Madrid", "Europe/Atlantis"), r"line 3: `timezone` in \[hub\]: there is no time zone"),
        (('parent = "meter"', 'replaces = "meter"'), r"line 13: `replaces` of device pump"),
        (('parent = "meter"', "scale = { power_W = 0 }"), "more than 0"),
        (('parent = "meter"', 'parent = "metre"'), r"Did you mean meter\?"),
        (("Europe/Madrid", "Europe/Madird"), r"Did you mean Europe/Madrid\?"),
        (
            ('parent = "meter"', "scale = { power_W = nan }"),
            r"line 13: `scale.power_W` of device pump must be a number",
        ),
        (('parent = "meter"', "scale = { power_W = 1e999999999 }"), "`scale.power_W` of device pump must be a number"),
        (('parent = "meter"', "scale = { power_W = 1e20 }"), "a factor from"),
        (('parent = "meter"', "alert_above = { power_W = inf }"), "must be a number"),
        (
            ('parent = "meter"', "alert_above = { power_W = 5 }\nalert_below = { power_W = 6 }"),
            "less than alert_below.power_W: always an alert",
        ),
        (('parent = "meter"', "session = { x = " + "1" * 5000 + " }"), "is not TOML"),
        (('parent = "meter"', "session = " + "[" * 5000), "nested too deeply"),
        (('parent = "meter"', "session = " + "{ a = " * 3000), "nested too deeply"),
        (
            ('link = "tcp://h:1"', "link = 7"),
            "line 12: `link` of device pump must be a text or a list, but is a whole number",
        ),
        (('id = "pump"', ""), "line 9: device number 2: the key `id` is missing"),
        (("[hub]", "[hubb]"), r"line 2: there is no key `hubb`. Did you mean `hub`\?"),
        (
            ("tcp://h:1", "serial:/dev/ttyUSB0?baud=9600"),
            "line 12: `link` of device pump: /dev/ttyUSB0 is a link of device meter",
        ),
        (
            ("[hub]", '[weather]\nsource = "sky"\n[hub]'),
            r"line 3: `source` in \[weather\] cannot be 'sky'; docs/unclouded.toml lists",
        ),
        (('"tcp://h:1"', '["tcp://h:1", "rfc2217://h:1"]'), "h:1 is a link of this device already"),
        (('link = "serial:///dev/ttyUSB0"', 'link = "x:y"\nparent = "pump"'), "inside itself"),
    ],
)
def test_an_error_names_the_line_the_key_and_the_device(change: tuple[str, str], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        parse_config(GOOD.replace(*change), "unclouded.toml", env={})


def test_a_missing_file_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"--config.*demo"):
        find_config(str(tmp_path / "none.toml"), env={})
    with pytest.raises(ConfigError, match=r"elsewhere\.toml"):
        find_config(None, env={"UNCLOUDED_CONFIG": str(tmp_path / "elsewhere.toml")})


def test_a_place_that_cannot_be_looked_at_is_said(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read: File name too long"):
        find_config(str(tmp_path / ("n" * 300)), env={})


def test_one_device_can_be_chosen_with_its_gateway() -> None:
    config = parse_config(GOOD, "x", env={})
    assert [one.id for one in config.for_devices(["pump_1234"]).devices] == ["pump"]
    with pytest.raises(ConfigError, match="no device 'attic'"):
        config.for_devices(["attic"])


@pytest.mark.parametrize(
    ("listen", "place"),
    [
        ("", None),
        (NOWHERE, None),
        ("127.0.0.1:8099", ("127.0.0.1", 8099)),
        ("[::1]:0", ("::1", 0)),
        ("attic.local:80", ("attic.local", 80)),
    ],
)
def test_the_address_of_the_page_is_the_configured_one(listen: str, place: tuple[str, int] | None) -> None:
    config = parse_config(f'[web]\nlisten = "{listen}"', "x", env={})
    assert place_of_web(config.web) == place
    assert place_of_web(parse_config("", "x", env={}).with_web(listen).web) == place


@pytest.mark.parametrize(
    "listen", ["8099", ":8099", "host", "host:", "host:99999", "::1:80", "[host]:80", "a b:1", "[::1]"]
)
def test_an_invalid_address_is_named(listen: str) -> None:
    with pytest.raises(ConfigError, match=r"u\.toml, line 2: `listen` in \[web\] is .*write 127\.0\.0\.1:8099"):
        parse_config(f'[web]\nlisten = "{listen}"', "u.toml", env={})
    with pytest.raises(ConfigError, match=r"--web is .*write"):
        parse_config("", "u.toml", env={}).with_web(listen)


@pytest.mark.parametrize("number", ["NaN", "-sNaN", "Infinity"])
@pytest.mark.parametrize(
    ("text", "key"),
    [
        ('[weather]\nlatitude = "{}"\nlongitude = 2', "latitude"),
        ('[costs]\ncarbon_g_per_kWh = "{}"', "carbon_g_per_kWh"),
        ('[[tariff]]\nname = "a"\ncurrency = "EUR"\n[[tariff.part]]\nprice = "{}"', "price"),
        ('[[tariff]]\nname = "a"\ncurrency = "EUR"\n[[tariff.part]]\nprice = {{ x = "{}" }}', "x"),
        ('[[feed]]\nname = "a"\nfactor = "{}"', "factor"),
    ],
)
def test_what_is_no_number_is_refused_where_it_stands(text: str, key: str, number: str) -> None:
    with pytest.raises(ConfigError, match=rf"{key}.*must be a number"):
        parse_config(text.format(number), "u.toml", env={})


@pytest.mark.parametrize("host", ["https://home.example", "home.example:8099", "a/b", "ümlaut"])
def test_an_invalid_host_of_the_page_is_named(host: str) -> None:
    with pytest.raises(ConfigError, match=r"line 2: `host` in \[web\].*omit the port"):
        parse_config(f'[web]\nhost = "attic.local {host}"', "u.toml", env={})
    assert parse_config('[web]\nhost = "attic.local 192.168.1.2 ::1"', "u.toml", env={}).web.host


def test_the_reference_configuration_is_read_and_names_every_key() -> None:
    text = (Path(__file__).parents[3] / "docs" / "unclouded.toml").read_text("utf-8")
    parse_config(text, "docs/unclouded.toml", env={})
    for table in (HubTable, BrokerTable, WebTable, MerossTable, WeatherTable, DeviceTable, ChannelTable, ConfigFile):
        for field in msgspec.structs.fields(table):
            assert field.encode_name in text, f"docs/unclouded.toml does not list {field.encode_name}"


def test_a_file_that_cannot_be_read_is_named_with_a_reason_that_quotes_nothing_of_it(tmp_path: Path) -> None:
    config = tmp_path / "unclouded.toml"
    config.write_text('[meross]\nkey_file = "key"\n')
    with pytest.raises(ConfigError, match=r"key_file`: .*key cannot be read: No such file or directory\.$"):
        load_config(config)
    (tmp_path / "key").write_bytes(b"secret\xff")
    with pytest.raises(ConfigError, match=r"key_file`: .*key cannot be read: it is not UTF-8 text\.$"):
        load_config(config)


def test_the_key_of_plugs_may_stand_in_the_file_and_is_quoted_nowhere(tmp_path: Path) -> None:
    config = tmp_path / "unclouded.toml"
    config.write_text('[broker]\nhost = "hub"\n[meross]\nkey = " 0123abcd "\n')
    loaded = load_config(config, str(tmp_path))
    assert loaded.meross_key.text == "0123abcd" and "0123abcd" not in repr(loaded)
    assert with_plug_key(loaded).meross_key.text == "0123abcd" and not loaded.own_key.exists()
    for wrong, why in (
        ('key = "0123abcd"\nkey_file = "k"', "keep one"),
        ('key = " "', "1 to 64"),
        (f'key = "{"7" * 65}"', "1 to 64"),
    ):
        config.write_text(f"[meross]\n{wrong}\n")
        with pytest.raises(ConfigError, match=f"line 2: .*{why}") as refused:
            load_config(config)
        assert "0123" not in str(refused.value) and "777" not in str(refused.value)


def test_the_hub_and_an_edit_see_the_same_text(tmp_path: Path) -> None:
    """Python would take a single carriage return for the end of a line, which it is not in TOML."""
    file = tmp_path / "unclouded.toml"
    file.write_bytes(b'[hub]\r\ntimezone = "UTC"\r\n')
    assert load_config(file).zone.key == "UTC"
    file.write_bytes(b'[hub]\rtimezone = "UTC"\r')
    with pytest.raises(ConfigError, match="is not TOML"):
        load_config(file)
