"""Checks of a gateway's module: how it finds an MCU, its start, and product info and working modes of many kinds.

Source: docs/protocols/tuya_gateway.md §1.1.1, §1.5.1, §1.7.1, §2.1.
"""

import itertools
from collections.abc import Callable, Sequence

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import CheckLine, LineEntry, Script
from unclouded.conformance.rows import judged, judged_live, row
from unclouded.conformance.tuya.frames import exchange, frames, is_command
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import SEARCH_S, START_S, EmulatedGatewayMcu
from unclouded.families.tuya.gateway.wire import codes

GatewayModuleLine = CheckLine[EmulatedGatewayMcu]

SEARCH, START, ONLINE = "search", "start", "online"  # preparations
OBSERVED_S = 8.0  # of the search
STEPS = (codes.PRODUCT, codes.MODE, codes.NETWORK, codes.QUERY_ALL)
WHOLE = (SEARCH, START)
RESTART_S = 240.0  # that a check with a start of its own may take
ROUTER, CLOUD = 3, 4


# --- preparations ------------------------------------------------------------------------------------


def search(line: GatewayModuleLine) -> Script[None]:
    """No MCU answers; at the end it asks for the time and for the network."""
    if not (yield from line.end.begin_again()):
        line.skip(f"It did not ask 01 within {SEARCH_S:g} s in which nothing was answered: switch it off and on.")
    line.end.is_silent = True
    mark = line.log.mark()
    yield from line.pause(OBSERVED_S - 3.0)
    for command in (codes.NETWORK_QUERY, codes.LOCAL_TIME):
        line.end.send(command)
        yield from line.pause(1.5)
    line.observed["searching"] = tuple(line.log.since(mark))


def observe_start(line: GatewayModuleLine) -> Script[None]:
    """The first start, with an MCU that takes 0.1 s for each answer."""
    line.end.delay_s = 0.1
    yield from line.end.start()


def online(line: GatewayModuleLine) -> Script[None]:
    """A module that does not come to 0b is used as it is, where it answers at all."""
    if line.end.is_started or (yield from line.end.start()):
        return
    for command in (codes.NETWORK_QUERY, codes.LOCAL_TIME, codes.LIST):
        if (yield from exchange(line, command)) is not None:
            line.end.is_started = True
            return
    line.require((yield from line.end.begin_again()), f"It does not ask 01 within {SEARCH_S:g} s of silence.")
    line.require((yield from line.end.start()), f"0b did not come within {START_S:g} s of the first answer to 01.")


# --- the search --------------------------------------------------------------------------------------


def of_module(entries: Sequence[LineEntry], *commands: int) -> list[LineEntry]:
    """The frames with these commands that the module sent."""
    return [entry for entry in frames(entries, *commands) if entry.sender == "controller"]


def asks_each_second(line: GatewayModuleLine) -> None:
    late = [one.at for one in of_module(line.observed["searching"], codes.PRODUCT)]
    gaps = sorted(after - before for before, after in itertools.pairwise(late))
    line.require(len(gaps) >= 2, f"In {OBSERVED_S:g} s without an answer 01 came {len(late)} times.")
    middle = gaps[len(gaps) // 2]
    line.require(0.5 <= middle <= 2.0, f"Unanswered, 01 comes each {middle:.2f} s.")


def only_product(line: GatewayModuleLine) -> None:
    odd = sorted({one.frame.command for one in of_module(line.observed["searching"])} - {codes.PRODUCT})
    asked = (codes.NETWORK_QUERY, codes.LOCAL_TIME)
    odd = [one for one in odd if one not in asked]
    line.require(not odd, f"Before 01 is answered it sends {', '.join(f'{one:02x}' for one in odd)}.")


def serves_no_one(line: GatewayModuleLine) -> None:
    served = of_module(line.observed["searching"], codes.NETWORK_QUERY, codes.LOCAL_TIME)
    line.require(not served, f"Before 01 is answered it serves {served[0].frame.command:02x}." if served else "")


def product_version(line: GatewayModuleLine) -> None:
    versions = {one.frame.version for one in of_module(line.log.since(), codes.PRODUCT)}
    line.require(versions <= {0, 1}, f"01 has the versions {sorted(versions)}.")


def asks_for_product_id(line: GatewayModuleLine) -> None:
    versions = {one.frame.version for one in of_module(line.log.since(), codes.PRODUCT)}
    line.require(versions == {1}, "01 does not ask for the product id: its version is not 01.")


def others_have_version_0(line: GatewayModuleLine) -> None:
    odd = [one.frame for one in of_module(line.log.since()) if one.frame.command != codes.PRODUCT and one.frame.version]
    line.require(not odd, f"A frame {odd[0].command:02x} has version {odd[0].version}." if odd else "")


def all_whole(line: GatewayModuleLine) -> None:
    bad = [one for one in line.received() if one.frame is None and one.data]
    line.require(not bad, f"{sum(len(one.data) for one in bad)} bytes are not frames: {bad and bad[0].reason}.")


# --- the start ---------------------------------------------------------------------------------------


def _started(line: GatewayModuleLine) -> Sequence[LineEntry]:
    return line.observed[START]


def _first(line: GatewayModuleLine, command: int) -> LineEntry | None:
    return next(iter(of_module(_started(line), command)), None)


def mode_follows(line: GatewayModuleLine) -> None:
    line.require(_first(line, codes.MODE), "02 does not follow the answer to 01.")


def router_then_cloud(line: GatewayModuleLine) -> None:
    states = [one.frame.payload[:1] for one in of_module(_started(line), codes.NETWORK) if one.frame.payload]
    line.require(states, "No 03 is sent in the start.")
    router, cloud = bytes((ROUTER,)), bytes((CLOUD,))
    line.require(cloud in states, "Network status 04 is not sent in the start.")
    line.require(router in states[: states.index(cloud)], "Network status 03 does not come before 04.")


def query_follows(line: GatewayModuleLine) -> None:
    query = _first(line, codes.QUERY_ALL)
    line.require(query, "0b is not sent in the start.")
    before = [one for one in of_module(_started(line), codes.NETWORK) if query is not None and one.at < query.at]
    line.require(before, "0b comes before the network states.")


def steps_wait(line: GatewayModuleLine) -> None:
    waits_for: int | None = None
    for one in frames(_started(line), *STEPS):
        if one.sender == "controller":
            command = one.frame.command
            if waits_for is not None and command != waits_for:
                line.fail(f"{command:02x} was sent before {waits_for:02x} was answered.")
            waits_for = command if command != codes.QUERY_ALL else None
        elif one.frame.command == waits_for:
            waits_for = None


def requests_are_empty(line: GatewayModuleLine) -> None:
    wrong = [one.frame.command for one in of_module(line.log.since(), codes.QUERY_ALL) if one.frame.payload]
    start = of_module(_started(line), codes.PRODUCT, codes.MODE)
    wrong += [one.frame.command for one in start if one.frame.payload]
    line.require(not wrong, f"{wrong[0]:02x} has a payload." if wrong else "")


# --- starts of many kinds ------------------------------------------------------------------------------


def from_the_beginning(line: GatewayModuleLine) -> Script[None]:
    """The module is to begin its start again."""
    if line.end.restarts_badly or not (yield from line.end.begin_again()):
        line.skip(f"It does not ask 01 again within {SEARCH_S:g} s of silence.")


def comes_to_query(what: str, product: bytes | None = None, mute: int | None = None) -> Callable[..., Script[None]]:
    """With an MCU that reports itself so, or does not answer one step, the start comes to its end."""

    def script(line: GatewayModuleLine) -> Script[None]:
        yield from from_the_beginning(line)
        line.end.product = line.end.product if product is None else product
        line.end.mute |= set() if mute is None else {mute}
        yield from line.expect(
            is_command(codes.QUERY_ALL), START_S, f"With {what} 0b does not come within {START_S:g} s."
        )

    return script


def module_drives_the_led(line: GatewayModuleLine) -> Script[None]:
    yield from from_the_beginning(line)
    line.end.pins = b"\1\3\1\2"
    mark = line.log.mark()
    yield from line.expect(is_command(codes.QUERY_ALL), START_S, "With four pins 0b does not come.")
    yield from line.pause(1.0)
    sent = of_module(line.log.since(mark), codes.NETWORK)
    line.require(not sent, "To an MCU whose LED it drives itself it sends 03.")


def not_before_the_answer(line: GatewayModuleLine) -> Script[None]:
    """A product of a failed answer: bytes that are not JSON."""
    yield from from_the_beginning(line)
    line.end.mute.add(codes.PRODUCT)
    line.send(b"\x55\xaa\x00\x01\x00\x02\x7b\x7d\x00")  # a wrong checksum
    mark = line.log.mark()
    yield from line.pause(3.0)
    odd = [one for one in of_module(line.log.since(mark)) if one.frame.command != codes.PRODUCT]
    line.require(not odd, "It takes product info with a wrong checksum for an answer.")


_CURLY = "{“v”:“1.0.0”,“m”:0,“cap”:53,“p”:“uncloudedconfgat”,“s”:1,“a”:1}".encode()
_P = b'"p":"uncloudedconfgat"'
ODD_PRODUCTS: tuple[tuple[str, str, str, bytes, Grade], ...] = (
    ("no-id", "without a product id", "§5", b'{"v":"1.0.0","m":0,"cap":0}', "must"),
    (
        "trailing-comma",
        "with a comma before the brace",
        "§1.5.1",
        b'{"v":"1.0.0","m":0,"cap":53,' + _P + b",}",
        "should",
    ),
    ("curly-quotes", "with typographic quotes", "§1.5.1", _CURLY, "should"),
    ("bit-7", "with bit 7 of cap", "§2.1.1", b'{"v":"1.0.0","m":0,"cap":132,' + _P + b',"s":1}', "must"),
    ("unknown", "with unknown members", "§1.5.1", b'{"v":"1.0.0","m":0,"cap":53,"x":{"y":[1]},' + _P + b"}", "must"),
    ("texts", "with numbers as texts", "§1.5.1", b'{"v":"1.0.0","m":"0","cap":"53",' + _P + b"}", "should"),
    (
        "blanks",
        "with blanks and line breaks",
        "§1.5.1",
        b'{ "v" : "1.0.0",\r\n "m":0, "cap":53,\n' + _P + b" }",
        "must",
    ),
)
_JUDGED: tuple[tuple[str, str, str, Callable[[GatewayModuleLine], None], Grade], ...] = (
    ("search.each-second", "01 is sent each second until it is answered", "§1.7.1", asks_each_second, "should"),
    ("search.product-only", "Before 01 is answered, nothing else is sent", "§1.7.1", only_product, "must"),
    ("search.serves-no-one", "Before 01 is answered, no other command is answered", "§1.7.1", serves_no_one, "should"),
    ("frames.whole", "It sends whole frames only", "§1.1", all_whole, "must"),
    ("frames.product-version", "01 has version 00 or 01", "§1.1.1", product_version, "must"),
    ("frames.product-id", "01 asks for the product id", "§1.1.1", asks_for_product_id, "should"),
    ("frames.version", "All other frames have version 00", "§1.1.1", others_have_version_0, "deviation"),
    ("start.mode", "02 follows 01", "§1.7.1", mode_follows, "must"),
    ("start.router-first", "Network status 03 is sent, and then 04", "§2.1.3", router_then_cloud, "should"),
    ("start.query", "0b follows the network states", "§1.7.1", query_follows, "must"),
    ("start.waits", "Each step waits for the answer to the last one", "§1.7.1", steps_wait, "must"),
    ("start.empty-requests", "01, 02 and 0b have no payload", "§2.1", requests_are_empty, "must"),
)
SCRIPTS = {"frames.product-id": judged_live}  # a recording may begin behind it
GATEWAY_MODULE_START_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.{name}", title, clause, SCRIPTS.get(name, judged)(judge), grade, needs=WHOLE)
    for name, title, clause, judge, grade in _JUDGED
)
GATEWAY_MODULE_RESTART_CHECKS: tuple[Check, ...] = (
    *(
        row(
            f"module.product.{name}",
            f"Product info {what} is accepted",
            clause,
            comes_to_query(f"product info {what}", payload),
            grade,
            needs=(ONLINE,),
            timeout_s=RESTART_S,
        )
        for name, what, clause, payload, grade in ODD_PRODUCTS
    ),
    row(
        "module.product.bad-checksum",
        "Product info with a wrong checksum is not accepted",
        "§1.1",
        not_before_the_answer,
        needs=(ONLINE,),
        timeout_s=RESTART_S,
    ),
    row(
        "module.start.own-led",
        "03 is not sent where the module drives the LED",
        "§2.1.2",
        module_drives_the_led,
        needs=(ONLINE,),
        timeout_s=RESTART_S,
    ),
    row(
        "module.start.no-mode",
        "The start goes on where 02 is not answered",
        "§1.7.1",
        comes_to_query("an MCU that does not answer 02", mute=codes.MODE),
        "should",
        needs=(ONLINE,),
        timeout_s=RESTART_S,
    ),
    row(
        "module.start.no-network",
        "The start goes on where 03 is not answered",
        "§1.7.1",
        comes_to_query("an MCU that does not answer 03", mute=codes.NETWORK),
        "should",
        needs=(ONLINE,),
        timeout_s=RESTART_S,
    ),
)
