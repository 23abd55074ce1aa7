"""A plug that is connected to the broker, whose device in the configuration changes meanwhile."""

from pathlib import Path

from app.test_admissions import BROKER, bound_to_server
from app.test_plug_paths import KEY, simulated, state, until, write_config
from unclouded.app.configuration.config import load_config
from unclouded.app.hub_process import running
from unclouded.app.simulation.simulated_plug import bound, client_link
from unclouded.core.model import Admission, Command
from unclouded.core.views.configuration import EditOrigin

CLI = EditOrigin("cli")


async def test_it_is_online_again_under_another_id_and_seen_after_it_was_removed(tmp_path: Path) -> None:
    plug = bound(9, KEY)
    async with running(load_config(write_config(tmp_path, *BROKER))) as run:
        hub, broker, live = run.hub, run.broker, run.configuration
        assert broker is not None
        async with simulated(client_link("127.0.0.1", broker.address[1], plug), plug) as simulation:
            await bound_to_server(simulation)
            await hub.admit(Admission(uuid=plug.uuid, name="Kettle"))
            await until(hub, lambda: state(hub) == "online")
            identity = hub.devices()[0].identity
            revision = (await live.view()).revision
            done = await live.change(revision, "kettle", {"id": "tea", "room": "Kitchen"}, CLI)
            assert done.renamed == {"kettle": "tea"}
            await until(hub, lambda: state(hub) == "online" and hub.devices()[0].identity == identity)
            outcome = await hub.command(Command("tea", "on", True, "cli"))
            assert outcome.result == "confirmed"
            gone = await live.remove(done.revision, "tea", "keep", CLI)
            assert gone.removed == ("tea",)
            await until(hub, lambda: [one.id for one in hub.devices()] == [plug.uuid] and state(hub) == "seen")
            keys = {"name": "Kettle", "family": "meross", "uuid": plug.uuid, "link": "broker:"}
            assert (await live.add(gone.revision, keys, CLI)).added == ("kettle",)
            await until(hub, lambda: state(hub) == "online")
            assert [one.id for one in hub.devices()] == ["kettle"], "it is no longer listed as seen"
