"""A plug that connects to the broker with the right password, before somebody admits it."""

import asyncio
from pathlib import Path

from app.test_plug_paths import KEY, PATIENCE, simulated, state, until, value, write_config
from unclouded.app.config import load_config
from unclouded.app.hub_process import running
from unclouded.app.simulated_plug import bound, client_link
from unclouded.sim.serve import Simulation


async def bound_to_server(simulation: Simulation) -> None:
    """Wait until the plug is bound."""
    (device,) = simulation.devices
    async with asyncio.timeout(PATIENCE):
        while device._driver is None or not device._driver._session._pairing.is_bound:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)


async def test_a_plug_is_bound_before_it_is_admitted_and_is_admitted_after_it_connected_again(tmp_path: Path) -> None:
    plug = bound(9, KEY)
    config = write_config(tmp_path, "[broker]", 'listen = "127.0.0.1:0"', 'host = "127.0.0.1"')
    async with running(load_config(config)) as run:
        hub, broker = run.hub, run.broker
        assert broker is not None
        for _ in range(2):
            async with simulated(client_link("127.0.0.1", broker.address[1], plug), plug) as simulation:
                await bound_to_server(simulation)
                assert state(hub) == "seen" and value(hub, "on") is None, "no device yet: nothing of it is read"
                assert [one.id for one in hub.devices()] == [plug.uuid]
        async with simulated(client_link("127.0.0.1", broker.address[1], plug), plug) as simulation:
            await bound_to_server(simulation)
            await hub.admit(plug.uuid, "kettle")
            await until(hub, lambda: state(hub) == "online" and value(hub, "on") is not None)
            assert [one.id for one in hub.devices()] == ["kettle"]
