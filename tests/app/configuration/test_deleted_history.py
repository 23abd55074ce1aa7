"""A history that is deleted is that of the device which was removed, and of nothing that is called like it."""

import asyncio
from pathlib import Path

import pytest

from unclouded.app.configuration.access import FileAccess
from unclouded.app.configuration.config import load_config
from unclouded.app.hub_process import running
from unclouded.core.model import Device
from unclouded.core.views.configuration import EditOrigin
from unclouded.store.sink import Store

TEXT = """\
[hub]
data = "{data}"
[web]
listen = "off"

[[device]]
id = "bath"
family = "tuya_gateway"
link = "tcp://127.0.0.1:9"

[[device]]
id = "bath_2"
family = "tuya_gateway"
link = "tcp://127.0.0.1:10"
"""
KNOWN = {
    "own": ("bath", "tcp://127.0.0.1:9"),
    "own/a1": ("bath_a1", "tcp://127.0.0.1:9"),  # its sub-devices
    "own/B-2": ("old_b_2", "tcp://127.0.0.1:9"),  # from the time when it was called otherwise
    "former": ("bath", "tcp://127.0.0.1:7"),  # removed earlier, its history kept; the same id is used again
    "lamp": ("bath_lamp", "tcp://127.0.0.1:8"),  # removed earlier, its history kept
    "other": ("bath_2", "tcp://127.0.0.1:10"),
    "other/c3": ("bath_2_c3", "tcp://127.0.0.1:10"),
}
OWN = {"own", "own/a1", "own/B-2"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """The configuration of a hub that has stored all these devices, and has received from none of them since."""
    file = tmp_path / "unclouded.toml"
    file.write_text(TEXT.format(data=tmp_path / "data"))
    (tmp_path / "data").mkdir()
    asyncio.run(store_devices(file))
    return file


async def store_devices(file: Path) -> None:
    store = Store(load_config(file).store)
    store.open()
    for identity in ("former", *(one for one in KNOWN if one != "former")):
        id, link = KNOWN[identity]
        store.deliver([Device(id=id, identity=identity, family="tuya_gateway", link=link, profile="")])
        await store.flush()
    await store.close()


def stored(file: Path) -> set[str]:
    store = Store(load_config(file).store)
    store.open()
    try:
        return {one.identity for one in store.stored_state().devices}
    finally:
        asyncio.run(store.close())


def test_without_a_hub(file: Path) -> None:
    assert stored(file) == set(KNOWN)
    FileAccess(file).remove("bath", "delete")
    assert set(KNOWN) - stored(file) == OWN


async def test_by_a_hub_that_runs(file: Path) -> None:
    async with running(load_config(file)) as run:
        await run.configuration.remove((await run.configuration.view()).revision, "bath", "delete", EditOrigin("test"))
    assert set(KNOWN) - await asyncio.to_thread(stored, file) == OWN
