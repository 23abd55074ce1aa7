"""Two ends of a line are two wires, however their addresses are written."""

from pathlib import Path

import pytest

from unclouded.app.recording.recorder import check_ends
from unclouded.core.errors import CommandError


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("serial:///dev/ttyX0", "serial:/dev/ttyX0?baud=9600"),
        ("serial:/dev/ttyX0", "serial:/dev/../dev/ttyX0"),
        ("pty:/dev/ttyX0", "serial:/dev/ttyX0"),
        ("tcp://plug:6638", "tcp://PLUG:6638/"),
        ("tcp://plug:6638", "rfc2217://plug:6638?baud=9600"),
        ("listen://127.0.0.1:6638", "tcp://localhost:6638"),
        ("listen://0.0.0.0:6638", "tcp://127.0.0.1:6638"),
        ("listen://[::]:6638", "tcp://[::1]:6638"),
    ],
)
def test_the_same_wire_is_refused_in_any_spelling(one: str, other: str) -> None:
    for urls in ([one, other], [other, one]):
        with pytest.raises(CommandError, match="Both ends are the same wire"):
            check_ends(urls)


def test_a_link_to_a_port_is_the_same_port(tmp_path: Path) -> None:
    (tmp_path / "by-id").symlink_to(tmp_path / "ttyX0")
    with pytest.raises(CommandError, match="Both ends are the same wire"):
        check_ends([f"serial:{tmp_path}/by-id", f"serial:{tmp_path}/ttyX0"])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("listen://127.0.0.1:0", "listen://127.0.0.1:0"),
        ("tcp://plug:6638", "tcp://plug:6639"),
        ("listen://0.0.0.0:6638", "tcp://192.0.2.1:6638"),
        ("serial:/dev/ttyX0", "serial:/dev/ttyX1"),
    ],
)
def test_other_wires_are_two(one: str, other: str) -> None:
    check_ends([one, other])


def test_a_terminal_that_replaces_an_old_one_is_a_wire_of_its_own(tmp_path: Path) -> None:
    """What a program that was killed has left leads to a terminal that may be another one's by now."""
    (tmp_path / "old").symlink_to("/dev/pts/9999")
    check_ends([f"pty:{tmp_path}/old", "serial:/dev/pts/9999"])
