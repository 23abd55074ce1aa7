"""What is kept of admitted plugs, who may connect, and what is said where a plug cannot be admitted or forgotten."""

from pathlib import Path

import msgspec
import pytest

from app.test_plug_paths import write_config
from unclouded.app.admissions import (
    Admissions,
    AdmittedPlug,
    DeviceAdmitter,
    admitted_plug,
    as_device,
    make_broker,
    table_of,
)
from unclouded.app.configuration.config import load_config
from unclouded.app.device_factory import DeviceFactory
from unclouded.core.errors import CommandError, ConfigError
from unclouded.core.model import Admission
from unclouded.core.sessions.session import Refusal
from unclouded.links.broker.client import PlugIdentity
from unclouded.links.broker.server import SeenPlug

BROKER = ("[broker]", 'listen = "127.0.0.1:0"', 'host = "127.0.0.1"')
METER = ("[[device]]", 'id = "meter"', 'family = "emporia"', 'link = "tcp://127.0.0.1:9"')
UUID = "19010100000000000000020000004a07"
OTHER = "19010100000000000000020000004a08"
KETTLE = AdmittedPlug("kettle", UUID, "Kettle", "meter", True)
LAMP = AdmittedPlug("lamp", OTHER, "", "kettle")


@pytest.fixture
def admissions(tmp_path: Path) -> Admissions:
    return Admissions(load_config(write_config(tmp_path, *BROKER, *METER)))


def again(tmp_path: Path) -> list[AdmittedPlug]:
    """What the next run reads."""
    return Admissions(load_config(tmp_path / "unclouded.toml")).admitted


def test_what_is_admitted_is_kept_without_what_is_usual(tmp_path: Path, admissions: Admissions) -> None:
    admissions.add(KETTLE)
    admissions.add(LAMP)
    (file,) = tmp_path.rglob("admitted.json")
    assert file.parent.name == "state" and [one.name for one in file.parent.iterdir()] == ["admitted.json"]
    assert msgspec.json.decode(file.read_bytes()) == [
        {"id": "kettle", "uuid": UUID, "name": "Kettle", "parent": "meter", "produces": True},
        {"id": "lamp", "uuid": OTHER, "parent": "kettle"},
    ]
    assert again(tmp_path) == [KETTLE, LAMP]


def test_a_plug_is_removed_by_its_id_or_its_uuid_and_follows_the_new_id_of_its_parent(
    tmp_path: Path, admissions: Admissions
) -> None:
    admissions.add(KETTLE)
    admissions.add(LAMP)
    admissions.follow("kettle", "boiler")
    admissions.follow("none", "other")
    assert again(tmp_path) == [KETTLE, msgspec.structs.replace(LAMP, parent="boiler")]
    admissions.remove_plug("none")
    assert len(again(tmp_path)) == 2
    admissions.remove_plug(UUID)
    assert [one.id for one in again(tmp_path)] == ["lamp"]
    admissions.remove("kettle")
    assert [one.id for one in again(tmp_path)] == ["lamp"]
    admissions.remove("lamp")
    assert again(tmp_path) == []


def test_only_a_change_is_written(tmp_path: Path, admissions: Admissions) -> None:
    admissions.add(KETTLE)
    (file,) = tmp_path.rglob("admitted.json")
    before = file.stat().st_mtime_ns, file.stat().st_ino
    admissions.follow("none", "other")
    admissions.remove_plug("none")
    assert (file.stat().st_mtime_ns, file.stat().st_ino) == before


def test_a_plug_of_the_configuration_counts_as_that(tmp_path: Path) -> None:
    lines = ("[[device]]", 'id = "k"', 'family = "meross"', 'link = "broker:"', f'uuid = "{UUID.upper()}"')
    config = load_config(write_config(tmp_path, *BROKER, *lines))
    admissions = Admissions(config)
    admissions.add(KETTLE)
    admissions.add(LAMP)
    assert [one.id for one in admissions.devices(config.devices)] == ["lamp"]
    table = table_of(KETTLE)
    assert (table.id, table.family, table.link, table.uuid) == ("kettle", "meross", "broker:", UUID)
    assert (table.name, table.parent, table.produces) == ("Kettle", "meter", True)


@pytest.mark.parametrize("text", [b"{", b"[1]", b'[{"id": "x"}]'])
def test_a_file_that_is_damaged_is_named(tmp_path: Path, admissions: Admissions, text: bytes) -> None:
    admissions.add(KETTLE)
    (file,) = tmp_path.rglob("admitted.json")
    file.write_bytes(text)
    with pytest.raises(ConfigError, match=r"admitted.json cannot be read: it is damaged. Move it away and admit"):
        again(tmp_path)


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path, admissions: Admissions) -> None:
    admissions.add(KETTLE)
    (file,) = tmp_path.rglob("admitted.json")
    file.unlink()
    file.mkdir()
    with pytest.raises(ConfigError, match="cannot be read: Is a directory"):
        again(tmp_path)


def test_who_may_connect_is_decided_by_the_family(admissions: Admissions) -> None:
    mac = "34:29:8f:00:00:01"
    wrong = admissions.identify(f"fmware:{UUID}_random", mac, "wrong")
    assert isinstance(wrong, Refusal)
    assert not isinstance(admissions.identify("", "", ""), PlugIdentity)
    assert isinstance(admissions.answer(PlugIdentity(UUID), b"{}", lambda _: Refusal("no")), tuple | list)


# --- a running hub ------------------------------------------------------------------------------------


def admitter(admissions: Admissions, tmp_path: Path) -> DeviceAdmitter:
    config = load_config(tmp_path / "unclouded.toml")
    broker = make_broker(config, admissions)
    assert broker is not None and broker.address == ("127.0.0.1", 0)
    return DeviceAdmitter(config, admissions, DeviceFactory(config, broker), broker)


def test_a_plug_is_admitted_once_and_forgotten_by_its_id(tmp_path: Path, admissions: Admissions) -> None:
    one = admitter(admissions, tmp_path)
    with pytest.raises(CommandError, match=r"^There is no device 'x'\. Plugs that were admitted: none\.$"):
        one.forget("x", ["meter"])
    node = one.admit(Admission(uuid=UUID, name="Kettle", parent="meter", produces=True), ["meter"])
    assert node.id == "kettle" and again(tmp_path) == [KETTLE]
    with pytest.raises(CommandError, match=r"^meter is in .*Remove it there: unclouded config remove meter$"):
        one.forget("meter", ["meter", "kettle"])
    with pytest.raises(
        CommandError, match=r"^other was not admitted, so it cannot be forgotten\. .* admitted: kettle\."
    ):
        one.forget("other", ["other"])
    with pytest.raises(CommandError, match=r"^There is no device 'ketle'\. .*admitted: kettle\..*kettle"):
        one.forget("ketle", ["meter", "kettle"])
    one.forget("kettle", ["meter", "kettle"])
    assert again(tmp_path) == []


def test_each_device_of_the_configuration_is_removed_there(tmp_path: Path) -> None:
    second = (*METER[:1], 'id = "second"', METER[2], 'link = "tcp://127.0.0.1:10"')
    admissions = Admissions(load_config(write_config(tmp_path, *BROKER, *METER, *second)))
    for device in ("meter", "second"):
        with pytest.raises(CommandError, match=f"^{device} is in .*Remove it there"):
            admitter(admissions, tmp_path).forget(device, ["meter", "second"])


def test_the_plugs_that_are_connected_are_reported_to_whoever_asks(tmp_path: Path, admissions: Admissions) -> None:
    config = load_config(tmp_path / "unclouded.toml")
    broker = make_broker(config, admissions)
    assert broker is not None
    seen: list[SeenPlug] = []
    one = DeviceAdmitter(config, admissions, DeviceFactory(config, broker), broker)
    one.report_connected()
    broker.on_seen = seen.append
    broker.seen = lambda: [SeenPlug(UUID, "10.0.0.9", 5.0)]  # type: ignore[method-assign]
    one.report_connected()
    assert seen == [SeenPlug(UUID, "10.0.0.9", 5.0)]
    DeviceAdmitter(config, admissions, DeviceFactory(config, None), None).report_connected()


def test_a_plug_that_is_seen_is_listed_under_its_uuid() -> None:
    device = as_device(SeenPlug(UUID.upper(), "10.0.0.9", 5.0))
    assert (device.id, device.identity, device.family, device.link, device.profile) == (
        UUID,
        "",
        "meross",
        "broker:",
        "",
    )
    assert device.info == {"uuid": UUID, "address": "10.0.0.9"}


def test_a_configuration_without_a_broker_has_none(tmp_path: Path) -> None:
    config = load_config(write_config(tmp_path, *METER))
    assert make_broker(config, Admissions(config)) is None


@pytest.mark.parametrize(
    ("admission", "taken", "says"),
    [
        (Admission(uuid=UUID, id="meter"), ["meter"], "^There is a device 'meter' already; choose another --id.$"),
        (Admission(uuid=UUID, id="A"), [], "^'A' may have only a to z, 0 to 9 and _."),
        (Admission(uuid=UUID), [], "^Name the plug with --name"),
        (
            Admission(uuid=UUID, id="x", parent="y"),
            [],
            "^There is no device 'y' to count it inside. There are: none[.]$",
        ),
        (Admission(uuid=UUID, id="x", parent="y"), ["a", "b"], "There are: a, b."),
    ],
)
def test_why_a_plug_cannot_be_admitted(admission: Admission, taken: list[str], says: str) -> None:
    with pytest.raises(CommandError, match=says):
        admitted_plug(admission, taken)


def test_a_plug_whose_name_has_no_letters_is_called_by_the_end_of_its_uuid() -> None:
    assert admitted_plug(Admission(uuid=UUID, name="電気"), []).id == "plug_4a07"
    assert admitted_plug(Admission(uuid=UUID, id="x", parent="y", produces=True), ["y"]) == AdmittedPlug(
        "x", UUID, "", "y", True
    )
