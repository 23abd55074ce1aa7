"""Debian's ser2net between the hub and a simulated MCU, with the settings that docs/links.md names."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from place import place_in, read

PROGRAM = shutil.which("ser2net", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin")
TRIES = 5  # ports to try: another process may take a free one before ser2net does
CONFIG = """
connection: &appliance
    accepter: {accepter},127.0.0.1,{port}
    connector: serialdev(nouucplock=true),{line},9600n81,local
    options:
        kickolduser: true
"""
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="ser2net is not installed (Debian: apt install ser2net)")


@contextmanager
def ser2net(folder: Path, accepter: str, line: Path) -> Iterator[int]:
    """The port where it serves the line."""
    for _ in range(TRIES):
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        config = folder / "ser2net.yaml"
        config.write_text(CONFIG.format(accepter=accepter, port=port, line=line))
        process = subprocess.Popen([str(PROGRAM), "-n", "-d", "-c", str(config)], stderr=subprocess.DEVNULL)
        try:
            if serves(process, port):
                yield port
                return
        finally:
            process.terminate()
            process.wait()
    raise AssertionError("ser2net does not start")


def serves(process: "subprocess.Popen[bytes]", port: int) -> bool:
    """Wait until the port is taken; False where the program ends before."""
    while process.poll() is None:
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize(
    ("accepter", "link"),
    [("tcp", "tcp://127.0.0.1:{port}"), ("telnet(rfc2217),tcp", "rfc2217://127.0.0.1:{port}?baud=9600")],
    ids=["tcp", "rfc2217"],
)
def test_a_device_behind_it_is_read_and_switched(tmp_path: Path, accepter: str, link: str) -> None:
    line = tmp_path / "line"
    with place_in(tmp_path) as place:
        place.sim("tuya-plug", "--link", f"pty:{line}", "--load", "lamp")
        with ser2net(tmp_path, accepter, line) as port:
            url = link.format(port=port)
            place.configure(f'[[device]]\nid = "lamp"\nfamily = "tuya_wifi"\nlink = "{url}"\n')
            hub, _ = place.hub()
            read(hub, lambda line: line.get("point") == "power_W")
            for state in ("off", "on"):
                assert place.ask("set", "lamp", state)[0]["outcome"] == "confirmed"
            place.stop(hub)
