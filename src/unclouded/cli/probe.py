"""`probe`: talk to an unknown Tuya MCU and propose a profile for it."""

import asyncio
import re
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
import msgspec

from unclouded import families
from unclouded.app.device_factory import settings_of
from unclouded.cli.output import Span, json_option, print_json
from unclouded.core.driver import Driver
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.profile import load_profile
from unclouded.core.recent_chunks import RecentChunks
from unclouded.core.session import (
    Ambient,
    Asked,
    AskNetwork,
    Event,
    Identified,
    Network,
    Offline,
    Online,
    Refusal,
    Waiting,
)
from unclouded.families.tuya.probe.propose import Proposed, as_toml, learn, propose
from unclouded.families.tuya.wifi.module import WifiModule, WifiSettings
from unclouded.links import open_link
from unclouded.profiles import ProfileLibrary

FAMILY = "tuya_wifi"
ASK_S = 3.0  # s between two queries for everything
TAPE_BYTES, TAPE_CHUNKS = 4_000_000, 100_000


@click.command("probe")
@click.option("--link", required=True, metavar="URL", help="The wire to the MCU: serial:///dev/ttyUSB0?baud=9600")
@click.option("--for", "span", type=Span(), default=30.0, show_default="30s", help="How long to listen.")
@click.option("--write", "file", type=click.Path(dir_okay=False, path_type=Path), help="Write the profile to FILE.")
@json_option
def command(link: str, span: float, file: Path | None, as_json: bool) -> None:
    """Be the Wi-Fi module of an unknown MCU for a while, and propose a profile for it.

    Nothing is set: the MCU is only asked for what it has. Switch a load on before, so that scales can be told.
    """
    if file is not None and not file.parent.is_dir():
        raise CommandError(f"There is no folder {file.parent} to write {file.name} into.")
    product, proposed = asyncio.run(_listen(link, span))
    name = _name(file)
    text = as_toml(proposed, name, product)
    load_profile(text, "the proposed profile", settings_of)  # what is proposed can be loaded, always
    if file is not None:
        _write(file, text)
    if as_json:
        print_json(_as_json(proposed, product, text))
    elif file is None:
        click.echo(text, nl=False)
    else:
        click.echo(f"{len(proposed.rows)} points: {proposed.why}. Written to {file}; put it into your profiles folder.")


def _write(file: Path, text: str) -> None:
    try:
        file.write_text(text, "utf-8")
    except OSError as error:
        raise CommandError(f"The file {file} cannot be written: {error.strerror}.") from None


def _name(file: Path | None) -> str:
    """A profile's name is its path in the profiles folder."""
    return re.sub(r"[^\w-]", "_", file.name.removesuffix(".toml")) if file is not None else "probed"


class _Talk:
    """Hears how the conversation goes, says so on stderr, and answers what the MCU asks."""

    def __init__(self) -> None:
        self.product = ""
        self.is_online = self.is_over = False
        self.trouble = "Nothing was heard on the line"
        self.driver: Driver | None = None

    def why_nothing(self) -> str:
        """Why there was no data point, and what may help."""
        if self.is_online:
            return "It answers, but told no data point. Some tell only what changes: use its buttons while it listens."
        return self.trouble if self.trouble.endswith(("?", ".")) else f"{self.trouble}."

    def hear(self, events: Sequence[Event], now: float) -> None:
        for event in events:
            match event:
                case Identified(info=info) if info.get("product", self.product) != self.product:
                    self.product = info["product"]
                    click.echo(f"product {self.product}", err=True)
                case Online():
                    self.is_online = True
                    click.echo("online: listening", err=True)
                case Waiting(reason=reason) | Offline(reason=reason) if not self.is_over:
                    self.trouble = reason
                    click.echo(reason, err=True)
                case Asked(id=id, question=AskNetwork()) if self.driver is not None:
                    self.driver.answer(id, Network.CLOUD.value)
                case Asked(id=id) if self.driver is not None:
                    self.driver.answer(id, Refusal("A probe knows nothing."))


async def _listen(link: str, span: float) -> tuple[str, Proposed]:
    """Talk for so long. Raises LinkError where the MCU told no data point."""
    family = families.family(FAMILY)
    talk, tape = _Talk(), RecentChunks(TAPE_BYTES, TAPE_CHUNKS)
    loop = asyncio.get_running_loop()
    began = time.time() - loop.time()
    session = WifiModule(WifiSettings(poll_s=ASK_S), Ambient(lambda now: began + now, bytes))
    talk.driver = Driver(session, open_link(link, baud=family.baud), talk.hear, tape)
    running = asyncio.create_task(talk.driver.run(), name="probe")
    await asyncio.wait({running}, timeout=span)
    talk.is_over = True
    running.cancel()
    await asyncio.wait({running})
    if not running.cancelled():
        running.result()
    seen = learn(tape.chunks())
    if not seen.points:
        raise LinkError(f"There is nothing to propose. {talk.why_nothing()}")
    shelf = ProfileLibrary(settings_of)
    known = [one for one in map(shelf.get, shelf.names()) if one.family == FAMILY and not one.unknown]
    return talk.product, propose(seen, known, family.decoders)


def _as_json(proposed: Proposed, product: str, text: str) -> Mapping[str, object]:
    rows = [
        {
            "wire": one.row.wire,
            "type": one.row.type,
            "key": one.row.point.key,
            "scale": one.row.mul / one.row.div,
            "why": one.why,
        }
        for one in proposed.rows
    ]
    return {
        "product": product,
        "like": proposed.like,
        "why": proposed.why,
        "polls": proposed.polls,
        "points": msgspec.to_builtins(rows),
        "toml": text,
    }
