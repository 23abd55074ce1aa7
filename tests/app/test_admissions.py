"""A plug that connects to the broker with the right password, before it is admitted, and after it is forgotten."""

import asyncio
import errno
import os
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.test_plug_paths import KEY, PATIENCE, simulated, state, until, value, write_config
from unclouded.app.admissions import Admissions, AdmittedPlug, admitted_plug
from unclouded.app.configuration.checks.values import DEVICE_ID
from unclouded.app.configuration.config import load_config
from unclouded.app.configuration.names import id_for
from unclouded.app.hub_process import running
from unclouded.app.simulation.simulated_plug import bound, client_link
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Admission, Notice, Reading, Status
from unclouded.hub.hub import Hub
from unclouded.sim.serve import Simulation

BROKER = ("[broker]", 'listen = "127.0.0.1:0"', 'host = "127.0.0.1"')
METER = ("[[device]]", 'id = "meter"', 'family = "emporia"', 'link = "tcp://127.0.0.1:9"')
UUID = "19010100000000000000020000004a07"


async def bound_to_server(simulation: Simulation) -> None:
    """Wait until the plug is bound."""
    (device,) = simulation.devices
    async with asyncio.timeout(PATIENCE):
        while device._driver is None or not device._driver._session._binding.is_bound:  # type: ignore[attr-defined]
            await asyncio.sleep(0.01)


def ids(hub: Hub) -> list[str]:
    return [one.id for one in hub.devices()]


async def test_a_plug_is_bound_before_it_is_admitted_and_is_admitted_after_it_connected_again(tmp_path: Path) -> None:
    plug = bound(9, KEY)
    config = write_config(tmp_path, *BROKER)
    async with running(load_config(config)) as run:
        hub, broker = run.hub, run.broker
        assert broker is not None
        for _ in range(2):
            async with simulated(client_link("127.0.0.1", broker.address[1], plug), plug) as simulation:
                await bound_to_server(simulation)
                assert state(hub) == "seen" and value(hub, "on") is None, "no device yet: nothing of it is read"
                assert ids(hub) == [plug.uuid]
        async with simulated(client_link("127.0.0.1", broker.address[1], plug), plug) as simulation:
            await bound_to_server(simulation)
            device = await hub.admit(Admission(uuid=plug.uuid, name="Kettle"))
            assert (device.id, device.name) == ("kettle", "Kettle")
            await until(hub, lambda: state(hub) == "online" and value(hub, "on") is not None)
            assert ids(hub) == ["kettle"]


async def test_a_plug_is_admitted_with_its_parent_forgotten_and_admitted_again_under_the_same_identity(
    tmp_path: Path,
) -> None:
    plug = bound(9, KEY)
    config = load_config(write_config(tmp_path, *BROKER, *METER))
    notices: list[str] = []
    async with running(config) as run:
        hub, broker = run.hub, run.broker
        assert broker is not None
        hub.subscribe(lambda facts: notices.extend(one.kind for one in facts if isinstance(one, Notice)))
        async with simulated(client_link("127.0.0.1", broker.address[1], plug), plug):
            await until(hub, lambda: plug.uuid in ids(hub))
            await hub.admit(Admission(uuid=plug.uuid, name="Roof", parent="meter", produces=True))
            await until(hub, lambda: value(hub, "on") is not None)
            (roof,) = [one for one in hub.devices() if one.id == "roof"]
            assert (roof.name, roof.parent, roof.produces) == ("Roof", "meter", True)
            with pytest.raises(CommandError, match=r"roof counts inside meter. Forget it first"):
                await hub.forget("meter")
            gone = await hub.forget("roof")
            assert gone.identity == roof.identity != ""
            left = [fact for fact in hub.snapshot() if isinstance(fact, Reading | Status) and fact.device == "roof"]
            assert not left, "nothing of it is shown any more"
            assert ids(hub) == ["meter", plug.uuid], "it is still connected: it is listed, and can be admitted again"
            assert not Admissions(config).admitted and "forgotten" in notices
            again = await hub.admit(Admission(uuid=plug.uuid, name="Roof"))
            await until(hub, lambda: next(one.identity for one in hub.devices() if one.id == "roof") != "")
            assert again.parent == ""
            assert next(one.identity for one in hub.devices() if one.id == "roof") == gone.identity
    async with running(config) as run:
        assert ids(run.hub) == ["meter", "roof"], "what was admitted is known after a restart"


async def test_what_cannot_be_forgotten_says_why(tmp_path: Path) -> None:
    async with running(load_config(write_config(tmp_path, *BROKER, *METER))) as run:
        with pytest.raises(CommandError, match=r"meter is in .*unclouded.toml. Remove it there: unclouded config"):
            await run.hub.forget("meter")
        with pytest.raises(CommandError, match=r"There is no device 'kettle'. Plugs that were admitted: none"):
            await run.hub.forget("kettle")
    async with running(load_config(write_config(tmp_path, *METER))) as run:
        with pytest.raises(CommandError, match="no broker"):
            await run.hub.forget("meter")


@pytest.mark.parametrize(
    ("name", "taken", "id"),
    [
        ("Kettle", (), "kettle"),
        ("  Coffee   machine ", (), "coffee_machine"),
        ("Küche: Straße 2", (), "kuche_strasse_2"),
        ("Smørrebrød", (), "smorrebrod"),
        ("Kettle", ("kettle",), "kettle_2"),
        ("Kettle", ("kettle", "kettle_2"), "kettle_3"),
        ("電気ケトル", (), "plug_4a07"),
        ("---", (), "plug_4a07"),
        ("İstanbul", (), "istanbul"),
    ],
)
def test_the_id_follows_from_the_name(name: str, taken: tuple[str, ...], id: str) -> None:
    assert id_for(name, taken, "plug_4a07") == id


@given(st.text(max_size=80), st.sets(st.sampled_from(["kettle", "kettle_2", "a", "plug_4a07"])))
def test_every_name_gives_an_id_that_is_valid_and_free(name: str, taken: set[str]) -> None:
    id = id_for(name, taken, "plug_4a07")
    assert DEVICE_ID.fullmatch(id) and id not in taken


@pytest.mark.parametrize(
    ("admission", "says"),
    [
        (Admission(uuid=UUID), "Name the plug"),
        (Admission(uuid=UUID, name="x" * 201), "at most 200"),
        (Admission(uuid=UUID, name="a\x1b[31m"), "control characters"),
        (Admission(uuid=UUID, id="Kettle 1"), "a to z"),
        (Admission(uuid=UUID, id="meter"), "already"),
        (Admission(uuid=UUID, name="Kettle", parent="mter"), "meter"),
    ],
)
def test_a_name_id_or_parent_that_cannot_be_used_says_why(admission: Admission, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        admitted_plug(admission, ["meter"])


def test_a_plug_may_have_an_id_without_a_name_and_a_name_of_its_own_choice() -> None:
    assert admitted_plug(Admission(uuid=UUID, id="lamp"), []) == AdmittedPlug("lamp", UUID)
    assert admitted_plug(Admission(uuid=UUID, id="lamp", name="Lamp"), []) == AdmittedPlug("lamp", UUID, "Lamp")


def test_a_plug_that_is_admitted_again_has_one_entry(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, *BROKER))
    admissions = Admissions(config)
    admissions.add(AdmittedPlug("lamp", UUID))
    admissions.add(AdmittedPlug("kettle", UUID, "Kettle"))
    assert Admissions(config).admitted == [AdmittedPlug("kettle", UUID, "Kettle")]


def test_one_id_for_an_admitted_plug_and_a_device_of_the_configuration_is_reported(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, *BROKER, *METER))
    admissions = Admissions(config)
    admissions.add(AdmittedPlug("meter", UUID))
    with pytest.raises(ConfigError, match="The id meter is that of a"):
        admissions.devices(config.devices)


def test_a_data_folder_that_cannot_be_written_changes_nothing(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, *BROKER))
    admissions = Admissions(config)
    config.data.mkdir()
    (config.data / "state").write_text("a file where the folder should be")
    with pytest.raises(CommandError, match="Nothing was changed"):
        admissions.add(AdmittedPlug("lamp", UUID))
    assert not admissions.admitted


def test_an_admission_that_is_confirmed_outlives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    config = load_config(write_config(tmp_path, *BROKER))
    admissions, synced = Admissions(config), list[Path]()
    monkeypatch.setattr(os, "fsync", lambda number: synced.append(Path(f"/proc/self/fd/{number}").readlink()))
    admissions.add(AdmittedPlug("kettle", UUID))
    state = config.data / "state"
    assert [one == state for one in synced] == [False, True] and synced[0].parent == state, "the file, its name"
    assert (state / "admitted.json").stat().st_mode & 0o777 == 0o600

    def fail(number: int) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CommandError, match=r"admitted.json cannot be written: Input/output error. Nothing was changed"):
        admissions.remove("kettle")
    assert admissions.admitted == Admissions(config).admitted == [AdmittedPlug("kettle", UUID)]


def test_the_file_of_an_earlier_version_is_read(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, *BROKER))
    (config.data / "state").mkdir(parents=True)
    (config.data / "state" / "admitted.json").write_bytes(msgspec.json.encode([{"id": "kettle", "uuid": UUID}]))
    assert Admissions(config).devices(config.devices)[0].uuid == UUID
