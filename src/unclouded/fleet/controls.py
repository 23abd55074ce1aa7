"""What can be set in a home, as its catalogue says it: checked before a command is sent. The hub has the last word.

Source: docs/protocols/fleet.md §4.1
"""

from math import inf, isfinite

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.text.printable import printable
from unclouded.fleet.base.views import CatalogueControl, CatalogueDevice, HomeCatalogue, NewCommand

MOST_NAMED = 12  # in an error
LARGEST = 2**53  # of whole numbers, as the API takes them; larger ones cannot be sent to every hub


def checked_command(catalogue: HomeCatalogue, command: NewCommand) -> NewCommand:
    """The command with the id of its device. Raises CommandError: there is no such device, or it cannot be set to that.

    As it is where the catalogue does not say enough: none has come yet, or it is of an older hub.
    """
    if not _can_be_sent(command.value):
        raise CommandError(f"A value is a number from -{LARGEST} to {LARGEST}, a text, on or off.")
    if not catalogue.at:
        return command
    device = _device(catalogue, command.device)
    command = msgspec.structs.replace(command, device=device.id)
    if device.controls is not None:
        _check_value(_control(device, command.point), command.value)
    return command


def _can_be_sent(value: bool | int | float | str) -> bool:
    return abs(value) <= LARGEST if isinstance(value, int) else not isinstance(value, float) or isfinite(value)


def _device(catalogue: HomeCatalogue, text: str) -> CatalogueDevice:
    """By its id, or by a name that only one device has."""
    exact = [one for one in catalogue.devices if one.id == text]
    found = exact or [one for one in catalogue.devices if one.name == text]
    if len(found) == 1:
        return found[0]
    wrong = "has several devices" if found else "lets out no device"
    raise CommandError(
        f"The home {wrong} {printable(text)!r}. It has: {_listed([one.id for one in catalogue.devices])}."
    )


def _control(device: CatalogueDevice, point: str) -> CatalogueControl:
    """``point`` "": the main one."""
    controls = device.controls or ()
    wanted = point or device.main
    found = next((one for one in controls if one.point == wanted), None)
    if found is not None:
        return found
    can = (
        f"Can be set: {_listed([one.point for one in controls])}."
        if controls
        else "Nothing of it can be set from here."
    )
    raise CommandError(f"{printable(wanted) or 'The main point'} of {printable(device.id)} cannot be set. {can}")


def _check_value(control: CatalogueControl, value: bool | int | float | str) -> None:
    name, is_number = printable(control.point), isinstance(value, int | float) and not isinstance(value, bool)
    if control.kind == "switch" and not isinstance(value, bool):
        raise CommandError(f"{name} takes on or off, not {printable(str(value))}.")
    if control.kind == "number" and isinstance(value, bool):
        raise CommandError(f"{name} takes a number, not {'on' if value else 'off'}.")
    if control.options and control.kind == "enum" and value not in control.options:
        raise CommandError(f"{name} takes one of {_listed(control.options)}, not {printable(str(value))}.")
    least, most = control.minimum, control.maximum
    if is_number and not (-inf if least is None else least) <= float(value) <= (inf if most is None else most):
        raise CommandError(f"{name} takes {_range(least, most)}, not {value}.")


def _range(least: float | None, most: float | None) -> str:
    if least is None:
        return f"at most {most:g}"
    return f"{least:g} or more" if most is None else f"{least:g} to {most:g}"


def _listed(names: tuple[str, ...] | list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return (", ".join(printable(one) for one in names[:MOST_NAMED]) or "none") + more
