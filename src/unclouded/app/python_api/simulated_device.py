"""A simulated device on a real link, for the tests of other programs."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping, Sequence

from unclouded.app.protocols import simulated_kinds
from unclouded.app.simulation.played_product import SEARCH
from unclouded.app.simulation.simulation import PLUGS, SimPlaces, SimulatedDevices
from unclouded.core.errors import CommandError, LinkError
from unclouded.core.family import SimOptions
from unclouded.core.sessions.session import Settled
from unclouded.families.meross import CONSOLE_FAULTS, CONSOLE_KIND, SIM_KEY


class SimulatedDevice:
    """Where a simulated device can be reached, as a client names it. ``uuid``, ``key``: of a plug."""

    def __init__(self) -> None:
        self.url = ""
        self.uuid = ""
        self.key = ""
        self._ready = asyncio.Event()

    async def wait_ready(self) -> None:
        """Waits until the device can be reached, and its ``url`` is known. ``simulate`` has done so already."""
        await self._ready.wait()

    # --- SimObserver: the simulation calls these, programs do not

    def ready(self, place: str, uuid: str, console: str) -> None:
        """The device can be reached at this place, a link."""
        self.url = place.replace("listen://", "tcp://", 1)
        self.uuid = uuid
        self.key = SIM_KEY if uuid else ""

    def all_ready(self) -> None:
        """All places are known."""
        self._ready.set()

    def offline(self, reason: str) -> None:
        """There is no other end, for this reason: not kept."""

    def noticed(self, uuid: str, text: str) -> None:
        """What the device shows of its state: not kept."""

    def answered(self, question: str, answer: Settled) -> None:
        """A question of the device was answered: not kept."""

    def stopped(self, stats: Mapping[str, float]) -> None:
        """The device has stopped, with the statistics of its wire: not kept."""


@contextlib.asynccontextmanager
async def simulate(
    kind: str,
    link: str = "",
    *,
    http: str = "",
    product: str = "",
    load: str = "pump",
    faults: Sequence[str] | str = (),
    dialect: str = "",
    seed: int = 1,
) -> AsyncIterator[SimulatedDevice]:
    """A device of that kind (``unclouded sim --help`` lists them) on ``link``, or on ``http`` (HOST:PORT) for a plug.

    ``link``: ``listen://127.0.0.1:0`` for TCP, ``pty:/tmp/meter`` for a serial line. ``load``: what is measured.
    ``product``: of Tuya, a product id. Raises CommandError and ConfigError where it cannot be simulated so.
    """
    named = (faults,) if isinstance(faults, str) else faults
    _check_arguments(kind, link, http, product, named)
    places = SimPlaces(link=link or None, http=http or None)
    options = SimOptions(seed=seed, faults=frozenset(named), dialect=dialect)
    devices = SimulatedDevices(kind, places, load, options, products=(product,) if product else ())
    device = SimulatedDevice()
    stopping = asyncio.Event()

    async def stopped() -> None:
        await stopping.wait()

    task = asyncio.create_task(devices.run(device, stopped), name="simulate")
    ready = asyncio.create_task(device.wait_ready(), name="simulate.ready")
    try:
        await asyncio.wait({task, ready}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()
            raise LinkError(f"The simulation of {kind} ended before it could be reached.")
        yield device
    finally:
        stopping.set()
        ready.cancel()
        await asyncio.wait({task, ready})


def _check_arguments(kind: str, link: str, http: str, product: str, faults: Sequence[str]) -> None:
    """What ``unclouded sim`` refuses as well, by the names that it has here. Raises CommandError."""
    if kind not in (kinds := simulated_kinds()):
        return  # refused by that name anyway
    family, sim_kind = kinds[kind]
    is_served_by_http = family == PLUGS and kind != CONSOLE_KIND
    if family != PLUGS and http:
        raise CommandError(f"http is for Meross plugs; {kind} is served on a link, as in link='listen://127.0.0.1:0'.")
    if is_served_by_http and link:
        raise CommandError(f"{kind} has no wire for a link: use http='127.0.0.1:0'.")
    if not link and not http:
        place = "http='127.0.0.1:0'" if is_served_by_http else "link='listen://127.0.0.1:0'"
        raise CommandError(f"Name where {kind} is to be served, as in {place}.")
    if sim_kind.subject == "product" and not product:
        raise CommandError(f"Name the product, as in product='37mnhia3pojleqfh'. {SEARCH}")
    if is_served_by_http and (useless := sorted(CONSOLE_FAULTS.keys() & faults)):
        raise CommandError(f"The fault {useless[0]} is one of the console: simulate {CONSOLE_KIND!r}.")
