"""The action "update" as people write it, and the text of how far one has come.

do pump update file=pump-1.0.2.bin version=1.0.2
"""

import re
from collections.abc import Mapping

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import ActionSpec
from unclouded.core.sessions.session import WireAction
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.core.text.whole_number import whole_number
from unclouded.families.tuya.update.transfer_kind import TransferKind

VERSION = re.compile(r"\d{1,2}\.\d{1,2}\.\d{1,2}")
FIRST_CHANNEL, LAST_CHANNEL = 10, 19  # of further MCUs; docs/protocols/tuya_wifi.md §2.4.3

UPDATE_ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec(
        name="update",
        words="Send new firmware to the MCU",
        args={
            "file": "the file to send",
            "version": "what the MCU must report afterwards, as 1.0.1; left out: anything but what it reports now",
            "kind": "firmware (if left out) or file",
            "channel": "of an appliance with several MCUs, the one it is for: 10 to 19; then version is needed",
            "force": "yes: send a file that is known to be for another device",
        },
        danger="Firmware of another product, or one that stops half-way, can leave the appliance dead.",
        files=("file",),
    ),
)


class UpdateCommand(msgspec.Struct, frozen=True, kw_only=True):
    """What to send. ``channel``: of several MCUs, the one it is for. ``is_forced``: also a file for another device."""

    kind: TransferKind
    file: str
    version: str = ""
    channel: int | None = None
    is_forced: bool = False


def update_command_of(command: WireAction, kinds: Mapping[str, TransferKind]) -> UpdateCommand:
    """Raises CommandError, which names what to write."""
    if command.name != "update" or command.part:
        raise refuse_action(command)
    known = UPDATE_ACTIONS[0].args
    for name in command.args:
        if name not in known:
            raise CommandError(f"update has no argument {name}=; it takes {', '.join(f'{one}=' for one in known)}.")
    file, version = command.args.get("file", ""), command.args.get("version", "")
    kind, channel = command.args.get("kind", "firmware"), command.args.get("channel", "")
    if not file:
        raise CommandError("Which file? Write file=NAME.")
    if version and not VERSION.fullmatch(version):
        raise CommandError(f"version={version} is not a version: write three numbers, as version=1.0.1.")
    if kind not in kinds:
        raise CommandError(f"kind={kind} cannot be sent to this device; write kind={' or kind='.join(kinds)}.")
    if version and not kinds[kind].replaces:
        raise CommandError(f"A {kind} has no version that the MCU would report; leave version= out.")
    if command.args.get("force", "yes") != "yes":
        raise CommandError("Write force=yes, or leave it out.")
    channel_number = _channel_of(channel, version, kinds[kind])
    is_forced = "force" in command.args
    return UpdateCommand(kind=kinds[kind], file=file, version=version, channel=channel_number, is_forced=is_forced)


def _channel_of(channel: str, version: str, kind: TransferKind) -> int | None:
    if not channel:
        return None
    if not kind.has_channels:
        raise CommandError("Only firmware for a mains device goes to one of several MCUs; leave channel= out.")
    number = whole_number(channel, FIRST_CHANNEL, LAST_CHANNEL)
    if number is None:
        raise CommandError(f"channel={channel} is none; write channel={FIRST_CHANNEL} to {LAST_CHANNEL}.")
    if not version:
        raise CommandError("One of several MCUs is sent its version first; write version= too, as version=1.0.1.")
    return number


def kilobytes(size: int) -> str:
    """In thousands, as disks are sold: 0 kB, 0.3 kB, 12 kB."""
    return f"{size / 1000:.1f} kB" if 0 < size < 9950 else f"{round(size / 1000)} kB"


def so_far(done: int, total: int) -> str:
    """The progress of an update as text, in kilobytes. ``done``, ``total``: bytes."""
    return f"{kilobytes(done)} of {kilobytes(total)}"
