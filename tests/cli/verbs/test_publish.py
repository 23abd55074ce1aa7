"""`publish`: a hub that publishes on a real broker, and what the command line says of it."""

import asyncio
import socket
from pathlib import Path

from links.mqtt.mosquitto import Mosquitto, needs_mosquitto
from place import TIMEOUT_S, place_in
from unclouded.app.configuration.config import parse_config
from unclouded.core.errors import ConfigError

pytestmark = needs_mosquitto


async def test_status_and_contents_of_a_hub_that_publishes(tmp_path: Path) -> None:
    async with Mosquitto(tmp_path, True, plain=True) as broker:
        with place_in(tmp_path) as here:
            with socket.create_server(("127.0.0.1", 0)) as free:
                port = free.getsockname()[1]
            here.configure(
                f'[mqtt]\nurl = "mqtt://127.0.0.1:{broker.port}"\nhomeassistant = true\n'
                'user = "hub"\npassword = "sesame"\n'
                f'[[device]]\nid = "pump"\nfamily = "tuya_wifi"\nlink = "tcp://127.0.0.1:{port}"\n'
            )
            await asyncio.to_thread(here.hub, "--web", "off")
            (status,) = await asyncio.to_thread(here.ask, "publish", "status")
            async with asyncio.timeout(TIMEOUT_S):
                while status["state"] == "starting":
                    (status,) = await asyncio.to_thread(here.ask, "publish", "status")
            assert (status["name"], status["state"]) == ("mqtt", "running")
            assert "sesame" not in here.log("run") + str(status)
            topics = {line["topic"]: line["payload"] for line in await asyncio.to_thread(here.ask, "publish", "mqtt")}
            assert topics["unclouded/pump/availability"] == "offline"
            found = await asyncio.to_thread(here.ask, "publish", "mqtt", "--discovery")
            assert found[0]["payload"]["origin"]["name"] == "Unclouded"
            await asyncio.to_thread(here.ask, "publish", "mqtt", "nothing", code=2)
            broker.stop()


def test_tables_that_cannot_be_meant_are_refused_with_what_to_write() -> None:
    for text, wanted in (
        ('url = "192.168.1.5"', "write mqtt://"),
        ('url = "mqtt://u:p@h"', "password_file"),
        ('url = "mqtt://h"\nbase = "a/#"', "without + and #"),
        ('url = "mqtt://h"\npassword = "x"', "whose password"),
        ('url = "mqtt://h"\ncafile = "ca.pem"', "mqtts://"),
        ('url = "mqtts://h"\ncertfile = "a.pem"', "belong together"),
        ('url = "mqtt://h"\nprotocol = "4"', "protocol"),
    ):
        try:
            parse_config(f"[mqtt]\n{text}\n", "u.toml", env={})
        except ConfigError as error:
            assert wanted in str(error) and "u:p" not in str(error), error
        else:
            raise AssertionError(text)
    table = parse_config('[mqtt]\nurl = "mqtt://h"\nuser = "u"\npassword = "sesame"\n', "u.toml", env={}).tables.mqtt
    assert "sesame" not in repr(table)
