from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unclouded.core.errors import ConfigError
from unclouded.links import SCHEMES, check_url, open_link
from unclouded.links.url import redacted

GOOD = [
    "serial:///dev/ttyUSB0",
    "serial:///dev/ttyUSB0?baud=4800&parity=even&stopbits=1&exclusive=no",
    "serial:/dev/ttyACM0",
    "serial:///dev/serial/by-id/usb-Prolific%20Adapter-if00-port0?baud=9600",
    "tcp://192.168.1.30:6638",
    "tcp://bridge.local:23/",
    "tcp://[fe80::1]:6638",
    "tcp://[fe80::1%eth0]:6638",
    "rfc2217://192.168.1.30:2217?baud=9600",
    "pty:meter",
    "pty:///tmp/meter",
    "listen://127.0.0.1:0",
    "replay:heater.jsonl",
    "replay:heater.jsonl?speed=0&from=controller",
    "http://192.168.1.40",
    "http://192.168.1.40:8080?timeout=5",
    "http-listen://127.0.0.1:0",
    "mqtts://192.168.1.5?user=hub&password_file=secret",
]

BAD = {
    "": "is not a link",
    "/dev/ttyUSB0": "is not a link",
    "ttyUSB0:": "has no link ttyusb0:",
    "gopher://192.168.1.40": "has no link gopher: (in gopher://192.168.1.40). It has serial:, tcp:",
    "mqtts:host": "mqtts://192.168.1.5:8883",
    "broker:": "has no link broker:",
    "memory:": "can only be made in Python",
    "serial://dev/ttyUSB0": "must have one or three slashes, not two. Write serial:///dev/ttyUSB0",
    "serial:": "contains no file path",
    "serial:///dev/ttyUSB0?baud=fast": "has baud=fast. It must be a whole number from 50 to 4000000",
    "serial:///dev/ttyUSB0?baud=0": "has baud=0",
    "serial:///dev/ttyUSB0?baud=٣٠٠": "It must be a whole number",
    "serial:///dev/ttyUSB0?parity=8E1": "has parity=8E1. It must be one of none, even, odd, mark, space",
    "serial:///dev/ttyUSB0?stopbits=3": "It must be one of 1, 2",
    "serial:///dev/ttyUSB0?exclusive=maybe": "It must be one of 1, yes",
    "serial:///dev/ttyUSB0?baudrate=9600": "has the unknown setting 'baudrate'. It takes baud, parity",
    "serial:///dev/ttyUSB0?baud=1200&baud=9600": "has the setting 'baud' twice",
    "tcp://192.168.1.30": "needs a host and a port, as in tcp://192.168.1.30:6638",
    "tcp://:6638": "needs a host and a port",
    "tcp:192.168.1.30:6638": "is not of the form tcp://",
    "tcp://host:99999": "has the port '99999'. A port is a number from 1 to 65535",
    "tcp://host:0": "has the port '0'",
    **dict.fromkeys(
        ("tcp://[::1:66", "tcp://::g:66", "http://1.2.3.4:80:80", "tcp://a b:66", "tcp://\u202ea:66", "tcp://[a]:66"),
        "has an invalid host. Write ",
    ),
    "tcp://host:66/path": "is not of the form",
    "tcp://host:66?baud=9600": "has the unknown setting 'baud'. It takes none",
    "tcp://admin@host:66": "has a user name, which this scheme does not support",
    "listen://0.0.0.0": "needs a host and a port",
    "replay:": "contains no file path",
    "replay:x?speed=-1": "It must be a number from 0",
    "replay:x?speed=nan": "It must be a number from 0",
    "replay:x?from=plug": "It must be one of device, controller",
    "tcp://host:" + "1" * 2_000: "is not a link",
}


@pytest.mark.parametrize("text", GOOD)
def test_a_good_address_opens_nothing_yet(text: str) -> None:
    check_url(text)


@pytest.mark.parametrize("text", BAD)
def test_a_bad_address_is_explained(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_url(text)
    assert BAD[text] in str(caught.value)
    assert str(caught.value).endswith(".")


@pytest.mark.parametrize(
    "text",
    [
        "tcp://admin:hunter2@host:66",
        "tcp://host:66?password=hunter2",
        "tcp://host:66?%70assword=hunter2&x=hunter2",
        "hunter2@host?token=hunter2",
        "broker:hunter2@host",
        "serial:///dev/x?baud=9600&key=hunter2",
        "tcp://a:b@c:hunter2@host:66",
    ],
)
def test_no_password_is_ever_shown(text: str) -> None:
    with pytest.raises(ConfigError) as caught:
        check_url(text)
    assert "hunter2" not in str(caught.value)
    assert "hunter2" not in redacted(text)


@settings(deadline=None)  # the first one imports the modules
@given(st.one_of(st.text(max_size=60), st.builds("{}:{}".format, st.sampled_from(SCHEMES), st.text(max_size=60))))
def test_any_text_is_a_link_or_a_config_error(text: str) -> None:
    try:
        open_link(text)
    except ConfigError as error:
        assert str(error)


def test_relative_files_start_at_the_base(tmp_path: Path) -> None:
    link = open_link("pty:sub/meter", base=tmp_path)
    assert getattr(link, "path", None) == tmp_path / "sub" / "meter"
