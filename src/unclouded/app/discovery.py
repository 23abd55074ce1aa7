"""Which plugs are in this network: all that answer a broadcast, without any key.

Whoever is in the network may answer anything: what cannot be a plug is left out, and one address keeps no other out.
"""

import contextlib
from collections import Counter
from collections.abc import Iterable

from unclouded.core.errors import WireError
from unclouded.core.text.whole_number import whole_number
from unclouded.core.views.facts import FoundPlug
from unclouded.families.meross.wire.discovery import ANSWER_PORT, QUESTION, QUESTION_PORT, read_answer
from unclouded.families.meross.wire.identity import UUID
from unclouded.links.discovery import BROADCAST, ask_network
from unclouded.links.url import HIGHEST_PORT

SECONDS = 3.0
MOST_PLUGS = 256
LONGEST_TEXT = 64  # characters of what a plug says of itself


async def find_in_network(
    seconds: float = SECONDS, to: tuple[str, int] = (BROADCAST, QUESTION_PORT), port: int = ANSWER_PORT
) -> list[FoundPlug]:
    """The plugs that answer, each once, in the order of their addresses. Raises LinkError."""
    found: dict[str, FoundPlug] = {}
    for answer in await ask_network(bytes(QUESTION), to, port, seconds):
        with contextlib.suppress(WireError):
            plug = _plug(answer.data, answer.address)
            found.setdefault(plug.uuid, plug)
    some = fair_share(found.values(), MOST_PLUGS)
    return sorted(some, key=lambda one: (tuple(part.zfill(3) for part in one.ip.split(".")), one.uuid))


def fair_share(found: Iterable[FoundPlug], most: int) -> list[FoundPlug]:
    """At most so many: the first of each address, then the second of each."""
    counts: Counter[str] = Counter()
    ranked = []
    for place, plug in enumerate(found):
        counts[plug.ip] += 1
        ranked.append((counts[plug.ip], place, plug))
    return [plug for _, _, plug in sorted(ranked, key=lambda one: one[:2])[:most]]


def _plug(data: bytes, address: str) -> FoundPlug:
    """Raises WireError."""
    answer = read_answer(data)
    uuid, port = answer.uuid.lower(), whole_number(str(answer.port), 1, HIGHEST_PORT)
    if UUID.fullmatch(uuid) is None:
        raise WireError("the UUID is none of a plug")
    if port is None:
        raise WireError("the port is not a port number")
    return FoundPlug(
        uuid=uuid,
        ip=address,
        port=port,
        product=answer.device_type[:LONGEST_TEXT],
        mac=answer.mac.lower()[:LONGEST_TEXT],
        hardware=answer.dev_hard_ware[:LONGEST_TEXT],
        version=answer.dev_soft_ware[:LONGEST_TEXT],
    )
