"""What the meter behind a simulated radio measures."""

from fractions import Fraction

from unclouded.core.errors import CommandError
from unclouded.core.sessions.session import SessionCommand, WireAction
from unclouded.core.sessions.session_parts import refuse_action
from unclouded.families.emporia.reading import DEMAND, EXPORT, IMPORT, WireFactors


class SimulatedMeter:
    """Wh and W by wire key."""

    def __init__(self) -> None:
        self._values: dict[str, Fraction] = {}

    def measure(self, command: SessionCommand) -> None:
        """Take new values. Raises CommandError where one is none of a meter's."""
        if isinstance(command, WireAction):
            raise refuse_action(command)
        values: dict[str, Fraction] = {}
        for key, value in command.values.items():
            if key not in (IMPORT, EXPORT, DEMAND):
                raise CommandError(f"A simulated meter measures {IMPORT}, {EXPORT} and {DEMAND}, not {key!r}.")
            if isinstance(value, (bool, str, bytes)):
                raise CommandError(f"A simulated meter takes a number as {key}, not {value!r}.")
            values[key] = Fraction(value)
        self._values |= values

    def __contains__(self, key: str) -> bool:
        return key in self._values

    def count(self, key: str, scale: WireFactors) -> int | None:
        """The register's count; None where nothing was measured."""
        value = self._values.get(key)
        return None if value is None else scale.count(value)
