"""Checks of a module that are dangerous or need a person: resets and pairing, commands, updates, and no heartbeats.

Source: docs/protocols/tuya_wifi.md §2.4.7, §2.4.8, §2.4.12, §2.4.17, §2.4.19, §2.5.3.
"""

from collections.abc import Callable

from unclouded.conformance.check import Check, PersonTask, Preparation
from unclouded.conformance.line import LineEntry, Script
from unclouded.conformance.rows import judged, row
from unclouded.conformance.tuya.answer_checks import answer
from unclouded.conformance.tuya.frames import exchange, frames, is_command, units_of
from unclouded.conformance.tuya_wifi.emulated_mcu import MISSED_BLOCK, SMALL, START_S, product_info
from unclouded.conformance.tuya_wifi.module_start_checks import ONLINE, ModuleLine
from unclouded.families.tuya.wifi import codes

RESET_DANGER = "The module forgets its network and goes into pairing."
PAIRING_S = 40.0  # until the module reports pairing; ours
PAIRING = frozenset({0, 1, 6})
COMMAND, MODULE_UPDATE = "a command", "an update of the MCU"  # preparations
SWITCH_NOW = PersonTask("switch", "Switch something of this device in the app now.")
UPDATE_NOW = PersonTask("update", "Start an update of the MCU in the app now.")
PERSON_S = 120.0
UPDATE_S = 1800.0
SILENT_S = 32.0  # two heartbeats and more


# --- no heartbeats -----------------------------------------------------------------------------------


def stop(line: ModuleLine) -> Script[None]:
    entry = yield from answer(line, codes.STOP_HEARTBEATS)
    line.require(not entry.frame.payload, "The answer to 25 is not empty.")


def stopped(line: ModuleLine) -> Script[None]:
    yield from answer(line, codes.STOP_HEARTBEATS)
    mark = line.log.mark()
    yield from line.pause(SILENT_S)
    count = len(frames(line.received(mark), codes.HEARTBEAT))
    line.require(not count, f"After 25, {count} heartbeats came within {SILENT_S:g} s.")


def beats_again(line: ModuleLine) -> Script[None]:
    yield from answer(line, codes.STOP_HEARTBEATS)
    yield from line.pause(2.0)
    if not (yield from line.end.start()):
        line.fail("After 25 a restart of the MCU does not begin the start again.")
    yield from line.expect(is_command(codes.HEARTBEAT), 20.0, "After 25 and a restart of the MCU no heartbeats come.")


# --- resets ------------------------------------------------------------------------------------------


def reset_answered(command: int, payload: bytes) -> Callable[[ModuleLine], Script[None]]:
    """A script: the module answers this reset with an empty payload."""

    def script(line: ModuleLine) -> Script[None]:
        line.end.is_started = False
        entry = yield from exchange(line, command, payload)
        if entry is None:
            line.fail(f"{command:02x} is not answered.")
        line.require(not entry.frame.payload, f"The answer to {command:02x} is not empty.")

    return script


def reset_starts_again(line: ModuleLine) -> Script[None]:
    line.end.is_started = False
    yield from exchange(line, codes.RESET)
    yield from line.expect(is_command(codes.PRODUCT), PAIRING_S, f"{PAIRING_S:g} s after a reset no 01 came.")


def reset_reports(
    command: int, payload: bytes, states: frozenset[int], more: str = ""
) -> Callable[[ModuleLine], Script[None]]:
    """A script: after this reset the module reports one of these states. ``more``: fields of the MCU's product info."""

    def script(line: ModuleLine) -> Script[None]:
        if more:
            line.end.product = product_info(more=more)
            if not (yield from line.end.start()):
                line.skip("The start does not come to its end.")
        line.end.is_started = False
        yield from exchange(line, command, payload)
        entry = yield from line.wait_for(_is_pairing, PAIRING_S)
        if entry is None:
            line.fail(f"{PAIRING_S:g} s after a reset no status of pairing was reported.")
        status = entry.frame.payload[0]
        line.require(status in states, f"It reports status {status:02x} after the reset.")

    return script


def _is_pairing(entry: LineEntry) -> bool:
    return is_command(codes.NETWORK)(entry) and entry.frame.payload[:1] in {bytes((one,)) for one in PAIRING}


def reset_notice(line: ModuleLine) -> Script[None]:
    line.end.is_started = False
    yield from answer(line, codes.EXTENDED, bytes((codes.RESET_NOTICES_ON,)), sub=codes.RESET_NOTICES_ON)
    mark = line.log.mark()
    yield from exchange(line, codes.RESET)
    yield from line.pause(5.0)
    sent = [one.frame.payload for one in frames(line.received(mark), codes.EXTENDED) if one.frame.payload[:1] == b"\5"]
    line.require(sent, "After a reset no 34/05 came.")
    line.require(sent[:1] == [b"\5\0"], f"34/05 of a local reset is {sent[0].hex()}." if sent else "")


def pairing_accepted(line: ModuleLine) -> Script[None]:
    yield from exchange(line, codes.RESET)
    yield from line.wait_for(is_command(codes.QUERY), PAIRING_S)
    yield from line.pause(1.0)
    data = b'{"s":"unclouded-conform","p":"12345678","t":"conform"}'
    entry = yield from answer(line, codes.PAIRING, data)
    line.end.is_started = False
    line.require(entry.frame.payload == b"\0", f"In pairing, 2a is answered by {entry.frame.payload.hex()}.")


# --- commands ----------------------------------------------------------------------------------------


def observe_command(line: ModuleLine) -> Script[None]:
    line.advise(SWITCH_NOW)
    if (yield from line.wait_for(is_command(codes.SET), PERSON_S)) is None:
        line.skip(f"No 06 came within {PERSON_S:g} s.")
    yield from line.pause(5.0)


def _commands(line: ModuleLine) -> list[LineEntry]:
    return [one for one in frames(line.observed[COMMAND], codes.SET) if one.sender == "controller"]


def command_has_known_points(line: ModuleLine) -> None:
    ids = {id for one in _commands(line) for id, _, _ in units_of(one.frame.payload)}
    odd = sorted(ids - line.end.types.keys())
    line.require(not odd, f"It sets data points that were never reported: {odd}.")


def command_has_reported_types(line: ModuleLine) -> None:
    for one in _commands(line):
        for id, type, _ in units_of(one.frame.payload):
            known = line.end.types.get(id, type)
            line.require(
                type == known, f"Data point {id} was reported with type {known:02x} and is set with {type:02x}."
            )


def command_is_not_repeated(line: ModuleLine) -> None:
    """It is answered by a report at once."""
    sent = [one.frame.payload for one in _commands(line)]
    line.require(len(set(sent)) == len(sent), "A 06 that was answered by a report is sent again.")


# --- updates -----------------------------------------------------------------------------------------


def observe_update(line: ModuleLine) -> Script[None]:
    line.advise(UPDATE_NOW)
    if (yield from line.wait_for(is_command(codes.UPDATE_START), PERSON_S)) is None:
        line.skip(f"No 0a came within {PERSON_S:g} s.")
    end = yield from line.wait_for(
        lambda one: is_command(codes.UPDATE_BLOCK)(one) and len(one.frame.payload) == 4, UPDATE_S
    )
    if end is None:
        line.end.is_started = False
        return
    yield from line.wait_for(is_command(codes.PRODUCT), 60.0)
    yield from line.wait_for(is_command(codes.QUERY), START_S)
    yield from line.pause(1.0)


def _update(line: ModuleLine, *commands: int) -> list[LineEntry]:
    return [one for one in frames(line.observed[MODULE_UPDATE], *commands) if one.sender == "controller"]


def _data_blocks(line: ModuleLine) -> list[tuple[int, int]]:
    """(offset, size) of each block with data, as they came."""
    payloads = [one.frame.payload for one in _update(line, codes.UPDATE_BLOCK)]
    return [(int.from_bytes(data[:4]), len(data) - 4) for data in payloads if len(data) > 4]


def update_size(line: ModuleLine) -> None:
    starts = [one.frame.payload for one in _update(line, codes.UPDATE_START)]
    wrong = [data for data in starts if len(data) not in (4, 40) or not int.from_bytes(data[:4])]
    line.require(starts and not wrong, "A 0a holds no size.")


def update_block_sizes(line: ModuleLine) -> None:
    largest = max((size for _, size in _data_blocks(line)), default=0)
    line.require(0 < largest <= SMALL, f"Blocks of {SMALL} bytes were agreed on, and one has {largest}.")


def update_order(line: ModuleLine) -> None:
    due = 0
    for offset, size in _data_blocks(line):
        if offset == due:
            due += size
        line.require(offset <= due, f"A block at {offset} came when {due} was due.")
    whole = int.from_bytes(_update(line, codes.UPDATE_START)[-1].frame.payload[:4])
    line.require(due == whole, f"{due} of {whole} bytes came.")


def update_again(line: ModuleLine) -> None:
    blocks = [offset for offset, _ in _data_blocks(line)]
    missed = MISSED_BLOCK * SMALL
    if missed not in blocks:
        line.skip("The file was too short.")
    line.require(blocks.count(missed) > 1, "A block that was not acknowledged is not sent again.")


def update_end(line: ModuleLine) -> None:
    size = int.from_bytes(_update(line, codes.UPDATE_START)[-1].frame.payload[:4])
    ends = [one.frame.payload for one in _update(line, codes.UPDATE_BLOCK) if len(one.frame.payload) == 4]
    line.require(ends, "No block without data ends the update.")
    line.require(int.from_bytes(ends[-1]) == size, "The offset of the last block is not the size.")


def update_version(line: ModuleLine) -> None:
    end = next((one.at for one in _update(line, codes.UPDATE_BLOCK) if len(one.frame.payload) == 4), None)
    if end is None:
        line.skip("The update did not end.")
    after = [one for one in _update(line, codes.PRODUCT) if one.at >= end]
    line.require(after, "After the update the version is not asked for within 60 s.")


def update_alone(line: ModuleLine) -> None:
    blocks = [one.at for one in _update(line, codes.UPDATE_BLOCK)]
    if not blocks:
        line.skip("No block came.")
    other = [one for one in _update(line, codes.SET, codes.QUERY) if blocks[0] < one.at < blocks[-1]]
    line.require(not other, "Data points are set or queried while the update runs.")


STOP_CHECKS: tuple[Check, ...] = (
    row("module.stop.answered", "25 is acknowledged", "§2.4.17", stop, needs=(ONLINE,)),
    row("module.stop.obeyed", "After 25 no heartbeats come", "§2.4.17", stopped, needs=(ONLINE,), timeout_s=60.0),
    row(
        "module.stop.restart",
        "After a restart of the MCU heartbeats come again",
        "§2.4.17",
        beats_again,
        needs=(ONLINE,),
        timeout_s=90.0,
    ),
)
PERSON_CHECKS: tuple[Check, ...] = (
    *(
        row(f"module.set.{name}", title, clause, judged(judge), needs=(ONLINE, COMMAND), person=SWITCH_NOW)
        for name, title, clause, judge in (
            ("known", "It sets only data points that were reported", "§2.4.8", command_has_known_points),
            ("type", "It sets a data point with the type that was reported", "§2.2", command_has_reported_types),
            ("once", "A 06 that was answered is not sent again", "§2.4.8", command_is_not_repeated),
        )
    ),
    *(
        row(
            f"module.update.{name}",
            title,
            "§2.4.12",
            judged(judge),
            needs=(ONLINE, MODULE_UPDATE),
            person=UPDATE_NOW,
            timeout_s=UPDATE_S,
        )
        for name, title, judge in (
            ("size", "0a holds the size", update_size),
            ("block-size", "Blocks are not larger than agreed", update_block_sizes),
            ("order", "Blocks come in order, without gaps, to the end", update_order),
            ("again", "A block that was not acknowledged comes again", update_again),
            ("end", "A block without data at the size ends the update", update_end),
            ("version", "After an update the version is asked for", update_version),
            ("alone", "During an update no data points are set or queried", update_alone),
        )
    ),
)
_RESETS: tuple[tuple[str, str, str, Callable[[ModuleLine], Script[None]]], ...] = (
    ("acknowledged", "04 is acknowledged", "§2.4.7", reset_answered(codes.RESET, b"")),
    ("ez-acknowledged", "05 00 is acknowledged", "§2.4.7", reset_answered(codes.RESET_MODE, b"\0")),
    ("ap-acknowledged", "05 01 is acknowledged", "§2.4.7", reset_answered(codes.RESET_MODE, b"\1")),
    ("starts-again", "After a reset the start begins again", "§2.4.7", reset_starts_again),
    ("status", "After 04 it reports a status of pairing", "§2.4.7", reset_reports(codes.RESET, b"", PAIRING)),
    (
        "ap-status",
        "After 05 01 it reports pairing by its access point",
        "§2.4.7",
        reset_reports(codes.RESET_MODE, b"\1", frozenset({1, 6})),
    ),
    (
        "product-overrides",
        "n of the product overrides 05",
        "§2.4.3",
        reset_reports(codes.RESET_MODE, b"\0", frozenset({1}), ',"n":1'),
    ),
    ("notice", "34/05 reports a local reset where that was asked for", "§2.5.3", reset_notice),
    ("pairing", "In pairing, 2a is accepted", "§2.4.19", pairing_accepted),
)
RESET_CHECKS: tuple[Check, ...] = tuple(
    row(f"module.reset.{name}", title, clause, script, needs=(ONLINE,), danger=RESET_DANGER, timeout_s=120.0)
    for name, title, clause, script in _RESETS
)
PERSON_PREPARATIONS = {
    COMMAND: Preparation(text="a command came", script=observe_command, once=True, timeout_s=PERSON_S + 10.0),
    MODULE_UPDATE: Preparation(text="an update came", script=observe_update, once=True, timeout_s=UPDATE_S + PERSON_S),
}
