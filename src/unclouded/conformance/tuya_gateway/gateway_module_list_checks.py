"""Checks of a gateway's module: batches of sub-devices, the list of them, where they are bound, and their removal.

Source: docs/protocols/tuya_gateway.md §1.4, §1.7.2, §2.2, §2.7.
"""

from unclouded.conformance.check import Check, Grade
from unclouded.conformance.line import Script
from unclouded.conformance.rows import row
from unclouded.conformance.tuya_gateway.emulated_gateway_mcu import FIRST_SUB
from unclouded.conformance.tuya_gateway.gateway_frames import (
    GATEWAY_ID,
    UNKNOWN_ID,
    add_many,
    add_one,
    ask_thrice,
    ids_in_list,
    json_of,
    members_of,
)
from unclouded.conformance.tuya_gateway.gateway_module_join_checks import (
    JOINED,
    NEW,
    RECEIVED,
    REFUSED,
    Play,
    add,
    in_window,
    refuses,
    result_of,
    results,
    results_in,
)
from unclouded.conformance.tuya_gateway.gateway_module_start_checks import ONLINE, GatewayModuleLine, of_module
from unclouded.families.tuya.gateway.wire import codes

BATCH = 32  # ids in one 12; docs/protocols/tuya_gateway.md §1.7.2
BATCH_IDS = tuple(f"uncloudedconfsub{number:08}" for number in range(BATCH))  # as long as advised
MOST_SECURITY = 64  # sub-devices of a security gateway; docs/protocols/tuya_gateway.md §1.7.2
LIST_S = 1.0  # for the packets of a list
DANGER = "It has 66 sub-devices joined, and removes them."
MANY = codes.ADD_MANY


# --- batches and the list ------------------------------------------------------------------------------


def batch(count: int) -> Play:
    """So many at once."""
    ids = BATCH_IDS[:count]

    def script(line: GatewayModuleLine) -> Script[None]:
        mark = line.log.mark()
        yield from add(line, add_many(ids), codes.ADD_MANY)
        yield from line.pause(2.0)
        got = results(of_module(line.log.since(mark), codes.ADD_RESULT))
        missing = [id for id in ids if got.get(id) != 0]
        line.require(not missing, f"Of {count} in one 12, 13 does not add {len(missing)}.")

    return in_window(script, *ids)


def list_packets(line: GatewayModuleLine) -> Script[list[bytes]]:
    """The packets of 1c; packet 0 starts the list again."""
    mark = line.log.mark()
    if (yield from ask_thrice(line, codes.LIST)) is None:
        line.fail("1c is not answered.")
    yield from line.pause(LIST_S)
    packets: list[bytes] = []
    for one in of_module(line.log.since(mark), codes.LIST):
        packets = [] if not one.frame.payload[0] & 0x7F else packets
        packets.append(one.frame.payload)
    return packets


def list_of(line: GatewayModuleLine) -> Script[list[str]]:
    """The ids of all packets of the module's list of sub-devices."""
    packets = yield from list_packets(line)
    return [id for packet in packets for id in ids_in_list(packet)]


def list_names(line: GatewayModuleLine) -> Script[None]:
    ids = yield from list_of(line)
    missing = [id for id in line.end.joined if id not in ids]
    line.require(not missing, f"1c does not list {', '.join(missing)[:60]}, which has joined.")


def list_ids_are_right(line: GatewayModuleLine) -> Script[None]:
    ids = yield from list_of(line)
    line.require(len(set(ids)) == len(ids), "1c lists an id twice.")
    line.require(GATEWAY_ID not in ids and all(ids), "1c lists the gateway itself, or an empty id.")


def list_is_numbered(line: GatewayModuleLine) -> Script[None]:
    packets = yield from list_packets(line)
    heads = [packet[0] for packet in packets]
    right = [number | (0x80 if number < len(packets) - 1 else 0) for number in range(len(packets))]
    line.require(heads == right, f"The packets of 1c begin with {bytes(heads).hex(' ')}.")


def long_list(line: GatewayModuleLine) -> Script[None]:
    yield from add(line, add_many(BATCH_IDS), codes.ADD_MANY)
    yield from line.pause(2.0)
    packets = yield from list_packets(line)
    longest = max(map(len, packets))
    line.require(longest <= 255, f"A packet of 1c has {longest} bytes.")
    line.require(len(packets) >= 4, f"{BATCH} ids of 24 characters are listed in {len(packets)} packets.")
    yield from list_is_numbered(line)
    ids = [id for packet in packets for id in ids_in_list(packet)]
    line.require(set(BATCH_IDS) <= set(ids), "A list of several packets is not complete.")


def limit(line: GatewayModuleLine) -> Script[None]:
    """A security gateway, as we are, has at most 64."""
    ids = [f"uncloudedconflim{number:08}" for number in range(MOST_SECURITY + 2)]
    yield from line.end.open_window()
    mark = line.log.mark()
    for at in range(0, len(ids), BATCH):
        yield from result_of(line, codes.ADD_MANY, add_many(ids[at : at + BATCH]))
        yield from line.pause(2.0)
    got = results(of_module(line.log.since(mark), codes.ADD_RESULT))
    yield from line.end.close_window()
    listed = yield from list_of(line)
    yield from line.end.forget(*ids)
    line.require(len(listed) <= MOST_SECURITY, f"A security gateway has {len(listed)} sub-devices.")
    added = list(got.values()).count(0)
    line.require(added <= MOST_SECURITY, f"{added} are reported as added.")


# --- where it is bound, and removal --------------------------------------------------------------------


def binding_of(line: GatewayModuleLine, payload: bytes) -> Script[int]:
    """The ``ret`` of the module's answer to a question about a binding."""
    data = yield from result_of(line, codes.BINDING, payload)
    ret: int = members_of(data)["ret"]
    return ret


def is_bound(line: GatewayModuleLine) -> Script[None]:
    ret = yield from binding_of(line, json_of(sub_id=FIRST_SUB, d_link=0))
    line.require(ret == 0, f"A sub-device that has joined has the binding {ret}.")


def binding_names_it(line: GatewayModuleLine) -> Script[None]:
    data = yield from result_of(line, codes.BINDING, json_of(sub_id=FIRST_SUB, d_link=0))
    line.require(members_of(data)["sub_id"] == FIRST_SUB, "The answer to 2d names another sub-device.")


def is_not_bound(line: GatewayModuleLine) -> Script[None]:
    ret = yield from binding_of(line, json_of(sub_id=UNKNOWN_ID, d_link=0))
    line.require(ret in (1, 2, 3, 4), f"A sub-device that never joined has the binding {ret}.")


def lenient_binding(line: GatewayModuleLine) -> Script[None]:
    payload = f'{{"sub_id":"{FIRST_SUB}", "d_link":1 "e_val":"ab"}}'.encode()
    ret = yield from binding_of(line, payload)
    line.require(ret == 0, f"A 2d without a comma, as printed, is answered by {ret}.")


def removed(line: GatewayModuleLine) -> Script[None]:
    yield from add(line, add_one(NEW))
    data = yield from result_of(line, codes.LOCAL_DELETE, json_of(sub_id=NEW))
    line.require(data == RECEIVED, f"19 of a sub-device that has joined is answered by {data.hex()}.")


def removed_is_not_listed(line: GatewayModuleLine) -> Script[None]:
    yield from add(line, add_one(NEW))
    yield from result_of(line, codes.LOCAL_DELETE, json_of(sub_id=NEW))
    ids = yield from list_of(line)
    line.require(NEW not in ids, "1c still lists a sub-device that 19 has removed.")


def joined_twice(line: GatewayModuleLine) -> Script[None]:
    yield from add(line, add_one(NEW))
    got = results((yield from add(line, add_one(NEW))))
    line.require(got.get(NEW) == 0, f"The second time 13 is {got}.")
    ids = yield from list_of(line)
    line.require(ids.count(NEW) == 1, f"It joined twice, and 1c lists it {ids.count(NEW)} times.")


_ROWS: tuple[tuple[str, str, str, Play, Grade], ...] = (
    (
        "join.again",
        "A sub-device that has joined may join again, and is listed once",
        "§2.2.3",
        in_window(joined_twice, NEW),
        "should",
    ),
    ("batch.three", "12 of three: 13 adds them all", "§2.2.5", batch(3), "must"),
    ("batch.most", f"12 of {BATCH}: 13 adds them all", "§1.7.2", batch(BATCH), "must"),
    (
        "batch.too-many",
        f"12 of {BATCH + 1} is refused",
        "§2.2.4",
        refuses(add_many([*BATCH_IDS, NEW]), "It", MANY, *BATCH_IDS),
        "must",
    ),
    ("batch.none", "12 of none is refused", "§2.2.4", refuses(add_many([]), "It", MANY), "must"),
    (
        "batch.own-id",
        "12 with the id of the gateway is refused",
        "§1.4",
        refuses(add_many([NEW, GATEWAY_ID]), "It", MANY, NEW),
        "must",
    ),
    (
        "batch.double",
        "12 with an id twice is refused",
        "§4.2",
        refuses(add_many([NEW, NEW]), "It", MANY, NEW),
        "should",
    ),
    (
        "list.long",
        "A long list comes in packets of at most 255 bytes",
        "§2.7.1",
        in_window(long_list, *BATCH_IDS),
        "must",
    ),
    (
        "delete.answered",
        "19 of a sub-device that has joined is answered by 00",
        "§2.2.7",
        in_window(removed, NEW),
        "must",
    ),
    (
        "delete.gone",
        "A removed sub-device is not listed any more",
        "§2.2.7",
        in_window(removed_is_not_listed, NEW),
        "must",
    ),
    (
        "delete.unknown",
        "19 of an unknown sub-device is answered by 01",
        "§2.2.7",
        results_in(codes.LOCAL_DELETE, json_of(sub_id=UNKNOWN_ID), REFUSED, what="It"),
        "must",
    ),
    (
        "delete.no-json",
        "19 without JSON is answered by 01",
        "§1.5.2",
        results_in(codes.LOCAL_DELETE, b"{", REFUSED, what="It"),
        "must",
    ),
)
_OF_JOINED: tuple[tuple[str, str, str, Play, Grade], ...] = (
    ("list.names", "1c lists those that have joined", "§2.7.1", list_names, "must"),
    ("list.ids", "1c lists each id once, and not the gateway", "§1.4", list_ids_are_right, "must"),
    ("list.numbers", "The packets of 1c are numbered from 0", "§2.7.1", list_is_numbered, "must"),
    ("binding.here", "2d of a sub-device that has joined is answered by ret 0", "§2.7.2", is_bound, "must"),
    ("binding.id", "The answer to 2d names the sub-device", "§2.7.2", binding_names_it, "must"),
    (
        "binding.unknown",
        "2d of a sub-device that never joined is not answered by ret 0",
        "§2.7.2",
        is_not_bound,
        "must",
    ),
    ("binding.as-printed", "2d is accepted without the comma", "§1.5.1", lenient_binding, "should"),
)
GATEWAY_MODULE_LIST_CHECKS: tuple[Check, ...] = (
    *(
        row(f"module.{name}", title, clause, play, grade, needs=(ONLINE,), timeout_s=90.0)
        for name, title, clause, play, grade in _ROWS
    ),
    *(
        row(f"module.{name}", title, clause, play, grade, needs=(ONLINE, JOINED))
        for name, title, clause, play, grade in _OF_JOINED
    ),
)
LIMIT_CHECKS: tuple[Check, ...] = (
    row(
        "module.join.limit",
        f"A security gateway has at most {MOST_SECURITY} sub-devices",
        "§1.7.2",
        limit,
        "should",
        needs=(ONLINE,),
        danger=DANGER,
        timeout_s=240.0,
    ),
)
