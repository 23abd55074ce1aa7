"""Which plugs are in this network: all that answer a broadcast, without any key."""

import contextlib

from unclouded.core.errors import WireError
from unclouded.core.views import FoundPlug
from unclouded.families.meross.wire.discovery import ANSWER_PORT, QUESTION, QUESTION_PORT, read_answer
from unclouded.links.discovery import BROADCAST, ask_network

SECONDS = 3.0


async def find_in_network(
    seconds: float = SECONDS, to: tuple[str, int] = (BROADCAST, QUESTION_PORT), port: int = ANSWER_PORT
) -> list[FoundPlug]:
    """The plugs that answer, each once, in the order of their addresses. Raises LinkError."""
    found: dict[str, FoundPlug] = {}
    for answer in await ask_network(bytes(QUESTION), to, port, seconds):
        with contextlib.suppress(WireError):
            plug = _plug(answer.data, answer.address)
            found[plug.uuid] = plug
    return sorted(found.values(), key=lambda one: (tuple(part.zfill(3) for part in one.ip.split(".")), one.uuid))


def _plug(data: bytes, address: str) -> FoundPlug:
    """Raises WireError."""
    answer = read_answer(data)
    try:
        port = int(answer.port)
    except ValueError:
        raise WireError("the port is no number") from None
    return FoundPlug(
        uuid=answer.uuid.lower(),
        ip=address,
        port=port,
        product=answer.device_type,
        mac=answer.mac.lower(),
        hardware=answer.dev_hard_ware,
        version=answer.dev_soft_ware,
    )
