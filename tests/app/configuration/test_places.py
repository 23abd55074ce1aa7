"""Where keys stand in a TOML text, and what was meant."""

from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.app.configuration.places import ConfigPlaces, did_you_mean

TEXT = '''
[hub]   # the hub
timezone = "Europe/Madrid"
note = """
[device]
id = "no key"
"""
[[device]]
id = "plug"
link = [
    "http://192.168.1.4",   # ]
    "broker:",
]
[device.session]
poll_s = 3
[[device]]
id = "pump"
session = { poll_s = 3 }
[[device.channel]]
name = "wifi"
[[device.channel]]
name = "console"
link = "serial:/dev/ttyUSB0"
[ web ]
"listen" = "off"
'''


def test_each_key_has_its_line() -> None:
    places = ConfigPlaces(TEXT)
    lines = TEXT.splitlines()
    cases: list[tuple[tuple[str | int, ...], str]] = [
        (("hub", "timezone"), "timezone"),
        (("device", 0), "[[device]]"),
        (("device", 0, "link"), "link = ["),
        (("device", 0, "session", "poll_s"), "poll_s = 3"),
        (("device", 1, "session", "poll_s"), "session ="),
        (("device", 1, "channel", 1, "link"), "link ="),
        (("web", "listen"), '"listen"'),
        (("web", "none"), "[ web ]"),
    ]
    for path, text in cases:
        line = places.line(path)
        assert line is not None and lines[line - 1].startswith(text), path
    assert places.line(("meross", "key_file")) is None


def test_keys_are_named_by_the_id_of_their_device() -> None:
    places = ConfigPlaces(TEXT)
    assert places.name(("device", 1, "channel", 0, "link")) == "`link` of channel wifi of device pump"
    assert places.name(("device", 0, "session", "poll_s")) == "`session.poll_s` of device plug"
    assert places.name(("device", 7)) == "device number 8"
    assert places.name(("hub", "timezone")) == "`timezone` in [hub]"


def test_only_what_is_alike_is_meant() -> None:
    assert did_you_mean("lnk", ["link", "name"], "`") == " Did you mean `link`?"
    assert did_you_mean("xyzzy", ["link", "name"]) == ""
    assert did_you_mean("l" * 10**6, ["link"]) == ""


@settings(deadline=None)
@given(st.text(alphabet="[]{}\"'=#\n.a_ ", max_size=300))
def test_no_text_makes_the_search_fail(text: str) -> None:
    ConfigPlaces(text).located("x: Object contains unknown field `a` - at `$.a[0].b`", "x")


def test_lines_are_those_that_an_editor_counts() -> None:
    """Separators of lines and pages within a comment or a name end no line of TOML; a byte order mark is not a key."""
    text = "\ufeff[hub]\r\n# a\u2028b\x85c\r\n[[device]]\r\nid = 'a'\r\nroom = 'x\u2028y\x1cz'\r\nlnk = 1\r\n"
    places = ConfigPlaces(text)
    assert (places.line(("hub",)), places.line(("device", 0)), places.line(("device", 0, "lnk"))) == (1, 3, 6)
    assert places.name(("device", 0, "lnk")) == "`lnk` of device a"
