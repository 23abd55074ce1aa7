"""The set-up of a plug over the API of a running hub, as the page's wizard does it."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from app.setup.setup_story import FAST, PASSWORD, Bound, ShopPlug, hub_in, in_the_air
from app.test_plug_paths import PATIENCE
from unclouded.app.access.hub_client import HubClient
from unclouded.core.errors import CommandError
from unclouded.families.meross.wire import namespaces


@pytest.fixture(autouse=True)
def quickly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unclouded.app.setup.plug_setup.SetupTimes", lambda: FAST)


class Page:
    """A client of the API; the hub is in this event loop, so every request waits in a thread."""

    def __init__(self, client: HubClient) -> None:
        self._client = client

    async def view(self) -> Any:  # Any: the API's JSON
        return await asyncio.to_thread(self._client.get, "/api/setup")

    async def post(self, path: str, **body: object) -> Any:  # Any: the API's JSON
        return await asyncio.to_thread(self._client.post, path, body)

    async def delete(self, path: str) -> Any:  # Any: the API's JSON
        return await asyncio.to_thread(self._client.delete, path)

    async def until(self, *phases: str) -> Any:  # Any: the API's JSON
        async with asyncio.timeout(PATIENCE):
            while True:
                view = await self.view()
                if view["phase"] in phases:
                    return view
                await asyncio.sleep(0.01)


async def test_a_plug_is_found_chosen_for_and_confirmed(tmp_path: Path) -> None:
    async with hub_in(tmp_path) as (hub, config), in_the_air(ShopPlug()) as address:
        page = Page(HubClient(config.control))
        assert (await page.view())["phase"] == "idle"
        begun = await page.post("/api/setup", address=address)
        assert (begun["phase"], begun["address"]) == ("finding", address)
        found = await page.until("choosing")
        assert found["plug"]["product"] == "mss310" and found["networks"][0]["ssid"] == "My home"
        with pytest.raises(CommandError, match="8 to 63 characters; this one has 5"):
            await page.post("/api/setup/join", ssid="My home", password="12345")
        with pytest.raises(CommandError, match="There is no device 'nowhere'"):
            await page.post("/api/setup/join", ssid="My home", password=PASSWORD, name="Lamp", parent="nowhere")
        assert (await page.view())["phase"] == "choosing", "the person can correct it"
        await page.post("/api/setup/join", ssid="My home", password=PASSWORD, name="Lamp")
        done = await page.until("done", "failed")
        assert (done["phase"], done["device"], done["problem"]) == ("done", "lamp", "")
        assert [one.id for one in hub.hub.devices()] == ["lamp"]
        assert PASSWORD not in str(done) and config.meross_key.text not in str(done)
        with pytest.raises(CommandError, match="Find the plug first"):
            await page.post("/api/setup/join", ssid="My home", password=PASSWORD)


async def test_a_wrong_password_is_a_problem_with_what_to_do_and_it_can_be_tried_again(tmp_path: Path) -> None:
    async with hub_in(tmp_path) as (_, config), in_the_air(ShopPlug()) as address:
        page = Page(HubClient(config.control))
        for password, phase in (("a wrong one", "failed"), (PASSWORD, "done")):
            await page.post("/api/setup", address=address)
            await page.until("choosing")
            await page.post("/api/setup/join", ssid="My home", password=password, name="Lamp")
            view = await page.until("done", "failed")
            assert view["phase"] == phase
            assert ("password of the Wi-Fi is wrong" in view["problem"]) is (phase == "failed")


async def test_a_plug_keeps_its_wifi_and_moves_here(tmp_path: Path) -> None:
    plug = Bound("the old key")
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        page = Page(HubClient(config.control))
        await page.post("/api/setup", address=address, keeps_wifi=True, plug_key="the old key")
        assert (await page.until("choosing"))["networks"] == []
        await page.post("/api/setup/join", name="Lamp")
        assert (await page.until("done", "failed"))["device"] == "lamp"
        assert namespaces.WIFI not in plug.sent
        assert "the old key" not in str(await page.view())


async def test_where_the_plug_sees_no_network_one_that_hides_its_name_can_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unclouded.families.meross.setup.scripts.SCAN_AGAIN_S", 0.01)
    plug = ShopPlug(finds=[])
    async with hub_in(tmp_path) as (_, config), in_the_air(plug) as address:
        page = Page(HubClient(config.control))
        await page.post("/api/setup", address=address)
        view = await page.until("choosing", "failed")
        assert view["phase"] == "choosing" and "sees no Wi-Fi at all" in view["problem"]
        await page.post("/api/setup/join", ssid="Secret", hidden=True, password=PASSWORD, name="Lamp")
        done = await page.until("done", "failed")
        assert (done["phase"], done["problem"]) == ("done", "")


def running_set_ups() -> list[str]:
    return [name for task in asyncio.all_tasks() if (name := task.get_name()).startswith("setup.")]


async def test_a_set_up_can_be_ended_and_the_next_one_ends_the_one_before(tmp_path: Path) -> None:
    async with hub_in(tmp_path) as (_, config), in_the_air(ShopPlug()) as address:
        page = Page(HubClient(config.control))
        await page.post("/api/setup", address="127.0.0.1:9")
        await page.post("/api/setup", address=address)
        await page.until("choosing")
        assert running_set_ups() == [f"setup.{address}"], "only the newest runs"
        assert (await page.delete("/api/setup"))["phase"] == "idle"
        assert not [task for task in asyncio.all_tasks() if task.get_name().startswith("setup")]
        with pytest.raises(CommandError, match="is not an address of a plug"):
            await page.post("/api/setup", address="http://x/y")


async def test_a_hub_that_ends_during_a_set_up_ends_it(tmp_path: Path) -> None:
    async with hub_in(tmp_path) as (_, config):
        await Page(HubClient(config.control)).post("/api/setup", address="127.0.0.1:9")


async def test_an_error_of_this_program_is_a_problem_not_a_silence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(run: object, resets: bool = False) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr("unclouded.app.setup.plug_setup.SetupRun.find", broken)
    async with hub_in(tmp_path) as (_, config):
        page = Page(HubClient(config.control))
        await page.post("/api/setup", address="127.0.0.1:9")
        assert "error in this program" in (await page.until("failed"))["problem"]


async def test_plugs_in_the_network_are_listed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async def none() -> list[object]:
        return []

    monkeypatch.setattr("unclouded.app.discovery.find_in_network", none)
    async with hub_in(tmp_path) as (_, config):
        assert await Page(HubClient(config.control)).post("/api/discover") == []
