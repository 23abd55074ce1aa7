"""A wire whose device is of another family than configured."""

import asyncio
from collections.abc import Mapping

from test_cases import hub_with
from unclouded.core.model import Fact, Notice, Status
from unclouded.core.sessions.link import Inlet
from unclouded.core.sessions.session import LinkPath, Out
from unclouded.families.tuya.line.framing import Frame
from virtual_loop import story

INFO = Frame(1, 1, b'{"p":"abcdefgh","v":"1.0.0","cap":0}')
SUB_REPORT = Frame(0, 0x0D, b"\x041234" + bytes.fromhex("0101000101"))
GATEWAY = {1: [INFO], 2: [Frame(0, 2)], 3: [Frame(0, 3)], 8: [SUB_REPORT] * 3}
PLUG = {0: [Frame(3, 0, b"\1")], 8: [Frame(3, 7, bytes.fromhex("0101000101")), SUB_REPORT, SUB_REPORT]}


class AnsweringLink:
    """A wire to a device that answers each command with the same frames."""

    def __init__(self, answers: Mapping[int, list[Frame]]) -> None:
        self._answers = answers
        self._inlet: Inlet | None = None

    def start(self, inlet: Inlet) -> None:
        self._inlet = inlet
        asyncio.get_running_loop().call_soon(inlet.up, LinkPath())

    def send(self, out: Out) -> None:
        for frame in self._answers.get(out.data[3], []):
            asyncio.get_running_loop().call_soon(self._receive, bytes(frame))

    async def close(self) -> None:
        self._inlet = None

    def _receive(self, data: bytes) -> None:
        if self._inlet is not None:
            self._inlet.received(data)


def families_named(facts: list[Fact]) -> list[str]:
    return [fact.words for fact in facts if isinstance(fact, Notice) and fact.kind == "family"]


@story
async def test_a_gateway_on_a_wire_of_a_wifi_module_is_named_though_it_answers_the_start() -> None:
    _, facts = await hub_with(AnsweringLink(GATEWAY), asyncio.sleep(120))
    assert "online" in [fact.state for fact in facts if isinstance(fact, Status)]
    [text] = families_named(facts)
    assert text.startswith("These look like frames of tuya_gateway")


@story
async def test_a_device_with_values_is_of_the_family_that_it_is() -> None:
    _, facts = await hub_with(AnsweringLink(PLUG), asyncio.sleep(120))
    assert families_named(facts) == []
