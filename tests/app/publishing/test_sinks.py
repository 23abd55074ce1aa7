"""What the tables of [[influx]], [[webhook]], [homekit] and [[notification]] must be, and what they say where not."""

import importlib.metadata
import json
from pathlib import Path

import pytest

from unclouded.app.configuration.config import Config, parse_config
from unclouded.app.publishing import homekit, notifications, sinks
from unclouded.app.publishing.registry import PublisherContext
from unclouded.core.errors import ConfigError
from unclouded.core.system.extras import LIBRARIES

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"
DEVICE = '[[device]]\nid = "a"\nfamily = "meross"\nlink = "http://10.0.0.2"\n'
WRITE = 'url = "http://h:8086/write"\n'


def config(text: str, folder: Path = Path()) -> Config:
    return parse_config(text, str(folder / "unclouded.toml"), env={})


def context(text: str, folder: Path) -> PublisherContext:
    return PublisherContext(config(text, folder), None, folder, lambda: 0.0, print)  # type: ignore[arg-type]  # no hub


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('[[influx]]\nurl = "h:8086"', "write the whole address"),
        ('[[influx]]\nurl = "http://h:99999/"', "write the whole address"),
        ('[[influx]]\nurl = "http://me:s3cret@h/write"', "belongs into the file"),
        ('[[webhook]]\nurl = "https://s3cret@h/hook"', "belongs into the file"),
        (f'[[influx]]\n{WRITE}user = "me"', "the password of me"),
        (f'[[influx]]\n{WRITE}measurement = "a\\nb"', "write a name"),
        (f'[[influx]]\n{WRITE}devices = ["a b"]', "is not an id of a device"),
        (f'[[webhook]]\n{WRITE}content = ["all"]', "content"),
        ('[homekit]\nname = " "', "printable characters"),
        ('[homekit]\naddress = "0.0.0.0"', "an address of this computer"),
        ('[homekit]\naddress = "hub.local"', "an address of this computer"),
        ("[[notification]]", "one of them"),
        ('[[notification]]\nurl = "https://hooks.example/s3cret"', "SERVICE://"),
        ('[[notification]]\nurl = "x://y"\nquiet = "25:00-7"', "22:00-07:00"),
        (f"{DEVICE}finished = {{ above_W = 1, below_W = 2 }}", "not be more than above_W"),
        ('[mqtt]\nurl = "mqtt://me:s3cret@h"', "password_file"),
        ('[mqtt]\nurl = "http://h"', "mqtt://"),
        ('[mqtt]\nurl = "mqtt://h"\npassword = "s3cret"', "whose password"),
    ],
)
def test_a_table_that_is_wrong_says_what_to_write_and_shows_no_secret(text: str, says: str) -> None:
    with pytest.raises(ConfigError) as error:
        config(text)
    assert says in str(error.value) and "s3cret" not in str(error.value)


@pytest.mark.parametrize("content", [None, b"", b"s3cret\ns3cret", b"s3cret\x80", b"s3\x1bcret"])
@pytest.mark.parametrize("table", ["influx", "webhook"])
def test_a_file_of_a_secret_that_cannot_be_used_is_named_and_not_shown(
    tmp_path: Path, table: str, content: bytes | None
) -> None:
    if content is not None:
        (tmp_path / "token").write_bytes(content)
    make = {"influx": sinks.make_influx, "webhook": sinks.make_webhook}[table]
    with pytest.raises(ConfigError, match="token_file") as error:
        make(context(f'[[{table}]]\n{WRITE}token_file = "token"', tmp_path))
    assert "s3" not in str(error.value).replace(str(tmp_path), "")


def test_an_authority_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"\[\[webhook\]\] cafile"):
        sinks.make_webhook(context('[[webhook]]\nurl = "https://h/"\ncafile = "ca.pem"', tmp_path))


def test_a_library_that_is_missing_is_named_with_the_command_that_installs_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def version(name: str) -> str:
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    for extra, text, make in (
        ("homekit", "[homekit]", homekit.make),
        ("notifications", '[[notification]]\nurl = "x://y"', notifications.make),
    ):
        with pytest.raises(ConfigError) as error:
            make(context(text, tmp_path))
        assert LIBRARIES[extra] in str(error.value) and f" install {LIBRARIES[extra]} " in str(error.value)


def test_the_examples_are_files_of_their_kind() -> None:
    yaml = pytest.importorskip("yaml", reason="PyYAML is not installed; it is part of requirements-dev.lock")
    kinds = {".json": json.loads, ".yml": yaml.safe_load}
    for file in EXAMPLES.iterdir():
        assert kinds[file.suffix](file.read_text("utf-8")), file.name
