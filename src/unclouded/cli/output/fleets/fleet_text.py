"""What a fleet gets of a home, in sentences. Pure."""

from unclouded.app.configuration.tables.fleet import FleetTable

LEVELS = {
    "nothing": "No energy and no readings.",
    "energy": "The energy of each hour and each day.",
    "quarter": "Energy, and of each quarter of an hour the minimum, mean and maximum of each point.",
    "minute": "Energy, and of each minute the minimum, mean and maximum of each point.",
    "raw": "Every reading.",
}


def leaving_lines(table: FleetTable) -> list[str]:
    """What leaves the home, and what does not."""
    return [
        f"  level      {table.level}: {LEVELS[table.level]}",
        f"  names      {_either(table.names, 'of devices and rooms', 'no: devices are numbers')}",
        f"  events     {_either(table.events, 'states, outcomes of commands, warnings', 'no')}",
        f"  questions  {_either(table.questions, 'it may look at the page of this hub, with all devices', 'no')}",
        f"  control    {_either(table.control, 'it may switch devices that are not critical', 'no')}",
        "  always     power now, energy of today, how many devices are offline, kinds of alerts, version of the hub",
    ]


def _either(flag: bool, yes: str, no: str) -> str:
    return f"yes: {yes}" if flag and yes else no
