"""A hub with a broker, simulated plugs in other processes, and a user at the command line."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from place import Place, place_in, read

CONFIG = """
[broker]
listen = "127.0.0.1:0"
host = "127.0.0.1"
[meross]
key_file = "plugs.key"
"""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    with place_in(tmp_path, CONFIG) as here:
        (tmp_path / "other.key").write_text("another key\n")
        yield here


def plug(place: Place, broker: str, key: str = "plugs.key", *more: str) -> str:
    """A simulated plug that connects to the broker; its UUID."""
    words = ("--server", f"mqtts://{broker}", "--key-file", str(place.folder / key), "--load", "lamp", *more)
    return str(place.sim("mss310", *words)[1]["uuid"])


def test_a_plug_that_connects_is_seen_admitted_switched_and_known_after_a_restart(place: Place) -> None:
    hub, ready = place.hub()
    uuid = plug(place, ready["broker"])
    read(hub, lambda line: line.get("status", {}).get("state") == "seen")
    (seen,) = place.ask("devices")
    assert (seen["id"], seen["state"]) == (uuid, "seen") and "unclouded admit" in seen["reason"]

    (taken,) = place.ask("admit", uuid, "--id", "lamp")
    assert taken["id"] == "lamp"
    read(hub, lambda line: line.get("device") == "lamp" and line.get("point") == "power_W")
    assert [one["id"] for one in place.ask("devices")] == ["lamp"]
    assert place.ask("set", "lamp", "off")[0]["outcome"] == "confirmed"
    assert place.ask("read", "lamp", "on")[0]["value"] is False
    place.ask("admit", uuid, "--id", "lamp", code=2)

    place.stop(hub)
    assert {row["device"] for row in place.ask("history", "lamp")} == {"lamp"}
    _, again = place.hub()
    assert again["devices"] == ["lamp"]


def test_a_plug_with_another_key_is_distinguished_and_the_log_names_the_remedy(place: Place) -> None:
    _, ready = place.hub()
    plug(place, ready["broker"], "other.key", "--seed", "9")
    for _ in range(100):
        if "another key" in place.log("run"):
            break
        place.ask("devices")
    assert "Bind the plug again" in place.log("run")
    assert place.ask("devices") == []
    for text in ("the right key", "another key\n"):
        assert text not in place.log("run").replace("with another key.", "")


def test_a_plug_that_only_connects_needs_a_running_hub(place: Place) -> None:
    device = f'[[device]]\nid = "lamp"\nfamily = "meross"\nuuid = "{"1" * 32}"\nlink = "broker:"\n'
    place.config.write_text(place.config.read_text() + device)
    assert "Start the hub first" in place.ask("read", "lamp", code=1)[0]["error"]["message"]


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        ('[[device]]\nid = "x"\nfamily = "meross"\nlink = "broker:"', "needs the `uuid`"),
        ('[[device]]\nid = "x"\nfamily = "meross"\nlink = "mqtts://broker:8883"', "needs the `uuid`"),
        ('[[device]]\nid = "x"\nfamily = "meross"\nlink = ["http://h", "gopher:"]', "has no link gopher"),
    ],
)
def test_a_wrong_plug_in_the_configuration_is_named(place: Place, lines: str, words: str) -> None:
    place.config.write_text(place.config.read_text() + lines)
    assert words in place.ask("check", code=2)[0]["error"]["message"]


def test_a_port_in_use_is_one_sentence(place: Place) -> None:
    _, ready = place.hub()
    text = place.config.read_text().replace("127.0.0.1:0", ready["broker"])
    place.config.write_text(text.replace(f"{place.folder / 'data'}", f"{place.folder / 'other'}"))
    (line,) = place.ask("run", "--for", "1s", code=1)
    assert "cannot listen" in line["error"]["message"] and "[broker] listen" in line["error"]["message"]
