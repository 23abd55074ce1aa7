"""A session of our own on the simulated console of a bound plug, line for line: golden_session.txt beside this file.

Time is virtual, so the values in it are the same each time. A change of an answer shows here; write the file again with
``shown()`` where the change is meant.
"""

from pathlib import Path

from families.meross.console.terminal import Terminal
from families.meross.meross_pair import KEY, UUID
from unclouded.core.sessions.session import WireCommand
from unclouded.families.meross.plug.state.wifi_networks import AirNetwork

GOLDEN = Path(__file__).with_name("golden_session.txt")
HOME = AirNetwork(ssid="home", password="correct horse")


def shown(commands: list[str]) -> str:
    """The session: each command behind a prompt, and its answer with squeezed white space."""
    terminal = Terminal(unconfigured=False, key=KEY, dialect="hw2", networks=(HOME,), host="hub.local", port=8883)
    measured = {"electricity.power": 67_379, "electricity.voltage": 2_387, "electricity.current": 418, "onoff": True}
    terminal.device.submit(WireCommand(measured), terminal.now)
    text = ""
    for command in commands:
        text += "".join(f"{line}\n" for line in (f"$ {command}", *terminal.type(command.replace("<uuid>", UUID))))
    return text


def test_the_golden_session_is_as_it_was() -> None:
    golden = GOLDEN.read_text()
    commands = [line.removeprefix("$ ") for line in golden.splitlines() if line.startswith("$ ")]
    assert shown(commands) == golden
