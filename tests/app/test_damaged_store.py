"""The pages of a store are damaged: the hub of its own process starts, switches, and says what happened."""

import json
from pathlib import Path

import pytest

from place import Place, place_in, read
from unclouded.store.reading.reader import StoreReader

PLUG = """
[web]
listen = "off"
[[device]]
id = "plug"
family = "tuya_wifi"
link = "{link}"
profile = "tuya/plug_metering"
"""
PAGE = 4096


def overwrite(place: Place, pieces: list[tuple[int, bytes]]) -> None:
    store = place.folder / "data" / "store.sqlite"
    with store.open("r+b") as file:
        for offset, data in pieces:
            file.seek(offset)
            file.write(data)


@pytest.mark.parametrize("where", ["its first page", "every page but the first"])
def test_a_hub_with_a_damaged_store_switches_and_its_history_is_salvaged(tmp_path: Path, where: str) -> None:
    with place_in(tmp_path) as place:
        _, sim = place.sim("tuya-plug", "--link", "listen://127.0.0.1:0")
        place.configure(PLUG.format(link=sim["link"]))
        hub, _ = place.hub()
        read(hub, lambda line: line.get("point") == "power_W")
        assert place.ask("set", "plug", "on")[0]["outcome"] == "confirmed"
        place.stop(hub)
        store = tmp_path / "data" / "store.sqlite"
        pages = range(1, store.stat().st_size // PAGE) if where != "its first page" else range(1)
        overwrite(place, [(page * PAGE, b"\xa5" * PAGE) for page in pages])
        damaged = store.read_bytes()

        hub, _ = place.hub()
        read(hub, lambda line: line.get("point") == "power_W")
        assert place.ask("set", "plug", "off")[0]["outcome"] == "confirmed"
        (aside,) = tmp_path.glob("data/store-damaged-*.sqlite")
        assert aside.read_bytes() == damaged
        log = place.log("run")
        assert "damaged" in log and f"unclouded store salvage {aside}" in log and "Traceback" not in log
        assert "is running" not in log
        place.ask("store", "salvage", str(aside), code=2)  # a hub runs
        place.stop(hub)
        with StoreReader(store) as reader:
            kinds = [event.kind for event in reader.events()]
        assert "store_damaged" in kinds

        (done,) = place.ask("store", "salvage", str(aside))
        assert done["salvaged"]["file"] == str(aside)
        with StoreReader(store) as reader:
            commands = [event.data["words"] for event in reader.events("plug") if event.kind == "command"]
        assert len(commands) == (2 if where == "its first page" else 1)
        assert json.dumps(done)
