"""The start of a hub in the wrong place or at the wrong moment: nothing is borrowed, overwritten, or left behind."""

import os
import re
import signal
import socket
import subprocess
import time
from contextlib import closing
from pathlib import Path

import pytest

from place import UNCLOUDED, Place, place_in, read
from unclouded.app.demo.home import demo
from unclouded.app.hub_process import locked
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.families.tuya.line.framing import Frame
from verb_runner import run_verb

ENOUGH_S = 60


def run(folder: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "XDG_CACHE_HOME": str(folder), "XDG_DATA_HOME": str(folder), **more}
    if not more:
        env.pop("UNCLOUDED_CONFIG", None)
    return subprocess.run(
        [UNCLOUDED, *words], cwd=folder, env=env, capture_output=True, text=True, timeout=ENOUGH_S, check=False
    )


def contents(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.iterdir() if file.is_file()}


# --- a demo that runs beside it ----------------------------------------------------------------------


@pytest.fixture
def folder_with_demo(tmp_path: Path):  # type: ignore[no-untyped-def]  # a generator of the folder
    """What a running demo looks like from outside: its configuration, and a client on its socket."""
    data = tmp_path / "unclouded" / "demo"
    data.mkdir(parents=True)
    (data / "unclouded.toml").write_text(f'[hub]\ndata = "{data}"\n')
    with closing(socket.socket(socket.AF_UNIX)) as listening:
        listening.bind(str(data / "control"))
        listening.listen()
        yield tmp_path


def test_a_hub_never_takes_the_configuration_of_a_demo(folder_with_demo: Path) -> None:
    done = run(folder_with_demo, "run", "--for", "0.1s", "--web", "off", "--data", str(folder_with_demo / "own"))
    assert done.returncode == 0, done.stderr
    assert "There is no unclouded.toml in " in done.stderr and "`unclouded init`" in done.stderr
    assert (folder_with_demo / "own" / "store.sqlite").exists() and not (folder_with_demo / "unclouded.toml").exists()


def test_a_configuration_that_is_named_and_not_there_starts_nothing(tmp_path: Path) -> None:
    done = run(tmp_path, "run", "--config", "none.toml")
    assert done.returncode == 2 and "There is no configuration none.toml" in done.stderr
    assert "unclouded init --config none.toml" in done.stderr and contents(tmp_path) == {}


def test_a_broken_or_missing_configuration_is_not_replaced_by_that_of_the_demo(folder_with_demo: Path) -> None:
    done = run(folder_with_demo, "web", UNCLOUDED_CONFIG="none.toml")
    assert done.returncode == 2 and "none.toml" in done.stderr
    (folder_with_demo / "unclouded.toml").write_text("[hub")
    done = run(folder_with_demo, "web")
    assert done.returncode == 2 and "is not TOML" in done.stderr


async def test_a_second_demo_touches_no_file_of_the_first(tmp_path: Path) -> None:
    for name in ("unclouded.toml", "meross.key", "meter.tty"):
        (tmp_path / name).write_text(f"{name} of the first")
    with locked(tmp_path):
        before = contents(tmp_path)
        with pytest.raises(ConfigError, match="Another hub runs"):
            async with demo(tmp_path):
                pass
        assert contents(tmp_path) == before


async def test_a_demo_whose_page_cannot_be_served_simulates_nothing(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        for web, error, why in (
            (f"127.0.0.1:{other.getsockname()[1]}", LinkRefused, r"The page cannot be served on 127\.0\.0\.1:\d+: "),
            ("8080", ConfigError, "--web is '8080'; write 127.0.0.1:8099, 0.0.0.0:8099 or off"),
        ):
            with pytest.raises(error, match=why):
                async with demo(tmp_path, web=web):
                    pass
    assert list(contents(tmp_path)) == ["lock"]


# --- the data folder ---------------------------------------------------------------------------------


def test_a_data_folder_that_everyone_may_write_is_refused(tmp_path: Path) -> None:
    data = tmp_path / "data"
    data.mkdir()
    data.chmod(0o777)
    with pytest.raises(ConfigError, match=r"chmod o-w"), locked(data):
        pass
    assert not list(data.iterdir())
    data.chmod(0o755)
    with locked(data):
        pass


# --- SIGTERM while it starts -------------------------------------------------------------------------


@pytest.mark.parametrize("verb", ["run", "demo"])
def test_a_hub_that_is_stopped_while_it_starts_ends_in_good_order(tmp_path: Path, verb: str) -> None:
    with place_in(tmp_path, '[web]\nlisten = "off"\n') as place:
        words = ["--config", str(place.config)] if verb == "run" else ["--data", str(tmp_path / "data"), "--web", "off"]
        lock = tmp_path / "data" / "lock"
        for delay in (0.0, 0.05, 0.1, 0.2):
            lock.unlink(missing_ok=True)
            process = place.start(verb, *words)
            until = time.monotonic() + ENOUGH_S
            while not (lock.exists() and lock.read_text()) and time.monotonic() < until:
                time.sleep(0.001)
            time.sleep(delay)
            process.send_signal(signal.SIGTERM)
            process.communicate(timeout=ENOUGH_S)
            place.running.remove(process)
            assert process.returncode == 0, place.log(verb)
        assert "Traceback" not in place.log(verb)


# --- a device of another family ----------------------------------------------------------------------


def test_frames_of_another_family_are_named(tmp_path: Path) -> None:
    frames = b"".join(bytes(Frame(3, 7, bytes([1, 1, 0, 1, on]))) for on in (0, 1, 0))
    with place_in(tmp_path) as place, closing(socket.create_server(("127.0.0.1", 0))) as server:
        link = f"tcp://127.0.0.1:{server.getsockname()[1]}"
        place.configure(f'[web]\nlisten = "off"\n[[device]]\nid = "meter"\nfamily = "emporia"\nlink = "{link}"\n')
        hub, _ = place.hub()
        connection, _ = server.accept()
        with closing(connection):
            connection.sendall(frames)
            line = read(hub, lambda line: line.get("notice", {}).get("kind") == "family")
        assert "look like frames of tuya_wifi" in line["notice"]["words"]


def test_an_offline_device_is_read_with_the_age_of_its_values_and_set_says_why(tmp_path: Path) -> None:
    with place_in(tmp_path) as place:
        sim, ready = place.sim("tuya-plug", "--link", "listen://127.0.0.1:0")
        place.configure(
            f'timezone = "Asia/Tokyo"\n[web]\nlisten = "off"\n[[device]]\nid = "pump"\nfamily = "tuya_wifi"\n'
            f'link = "{ready["link"]}"\nprofile = "tuya/plug_metering"\n'
        )
        hub, _ = place.hub()
        read(hub, lambda line: line.get("point") == "on")
        place.stop(sim)
        status = read(hub, lambda line: line.get("status", {}).get("state") == "offline")["status"]
        done = ask(place, "read", "pump", "on")
        assert done.returncode == 0
        assert "pump is offline since" in done.stderr and "Its last values are" in done.stderr
        assert status["reason"].rstrip(".") in done.stderr or "refuses port" in done.stderr  # by then
        outcome = ask(place, "set", "pump", "on")
        assert outcome.returncode == 1
        assert re.search(r"unreachable: .+\. pump is (offline|waiting): .{20,}[.?] \(\d+ ms\)$", outcome.stdout.strip())


def ask(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    return run_verb((*words, "--config", str(place.config)), place.env, ENOUGH_S)
