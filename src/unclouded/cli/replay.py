"""`replay`: a capture -> the readings that the hub would have made of it, passively and at once."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import click

from unclouded import families
from unclouded.app.device_factory import settings_of
from unclouded.cli.decode import profile_named
from unclouded.cli.output import json_option, print_json
from unclouded.cli.table import plain_line
from unclouded.core.errors import CommandError
from unclouded.core.family import Family
from unclouded.core.json_lines import event_json, reading_json
from unclouded.core.model import Notice, Reading
from unclouded.core.profile import Profile
from unclouded.core.session import Ambient, Event, Identified, LinkPath, Reported, Session
from unclouded.hub.energy import DeviceEnergy
from unclouded.hub.interpret import Interpreter
from unclouded.profiles import ProfileLibrary
from unclouded.recording import capture


@click.command("replay")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--profile", metavar="NAME|FILE", help="The profile to read it by, else what the product in it picks.")
@click.option("--device", default="replay", show_default=True, help="The device id in the readings.")
@json_option
def command(file: Path, profile: str | None, device: str, as_json: bool) -> None:
    """Print the readings in a capture FILE, and what cannot be in them. Nothing is sent, nothing is stored."""
    with file.open("rb") as lines:
        for fact in Replayer(lines, profile, device).facts():
            match fact:
                case Notice() if as_json:
                    print_json({"notice": event_json(fact)})
                case Notice():
                    click.echo(f"{fact.device}: {fact.words}", err=True)
                case Reading() if as_json:
                    print_json(reading_json(fact))
                case Reading():
                    click.echo(plain_line(fact))


class Replayer:
    """A controller session that hears the device's side of a capture under the capture's own clock."""

    def __init__(self, lines: Iterable[bytes], profile: str | None, device: str) -> None:
        self._capture = capture.CaptureReader(lines)
        self._family: Family = families.family(self._capture.header.family)
        if self._family.controller is None:
            raise CommandError(f"{self._family.name} can be decoded, but has no readings yet. Try: unclouded decode.")
        self._speak = self._family.controller
        self._shelf = ProfileLibrary(settings_of)
        self._device = device
        self._picked = profile is not None
        self._book = DeviceEnergy(device, {})
        self._profile = profile_named(self._family, profile) if profile else self._shelf.get(self._family.generic)
        self._start = self._capture.header.started_at or 0.0
        self._interpreter = self._make(self._profile)

    def readings(self) -> Iterator[Reading]:
        """Every reading, in the order of the capture."""
        return (fact for fact in self.facts() if isinstance(fact, Reading))

    def facts(self) -> Iterator[Reading | Notice]:
        """The same, and once for each cause what power, voltage and current cannot be together."""
        session = self._speak(self._profile.session, Ambient(self._wall, bytes))
        yield from self._read(session.up(LinkPath(recorded=True), 0.0), 0.0)
        now = 0.0
        for line in self._capture:
            for at, events in _time_passes(session, now, line.t):
                yield from self._read(events, at)
            now = max(now, line.t)
            if line.sender == "device":
                yield from self._read(session.receive(line.data, now), now)

    def _read(self, events: Sequence[Event], now: float) -> Iterator[Reading | Notice]:
        for event in events:
            match event:
                case Reported():
                    yield from self._interpreter.readings(event, self._wall(now))
                    for at, words in self._interpreter.doubts():
                        yield Notice(self._device, at, "scale", words)
                    for at, words in self._interpreter.troubles():
                        yield Notice(self._device, at, "unreadable", words)
                case Identified(info=info, part="") if not self._picked:
                    found = self._shelf.for_product(self._family.name, info.get("product", ""))
                    if found is not None:
                        self._interpreter = self._make(found)

    def _make(self, profile: Profile) -> Interpreter:
        return Interpreter(self._device, profile, self._book, self._family.decoders)

    def _wall(self, now: float) -> float:
        return self._start + now


def _time_passes(session: Session, now: float, until: float) -> Iterator[tuple[float, Sequence[Event]]]:
    """Run what is due before the next line; what the session wants to send goes nowhere."""
    session.outgoing(now)
    while (at := session.deadline()) is not None and at <= until:
        now = max(now, at)
        yield now, session.tick(now)
        session.outgoing(now)
