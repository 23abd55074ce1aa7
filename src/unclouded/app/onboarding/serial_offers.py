"""Serial ports as offers: which are here, and what their bytes look like.

refresh (reads /dev) ──► found ── look ──► listening ──► recognised | silent | unknown
                           └─► blocked: no permission, or another program holds it
"""

import asyncio
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from msgspec.structs import replace

from unclouded.app.doctor.computer import Computer
from unclouded.app.onboarding.candidates import family_title, line_settings, serial_link, with_setting
from unclouded.app.onboarding.listening import LISTEN_S, LineFindings, listen
from unclouded.app.onboarding.ports import FreePort, free_ports
from unclouded.core.errors import ConfigError, LinkRefused
from unclouded.core.views.onboarding import Offer, OfferSourceView
from unclouded.links import open_link

AT_ONCE = 8  # ports that are listened to at the same time
FRESH_S = 1.0  # s for which a list of the ports is good enough
SILENT = "Nothing was received. Most devices answer only when they are asked: test it."


class SerialOffers:
    """``used``: the files of the ports that the hub's devices have. ``time``: the present, ISO 8601; "" = not known."""

    def __init__(
        self,
        computer: Computer,
        used: Callable[[], Collection[Path]],
        time: Callable[[], str],
        listen_s: float = LISTEN_S,
    ) -> None:
        self._computer = computer
        self._used = used
        self._time = time
        self._listen_s = listen_s
        self._ports: dict[str, FreePort] = {}  # by the id of the offer
        self._findings: dict[str, LineFindings] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._places = asyncio.Semaphore(AT_ONCE)
        self._read_at: float | None = None
        self._since: dict[str, str] = {}  # when a port appeared, by the id of the offer; those of the start: not known

    async def refresh(self, at_once: bool = False) -> None:
        """Look which ports are here; what is known of those that are gone is forgotten."""
        now = asyncio.get_running_loop().time()
        if not at_once and self._read_at is not None and now < self._read_at + FRESH_S:
            return
        is_first, self._read_at = self._read_at is None, now
        found = await asyncio.to_thread(free_ports, self._computer, list(self._used()))
        known, self._ports = self._ports, {f"serial:{port.name}": port for port in found}
        self._since = {id: self._since.get(id, "") for id in self._ports}
        if not is_first:
            self._since |= dict.fromkeys(self._ports.keys() - known.keys(), self._time())
        self._findings = {id: one for id, one in self._findings.items() if id in self._ports}
        for id in [id for id in self._tasks if id not in self._ports]:
            self._tasks.pop(id).cancel()

    async def look(self) -> None:
        """Begin to listen to each port, unless something stands in its way."""
        await self.refresh(at_once=True)
        for id, port in self._ports.items():
            if not port.problem and id not in self._tasks:
                self._findings.pop(id, None)
                self._tasks[id] = asyncio.create_task(self._listen(id, port), name=f"onboarding.{port.path}")

    async def leave(self, id: str) -> None:
        """Stop listening to a port: it is needed for something else."""
        task = self._tasks.pop(id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait({task})

    async def close(self) -> None:
        """Stops listening on all ports, and waits until they are free."""
        for id in list(self._tasks):
            await self.leave(id)

    def findings(self, id: str) -> LineFindings | None:
        """What was received on this port so far; None = it was not listened to."""
        return self._findings.get(id)

    def offers(self) -> list[Offer]:
        """One for each free port, as of the last ``refresh``; described by what was received on it."""
        return [self._offer(id, port) for id, port in self._ports.items()]

    def source(self) -> OfferSourceView:
        """How many ports are free; ``looking`` while any is listened to."""
        count = len(self._ports)
        text = f"{count} port{'' if count == 1 else 's'} that no device uses."
        return OfferSourceView(source="serial", state="looking" if self._tasks else "done", text=text, count=count)

    # --- inside --------------------------------------------------------------------------------

    async def _listen(self, id: str, port: FreePort) -> None:
        link = serial_link(str(port.file))
        try:
            async with self._places:
                self._findings[id] = await listen(
                    lambda setting: open_link(with_setting(link, setting)), line_settings(), self._listen_s
                )
        except (ConfigError, LinkRefused) as error:
            self._findings[id] = LineFindings(problem=str(error))
        finally:
            if self._tasks.get(id) is asyncio.current_task():
                del self._tasks[id]

    def _offer(self, id: str, port: FreePort) -> Offer:
        offer = Offer(
            id=id,
            source="serial",
            title=port.usb.partition(" (USB")[0] or f"Serial port {Path(port.path).name}",
            text="",
            link=serial_link(port.name),
            since=self._since.get(id, ""),
            info=_without_blanks({"port": port.path, "usb": port.usb}),
        )
        found = self._findings.get(id)
        if port.problem:
            return replace(offer, state="blocked", problem=port.problem)
        if id in self._tasks:
            return replace(offer, state="listening", text="It is listened to.")
        return offer if found is None else _described(offer, found)


def _described(offer: Offer, found: LineFindings) -> Offer:
    seen = found.recognised
    if found.problem:
        return replace(offer, state="blocked", problem=found.problem)
    if seen is not None and not seen.speaker:
        text = f"{seen.dialect}: their frames can be decoded, but not yet used as a device."
        return replace(offer, state="unknown", text=text, dialect=seen.dialect)
    if seen is not None and found.setting is not None:
        text = f"Looks like {family_title(seen.speaker)}{_dialect_text(seen.dialect)}, {found.setting}."
        known = {"family": seen.speaker, "dialect": seen.dialect, "info": {**offer.info, **_received(found)}}
        return replace(offer, state="recognised", text=text, **known)
    if found.received:
        text = f"{found.received} bytes were received, most at {found.setting}, which no family reads."
        return replace(offer, state="unknown", text=text, info={**offer.info, **_received(found)})
    return replace(offer, state="silent", text=SILENT)


def _received(found: LineFindings) -> dict[str, str]:
    return {"received": str(found.received), "setting": str(found.setting)}


def _dialect_text(dialect: str) -> str:
    return f" ({dialect[:1].lower()}{dialect[1:]})" if dialect else ""


def _without_blanks(info: Mapping[str, str]) -> dict[str, str]:
    return {key: value for key, value in info.items() if value}
