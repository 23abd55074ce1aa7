"""A hub whose configuration is edited through its API, by hand and by signals, while it runs."""

import asyncio
import socket
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, closing, suppress
from pathlib import Path
from typing import Any

import pytest

from asgi import Answer, ask
from unclouded.app.admissions import Admissions, AdmittedPlug
from unclouded.app.configuration.config import load_config, parse_config
from unclouded.app.configuration.live import applied_keys
from unclouded.app.hub_process import RunningHub, running
from unclouded.core.errors import ConfigError, StoreError
from unclouded.core.model import Notice, Reading, Status
from unclouded.core.sessions.session import AskPlace, AskTime, AskWeather, LocalTime
from unclouded.core.views.configuration import HIDDEN
from unclouded.families.tuya.line.framing import Frame
from unclouded.store.reading.reader import StoreReader
from unclouded.web.access.auth import Auth
from unclouded.web.access.hosts import Hosts
from unclouded.web.access.password import CredentialStore, new_token
from unclouded.web.schemas import Role

UUID = "19010100000000000000020000004a07"
DEVICE = '[[device]]\nid = "pump"\nfamily = "tuya_wifi"\nlink = "tcp://127.0.0.1:9"\n'
PATIENCE_S = 60  # never reached in a test that passes
TEXT = """\
# My home
[hub]
data = "{data}"
[web]
listen = "off"

[[device]]  # in the cellar
id = "pump"
family = "tuya_wifi"
link = "tcp://127.0.0.1:9"
session = {{ }}

[[device]]
id = "meter"
family = "emporia"
link = "tcp://127.0.0.1:10"
"""
BROKER_KEYS = {"listen": "127.0.0.1:0", "host": "127.0.0.1"}
BROKER = '[broker]\nlisten = "127.0.0.1:0"\nhost = "127.0.0.1"\n'


class Home:
    """A running hub, its API, and the file of its configuration."""

    def __init__(self, run: RunningHub, file: Path) -> None:
        self.run = run
        self.file = file
        self.facts: list[Any] = []
        run.hub.subscribe(self.facts.extend)

    async def ask(self, method: str, path: str, body: object = None, **more: Any) -> Answer:
        return await ask(self.run.api, method, f"/api/configuration{path}", body=body, **more)

    async def revision(self) -> str:
        return str((await self.ask("GET", "")).json["revision"])

    async def change(self, device: str, **keys: object) -> Answer:
        return await self.ask("PATCH", f"/devices/{device}", {"revision": await self.revision(), "keys": keys})

    def devices(self) -> dict[str, Any]:
        return {one.id: one for one in self.run.hub.devices()}


@asynccontextmanager
async def home(folder: Path, more: str = "", admitted: AdmittedPlug | None = None) -> AsyncIterator[Home]:
    file = folder / "unclouded.toml"
    file.write_text(TEXT.format(data=folder / "data") + more)
    config = load_config(file)
    if admitted is not None:
        Admissions(config).add(admitted)
    async with running(config) as run:
        yield Home(run, file)


async def test_a_name_is_changed_and_counts_at_once(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        before = here.file.read_text()
        name = "Wärme <b>&</b> 👩‍👩‍👧 עברית" + "x" * 150
        answer = await here.change("pump", name=f"  {name} ", room="Cellar", produces=True)
        assert answer.status == 200, answer.json
        assert answer.json["described"] == ["pump"] and answer.json["kept"] == 2 and answer.json["restarted"] == []
        pump = here.devices()["pump"]
        assert (pump.name, pump.room, pump.produces) == (name, "Cellar", True)
        assert [line for line in before.splitlines() if line not in here.file.read_text().splitlines()] == []
        notice = next(fact for fact in here.facts if isinstance(fact, Notice) and fact.kind == "configuration")
        assert notice.words == "Configuration: pump: name, room, produces changed by api."
        view = (await here.ask("GET", "")).json
        assert view["revision"] == view["running"] == answer.json["revision"] and view["devices"][0]["line"] == 7


async def test_two_browsers_and_the_second_gets_what_the_first_changed(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        seen = await here.revision()
        first = await here.ask("PATCH", "/devices/pump", {"revision": seen, "keys": {"name": "Pump"}})
        second = await here.ask("PATCH", "/devices/pump", {"revision": seen, "keys": {"name": "Heat pump"}})
        assert (first.status, second.status) == (200, 409)
        assert second.json["changed"] == [{"device": "pump", "key": "name", "before": None, "after": "Pump"}]
        assert second.json["revision"] == first.json["revision"] and "name of pump" in second.json["detail"]
        assert here.devices()["pump"].name == "Pump"


async def test_a_change_by_hand_is_never_overwritten_and_counts_after_a_reload(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        seen = await here.revision()
        here.file.write_text(here.file.read_text().replace('id = "meter"', 'id = "meter"\nname = "By hand"'))
        refused = await here.ask("PATCH", "/devices/pump", {"revision": seen, "keys": {"name": "Pump"}})
        assert refused.status == 409 and 'name = "By hand"' in here.file.read_text()
        assert here.devices()["meter"].name == "meter"
        done = (await here.ask("POST", "/reload", {})).json
        assert done["described"] == ["meter"] and here.devices()["meter"].name == "By hand"


async def test_an_invalid_file_is_refused_with_its_errors_and_the_hub_goes_on(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        right = here.file.read_text()
        for wrong, says in (("oops", "not TOML"), ('[[device]]\nid = "pump"\n', "used twice"), ("[webb]\n", "webb")):
            here.file.write_text(right + wrong)
            refused = await here.ask("POST", "/reload", {})
            assert refused.status == 422 and says in refused.json["detail"]
            view = (await here.ask("GET", "")).json
            assert says in view["problem"] and view["revision"] != view["running"]
        assert set(here.devices()) == {"pump", "meter"}
        here.run.configuration.request_reload()  # as SIGHUP does
        await asyncio.sleep(0.1)
        assert set(here.devices()) == {"pump", "meter"}


async def test_what_would_make_the_configuration_invalid_is_not_written(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        before = here.file.read_text()
        for device, keys, says in (
            ("pump", {"nme": "x"}, "Did you mean `name`"),
            ("pump", {"link": "tcp://127.0.0.1:10"}, "link of device"),
            ("pump", {"link": "serial:///dev/no_such_port"}, "there is no port"),
            ("pump", {"profile": "tuya/none"}, "no profile"),
            ("pump", {"parent": "pump"}, "no other device"),
            ("pump", {"name": "x" * 201}, "at most 200"),
            ("pump", {"name": "a\x1bb"}, "control characters"),
            ("pump", {"name": 5}, "must be a text"),
            ("pump", {"id": "meter"}, "already"),
            ("pump", {"id": "A b"}, "a to z"),
            ("pump", {"scale": {"power_W": 1e300}}, "digits|factor"),
            ("pump", {"link": "mqtt://…@h"}, "in full"),
            ("pump", {"session": nested(200)}, "tables within tables"),
            ("none", {"name": "x"}, "no device 'none'"),
        ):
            refused = await here.change(device, **keys)
            assert refused.status == 422, (keys, refused.json)
            assert any(one in refused.json["detail"] for one in says.split("|")), refused.json
        assert here.file.read_text() == before and not list((tmp_path / "unclouded.toml.backups").iterdir())


def nested(depth: int) -> dict[str, Any]:
    return {"a": nested(depth - 1)} if depth else {}


async def test_a_port_that_is_missing_does_not_stop_edits_of_other_devices(tmp_path: Path) -> None:
    """Its stick may be unplugged for a while."""
    more = '[[device]]\nid = "stick"\nfamily = "emporia"\nlink = "serial:///dev/no_such_port"\n'
    async with home(tmp_path, more) as here:
        answer = await here.change("pump", name="P")
        assert answer.status == 200 and "no_such_port" in answer.json["warnings"][0]


async def test_a_device_is_added_by_name_and_removed_with_its_history_kept(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        for number in (1, 2):
            keys = {"name": "Küche: Lampe", "family": "tuya_wifi", "link": f"tcp://127.0.0.1:2{number}"}
            added = await here.ask("POST", "/devices", {"revision": await here.revision(), "keys": keys})
            assert added.status == 200, added.json
        assert added.json["device"] == "kuche_lampe_2" and added.json["added"] == ["kuche_lampe_2"]
        assert list(here.devices()) == ["pump", "meter", "kuche_lampe", "kuche_lampe_2"]
        bare = await here.ask("DELETE", f"/devices/kuche_lampe?revision={await here.revision()}")
        assert bare.status == 400 and "history" in bare.json["detail"], "what happens to the history must be said"
        gone = await here.ask("DELETE", f"/devices/kuche_lampe?revision={await here.revision()}&history=keep")
        assert gone.json["removed"] == ["kuche_lampe"] and "kuche_lampe" not in here.devices()


async def test_keys_of_the_hub_count_now_or_are_named_for_the_next_start(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        assert not isinstance(here.run.hub.answer(AskPlace()), Mapping)
        more = '[weather]\nsource = "fixed"\nlatitude = 1\nlongitude = 2\nvalues = { temp = 3 }\n'
        here.file.write_text(here.file.read_text().replace('"off"', '"127.0.0.1:0"') + more)
        done = (await here.ask("POST", "/reload", {})).json
        assert done["applied"] == ["weather"] and done["needs_restart"] == ["web.listen"]
        assert done["kept"] == 2 and here.run.hub.answer(AskPlace()) == {"latitude": 1.0, "longitude": 2.0}
        assert here.run.hub.answer(AskWeather()) == {"w.temp": 3}
        assert (await here.change("pump", name="P")).json["needs_restart"] == ["web.listen"]


async def test_another_key_in_the_same_file_counts_at_the_next_start(tmp_path: Path) -> None:
    key = tmp_path / "plugs.key"
    key.write_text("one")
    async with home(tmp_path, '[meross]\nkey_file = "plugs.key"\n') as here:
        assert (await here.ask("POST", "/reload", {})).json["needs_restart"] == []
        key.write_text("other")
        done = await here.ask("POST", "/reload", {})
        assert done.json["needs_restart"] == ["meross.key_file"] and b"other" not in done.body


PLUG_KEY = "5e1f0c2bd4a39786"


async def test_the_key_of_plugs_is_given_by_the_page_and_never_shown(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with home(tmp_path) as here:
        done = await here.ask("PATCH", "/hub/meross", {"revision": await here.revision(), "keys": {"key": PLUG_KEY}})
        assert done.json["needs_restart"] == ["meross.key"]
        shown = await ask(here.run.api, "GET", "/api/configuration")
        (table,) = (one for one in shown.json["tables"] if one["table"] == "meross")
        assert [table["keys"], table["fields"][0]["kind"], table["fields"][0]["is_local"]] == [
            {"key": HIDDEN},
            "secret",
            False,
        ]
        again = await here.ask(
            "PATCH", "/hub/meross", {"revision": await here.revision(), "keys": {"download_port": 0}}
        )
        events = await ask(here.run.api, "GET", "/api/events")
        assert not any(PLUG_KEY.encode() in one.body for one in (done, shown, again, events))
        assert load_config(here.file).meross_key.text == PLUG_KEY and PLUG_KEY not in caplog.text


async def test_a_broker_that_is_new_starts_at_once_and_other_devices_go_on(tmp_path: Path) -> None:
    plug = f'[[device]]\nid = "plug"\nfamily = "meross"\nuuid = "{UUID}"\nlink = "broker:"\n'
    async with home(tmp_path) as here:
        right = here.file.read_text()
        here.file.write_text(right + BROKER + plug.replace("uuid", "name"))
        refused = await here.ask("POST", "/reload", {})
        assert refused.status == 422 and "needs the `uuid`" in refused.json["detail"]
        here.file.write_text(right + BROKER + plug)
        done = (await here.ask("POST", "/reload", {})).json
        assert (done["needs_restart"], done["added"], done["kept"]) == ([], ["plug"], 2)
        assert done["applied"] == ["broker"] and (here.file.parent / "data/state/meross.key").exists()
        assert (await ask(here.run.api, "GET", "/api/hub")).json["broker"]["listen"].startswith("127.0.0.1:")
        again = (await here.ask("POST", "/reload", {})).json
        assert (again["needs_restart"], again["applied"], again["kept"]) == ([], [], 3)


async def test_a_broker_whose_port_is_taken_waits_for_the_next_start_and_says_why(tmp_path: Path) -> None:
    plug = f'[[device]]\nid = "plug"\nfamily = "meross"\nuuid = "{UUID}"\nlink = "broker:"\n'
    async with home(tmp_path) as here:
        with socket.create_server(("127.0.0.1", 0)) as other:
            place = f"127.0.0.1:{other.getsockname()[1]}"
            here.file.write_text(here.file.read_text() + f'[broker]\nlisten = "{place}"\nhost = "a"\n' + plug)
            done = (await here.ask("POST", "/reload", {})).json
        assert (done["needs_restart"], done["applied"], done["added"]) == (["broker"], [], ["plug"])
        assert f"cannot listen on {place}" in " ".join(done["warnings"])
        async with asyncio.timeout(PATIENCE_S):
            while not any(isinstance(one, Status) and one.state == "faulted" for one in here.facts):
                await asyncio.sleep(0.01)
        reason = next(one.reason for one in here.facts if isinstance(one, Status) and one.state == "faulted")
        assert "where [broker] is new, restart it" in reason


async def test_what_a_reload_would_do_names_a_new_broker_as_it_is_applied(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        here.file.write_text(here.file.read_text() + BROKER)
        asked = (await here.ask("POST", "/reload", {"dry_run": True})).json
        assert (asked["applied"], asked["needs_restart"], asked["dry_run"]) == (["broker"], [], True)
        assert (await here.ask("GET", "")).json["needs_restart"] == []
        done = (await here.ask("POST", "/reload", {})).json
        assert (done["applied"], done["needs_restart"]) == (["broker"], [])
        here.file.write_text(here.file.read_text().replace('host = "127.0.0.1"', 'host = "localhost"'))
        asked = (await here.ask("POST", "/reload", {"dry_run": True})).json
        assert (asked["applied"], asked["needs_restart"]) == ([], ["broker.host"]), "another change of it waits"


@pytest.mark.parametrize("error", [OSError(28, "No space left on device"), StoreError("The disk is full.")])
async def test_a_broker_without_certificates_is_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def refuse(broker: object) -> None:
        raise error

    async with home(tmp_path) as here:
        with monkeypatch.context() as patch:
            patch.setattr("unclouded.links.broker.server.BrokerServer.make_certificates", refuse)
            done = await here.ask("PATCH", "/hub/broker", {"revision": await here.revision(), "keys": BROKER_KEYS})
        assert done.status == 200 and done.json["needs_restart"] == ["broker"], done.json
        assert str(error) in " ".join(done.json["warnings"])
        assert "broker" in (await here.ask("GET", "")).json["needs_restart"], "the file has it, the hub has none"
        again = (await here.ask("POST", "/reload", {})).json
        assert (again["applied"], again["needs_restart"]) == (["broker"], []), "another try is enough"


async def test_a_change_that_fails_behind_the_broker_can_be_applied_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refuse(*args: object) -> None:
        raise ConfigError("A profile is gone.")

    async with home(tmp_path) as here:
        with monkeypatch.context() as patch:
            patch.setattr(here.run.hub, "reconfigure", refuse)
            done = await here.ask("PATCH", "/hub/broker", {"revision": await here.revision(), "keys": BROKER_KEYS})
        assert done.status == 422
        assert (await ask(here.run.api, "GET", "/api/hub")).json["broker"]["listen"].startswith("127.0.0.1:")
        again = (await here.ask("POST", "/reload", {})).json
        assert again["needs_restart"] == [] and len(here.devices()) == 2
        view = (await here.ask("GET", "")).json
        assert view["revision"] == view["running"]


async def test_a_broker_that_a_plug_needs_is_not_taken_away(tmp_path: Path) -> None:
    """The hub could go on with it, but could not start again."""
    plug = f'[[device]]\nid = "plug"\nfamily = "meross"\nuuid = "{UUID}"\nlink = "broker:"\n'
    async with home(tmp_path, BROKER + plug) as here:
        here.file.write_text(here.file.read_text().replace(BROKER, ""))
        refused = await here.ask("POST", "/reload", {})
        assert refused.status == 422 and "needs a [broker] table" in refused.json["detail"]


async def test_another_time_zone_counts_at_once_for_devices_history_and_requests(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        here.file.write_text(here.file.read_text().replace("[hub]", '[hub]\ntimezone = "Asia/Tokyo"'))
        done = (await here.ask("POST", "/reload", {})).json
        assert done["applied"] == ["hub.timezone"] and set(done["restarted"]) == {"pump", "meter"}
        assert (await ask(here.run.api, "GET", "/api/hub")).json["timezone"] == "Asia/Tokyo"
        local = here.run.hub.answer(AskTime(local=True))
        assert isinstance(local, LocalTime) and local.offset_s == 9 * 3600
        assert (await ask(here.run.api, "GET", "/api/energy?by=day")).json["timezone"] == "Asia/Tokyo"


async def test_secrets_are_never_shown_and_stay(tmp_path: Path) -> None:
    more = f'[[device]]\nid = "plug"\nfamily = "meross"\nuuid = "{UUID}"\nlink = "http://10.0.0.9"\n'
    async with home(tmp_path, more + 'session = { key = "hidden-key" }\n') as here:
        answer = await here.change("plug", name="Plug", session={"electricity_poll_s": 5})
        view = await here.ask("GET", "")
        assert answer.status == 200 and b"hidden-key" not in answer.body + view.body
        assert view.json["devices"][2]["keys"]["session"] == {"key": "…", "electricity_poll_s": 5}
        assert 'key = "hidden-key"' in here.file.read_text()
        assert (await here.change("plug", session={"key": "…"})).status == 422
        other = await here.change("plug", session={"key": "other-key"})
        assert b"other-key" not in other.body and other.json["restarted"] == ["plug"]


async def test_a_plug_that_was_admitted_is_put_into_the_file_by_a_change(tmp_path: Path) -> None:
    async with home(tmp_path, BROKER, AdmittedPlug("lamp", UUID, "Lamp", "pump")) as here:
        shown = (await here.ask("GET", "")).json["devices"][-1]
        assert shown["admitted"] and shown["keys"]["name"] == "Lamp" and shown["line"] is None
        renamed = await here.change("pump", id="heat_pump")
        assert renamed.json["renamed"] == {"pump": "heat_pump"} and here.devices()["lamp"].parent == "heat_pump"
        answer = await here.change("lamp", room="Hall")
        assert answer.status == 200 and answer.json["described"] == ["lamp"], answer.json
        assert Admissions(load_config(here.file)).admitted == []
        assert (await here.ask("GET", "")).json["devices"][-1]["line"] is not None
        gone = await here.ask("DELETE", f"/devices/lamp?revision={await here.revision()}&history=keep")
        assert gone.json["removed"] == ["lamp"] and "lamp" not in here.devices()


async def test_a_plug_that_was_admitted_is_removed_as_any_other(tmp_path: Path) -> None:
    async with home(tmp_path, BROKER, AdmittedPlug("lamp", UUID, "Lamp")) as here:
        gone = await here.ask("DELETE", f"/devices/lamp?revision={await here.revision()}&history=delete")
        assert gone.json["removed"] == ["lamp"] and "lamp" not in here.devices()
        assert Admissions(load_config(here.file)).admitted == []


async def test_from_the_network_no_file_of_the_computer_can_be_named(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        remote = RemoteApi(here.run, tmp_path / "state", "control")
        for keys in (
            {"record": "../.ssh/authorized_keys"},
            {"link": "mqtts://h:1?user=a&password_file=/etc/passwd"},
            {"link": ["replay:/etc/passwd"]},
            {"channel": [{"name": "a", "family": "hlw8032", "link": "pty:/tmp/x"}]},
        ):
            body = {"revision": await here.revision(), "keys": keys}
            refused = await remote.ask("PATCH", "/api/configuration/devices/pump", body)
            assert refused.status == 422 and "unclouded config set" in refused.json["detail"]
        assert (await here.change("pump", record="pump.jsonl")).status == 200, "over the Unix socket it can"


async def test_who_may_only_view_sees_no_configuration(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        remote = RemoteApi(here.run, tmp_path / "state", "read")
        for method, path in (("GET", ""), ("GET", "/backups"), ("POST", "/reload"), ("PATCH", "/devices/pump")):
            assert (await remote.ask(method, f"/api/configuration{path}", {})).status == 403


class RemoteApi:
    """The API as a program in the network reaches it, with a token of that role."""

    def __init__(self, run: RunningHub, folder: Path, role: Role) -> None:
        credentials = CredentialStore(folder)
        self._token, made = new_token("t", role, 0)
        credentials.change(lambda known: known.with_token(made))
        self._app = Auth(run.api, credentials, Hosts(("localhost",)), False, lambda: 0.0, lambda: 0.0)

    async def ask(self, method: str, path: str, body: object) -> Answer:
        headers = {"authorization": f"Bearer {self._token}"}
        return await ask(self._app, method, path, headers, None if method == "GET" else body)


# --- history ------------------------------------------------------------------------------------------


@asynccontextmanager
async def measured(folder: Path) -> AsyncIterator[tuple[Home, socket.socket]]:
    """The pump reports over a real link, and its history is stored."""
    with closing(socket.create_server(("127.0.0.1", 0))) as server:
        server.setblocking(False)
        async with home(folder) as here:
            link = f"tcp://127.0.0.1:{server.getsockname()[1]}"
            assert (await here.change("pump", link=link, profile="tuya/plug_metering")).status == 200
            await report(here, server, "pump")
            yield here, server


async def report(here: Home, server: socket.socket, id: str) -> None:
    """Let the pump report until a value is stored."""
    loop = asyncio.get_running_loop()

    def is_stored() -> bool:
        return any(isinstance(one, Reading) and one.device == id for one in here.facts)

    async with asyncio.timeout(PATIENCE_S):
        while not is_stored():
            wire, _ = await loop.sock_accept(server)
            with closing(wire), suppress(ConnectionError):  # the first may be of the hub before its change
                while not is_stored():
                    await loop.sock_sendall(wire, bytes(Frame(3, 7, bytes([1, 1, 0, 1, 1]))))
                    await asyncio.sleep(0.05)
                await here.run.store.flush()


def stored(here: Home, device: str) -> list[Any]:
    with StoreReader(here.file.parent / "data" / "store.sqlite") as reader:
        return [row.value for row in reader.history(device, ["on"])]


async def test_the_history_of_a_renamed_device_goes_on(tmp_path: Path) -> None:
    async with measured(tmp_path) as (here, server):
        before = here.devices()["pump"].identity
        renamed = await here.change("pump", id="heat_pump", name="Heat pump")
        assert renamed.json["renamed"] == {"pump": "heat_pump"}
        await report(here, server, "heat_pump")
        assert here.devices()["heat_pump"].identity == before
        assert stored(here, "heat_pump") == stored(here, before) and stored(here, before)


@pytest.mark.parametrize("history", ["keep", "delete"])
async def test_a_history_is_kept_or_deleted_as_it_was_said(tmp_path: Path, history: str) -> None:
    async with measured(tmp_path) as (here, _):
        identity = here.devices()["pump"].identity
        path = f"/devices/pump?revision={await here.revision()}&history={history}"
        assert (await here.ask("DELETE", path)).status == 200
        await here.run.store.flush()
        with StoreReader(tmp_path / "data" / "store.sqlite") as reader:
            known = [one.identity for one in reader.devices()]
        assert (identity in known) == (history == "keep") and len(known) == (history == "keep")
        words = [one.words for one in here.facts if isinstance(one, Notice) and one.kind == "configuration"]
        assert ("history of pump deleted" in words[-1]) == (history == "delete")
        assert here.run.hub._kept.counts(identity) == (history == "keep")


async def test_tables_of_the_hub_are_changed_without_a_device_that_restarts(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        seen = await here.revision()
        body = {"revision": seen, "keys": {"name": "  Casa   Olivos "}}
        done = await here.ask("PATCH", "/hub/hub", body)
        assert done.status == 200, done.json
        assert (done.json["applied"], done.json["restarted"], done.json["kept"]) == (["hub.name"], [], 2)
        assert (await ask(here.run.api, "GET", "/api/hub")).json["name"] == "Casa Olivos"
        assert "# My home" in here.file.read_text()

        conflict = await here.ask("PATCH", "/hub/hub", {**body, "keys": {"timezone": "Europe/Lisbon"}})
        assert conflict.status == 409 and conflict.json["changed"][0]["key"] == "hub.name"

        for path, keys, says in (
            ("/hub/hub", {"timezone": "Mars/Base"}, "`timezone` in [hub]"),
            ("/hub/hub", {"name": "x" * 201}, "at most 200"),
            ("/hub/webb", {"listen": "off"}, "Did you mean web"),
            ("/hub/web", {"tls": "yes"}, "`tls` in [web]"),
        ):
            refused = await here.ask("PATCH", path, {"revision": await here.revision(), "keys": keys})
            assert refused.status == 422 and says in refused.json["detail"], refused.json

        later = await here.ask("PATCH", "/hub/web", {"revision": await here.revision(), "keys": {"tls": True}})
        assert later.json["needs_restart"] == ["web.tls"]
        view = (await here.ask("GET", "")).json
        tables = {one["table"]: one for one in view["tables"]}
        assert view["needs_restart"] == ["web.tls"] and tables["web"]["keys"] == {"listen": "off", "tls": True}
        assert (tables["hub"]["name"], tables["hub"]["fields"][1]["name"]) == ("Home", "Time zone")
        back = await here.ask("DELETE", f"/hub/web?revision={later.json['revision']}")
        assert back.status == 200 and "[web]" not in here.file.read_text()


async def test_a_secret_of_a_list_is_never_shown_and_stays_when_another_key_changes(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        keys = {"url": "ntfy://top-secret/topic", "language": "en"}
        added = await here.ask("POST", "/hub/notification", {"revision": await here.revision(), "keys": keys})
        assert added.status == 200, added.json
        changed = await here.ask(
            "PATCH", "/hub/notification/1", {"revision": await here.revision(), "keys": {"language": "de"}}
        )
        view = await here.ask("GET", "")
        assert b"secret/" not in added.body + changed.body + view.body and b"top-" not in view.body
        assert "ntfy://top-secret/topic" in here.file.read_text() and 'language = "de"' in here.file.read_text()
        sent_back = {"revision": await here.revision(), "keys": {"url": "…"}}
        assert "hidden" in (await here.ask("PATCH", "/hub/notification/1", sent_back)).json["detail"]
        gone = await here.ask("DELETE", f"/hub/notification/1?revision={await here.revision()}")
        assert gone.status == 200 and "notification" not in here.file.read_text()


async def test_a_room_is_renamed_in_all_its_devices_at_once(tmp_path: Path) -> None:
    async with home(tmp_path) as here:
        await here.change("pump", room="Cellar")
        await here.change("meter", room="Cellar")
        body = {"revision": await here.revision(), "room": "Cellar", "name": " Wine  cellar "}
        done = (await here.ask("POST", "/rooms", body)).json
        assert sorted(done["described"]) == ["meter", "pump"] and done["restarted"] == []
        assert {one.room for one in here.devices().values()} == {"Wine cellar"}
        body = {"revision": done["revision"], "room": "Wine cellar", "name": ""}
        assert (await here.ask("POST", "/rooms", body)).status == 200 and "Wine" not in here.file.read_text()
        refused = await here.ask("POST", "/rooms", {**body, "revision": await here.revision(), "room": "Attic"})
        assert refused.status == 422 and "no room 'Attic'" in refused.json["detail"]


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("backup", '[backup]\nfolder = "/backups"\n'),
        ("calendar", '[calendar]\nholidays = ["2026-12-08"]\n'),
        ("costs", "[costs]\ncarbon_g_per_kWh = 100\n"),
        ("feed", '[[feed]]\nname = "spot"\n'),
        ("retention", '[[retention]]\nraw = "30 days"\n'),
        ("rule", '[[rule]]\nname = "a"\nat = "07:00"\nset = "pump on"\n'),
        ("tariff", '[[tariff]]\nname = "a"\ncurrency = "EUR"\n[[tariff.part]]\nname = "all"\nprice = 0.2\n'),
    ],
)
def test_each_table_that_counts_at_once_is_named_when_it_changes(name: str, text: str) -> None:
    before, after = (parse_config(one, "unclouded.toml", env={}) for one in (DEVICE, DEVICE + text))
    assert applied_keys(before, after) == (name,)
    assert applied_keys(after, after) == ()
