"""What is taken for a plug of the network: answers come from whoever is in it."""

import json

import pytest

from unclouded.app import discovery
from unclouded.links.discovery import UdpAnswer

UUID = "1901010100000000000048e1e900{:04x}"


def answer(number: int, address: str = "192.168.1.34", **keys: object) -> UdpAnswer:
    """A plug, unless ``keys`` say otherwise."""
    usual = {"deviceType": "mss310", "uuid": UUID.format(number), "port": "80", "mac": "48:E1:E9:00:00:01"}
    return UdpAnswer(json.dumps({**usual, **keys}).encode(), address)


async def found(monkeypatch: pytest.MonkeyPatch, *answers: UdpAnswer) -> list[tuple[str, str, int]]:
    async def ask(*args: object) -> list[UdpAnswer]:
        return list(answers)

    monkeypatch.setattr(discovery, "ask_network", ask)
    return [(one.uuid, one.ip, one.port) for one in await discovery.find_in_network()]


async def test_what_cannot_be_a_plug_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = [
        *(answer(1, port=one) for one in (0, -5, 65_536, "٣", "1e3", "", 10**30)),
        *(answer(1, uuid=one) for one in ("", "<b>x</b>", "\u202eevil", "0" * 31, "z" * 32)),
    ]
    assert await found(monkeypatch, *hostile, answer(2)) == [(UUID.format(2), "192.168.1.34", 80)]


async def test_texts_are_short(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = dict.fromkeys(("deviceType", "devSoftWare", "devHardWare", "mac"), "x" * 900)

    async def ask(*args: object) -> list[UdpAnswer]:
        return [answer(1, **keys)]

    monkeypatch.setattr(discovery, "ask_network", ask)
    (plug,) = await discovery.find_in_network()
    assert {len(one) for one in (plug.product, plug.version, plug.hardware, plug.mac)} == {discovery.LONGEST_TEXT}


async def test_one_address_keeps_no_other_out(monkeypatch: pytest.MonkeyPatch) -> None:
    flood = [answer(number, "192.168.1.66") for number in range(4_000)]
    seen = await found(monkeypatch, *flood, answer(5_000, "192.168.1.34"), answer(5_001, "192.168.1.35"))
    assert len(seen) == discovery.MOST_PLUGS
    assert {"192.168.1.34", "192.168.1.35"} < {ip for _, ip, _ in seen}
