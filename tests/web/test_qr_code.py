"""The QR code of the page's address: for phones in the network only; as SVG and as text."""

import re

import pytest

from api_story import FakeHub, about
from asgi import ask
from unclouded.web import qr_code
from unclouded.web.api.api import Api

HERE, THERE = "http://127.0.0.1:8099/", "http://192.168.1.7:8099/"


@pytest.mark.parametrize(
    ("addresses", "chosen"),
    [
        ((), ""),
        ((HERE, "http://[::1]:8099/", "http://localhost:8099/"), ""),
        ((HERE, THERE), THERE),
        (("https://attic.local:8099/", THERE), "https://attic.local:8099/"),
        (("http://[fd00::7]:8099/",), "http://[fd00::7]:8099/"),
    ],
)
def test_the_address_is_one_that_other_devices_can_open(addresses: tuple[str, ...], chosen: str) -> None:
    assert qr_code.network_address(addresses) == chosen


async def test_the_api_draws_it_only_for_a_page_in_the_network() -> None:
    app = Api(FakeHub(), lambda: {**about(), "web": (HERE, THERE)}).app()
    answer = await ask(app, "GET", "/api/hub/qr.svg")
    assert answer.status == 200 and answer["content-type"] == "image/svg+xml"
    assert answer.body.startswith(b"<svg") and answer.body == qr_code.svg(THERE)
    local = await ask(Api(FakeHub(), lambda: {**about(), "web": (HERE,)}).app(), "GET", "/api/hub/qr.svg")
    assert local.status == 404 and local.json["id"] == "api.no_network_address"


def test_the_text_has_the_modules_of_the_drawing() -> None:
    lines = qr_code.text(THERE).split("\n")
    height, width = 2 * len(lines), len(lines[0])
    assert {len(line) for line in lines} == {width} and height - width in (0, 1)
    assert set("".join(lines)) <= set("█▀▄ ") and set(lines[0] + lines[1]) == {"█"}  # the light border
    svg_width = re.search(rb'viewBox="0 0 (\d+) ', qr_code.svg(THERE))
    assert svg_width is not None and int(svg_width[1]) == width
