#!/usr/bin/env python3
"""Switches a device of a hub that runs on this computer, and prints the energy that it has used today.

    python examples/switch_a_plug.py pump on
    python examples/switch_a_plug.py pump off ~/.cache/unclouded/demo/control

The last word is the socket of the hub, here that of the demo; without it that of your own hub.
"""

import sys

import unclouded

OWN_HUB = "~/.local/share/unclouded/control"


def main(device: str, state: str, control: str = OWN_HUB) -> None:
    hub = unclouded.HubClient(control)
    done = hub.post(f"/api/devices/{device}/set", {"point": "on", "value": state == "on"})
    print(f"{device} {state}: {done['outcome']} {done['reason']}".rstrip())
    energy = hub.get("/api/energy", by="day", device=device)
    for row in energy["rows"]:
        used_Wh = row["Wh"][-1]
        print(f"{row['point']} today: {'not known' if used_Wh is None else f'{used_Wh:.0f} Wh'}")


if __name__ == "__main__":
    if not 3 <= len(sys.argv) <= 4 or sys.argv[2] not in ("on", "off"):
        sys.exit(__doc__)
    try:
        main(*sys.argv[1:])
    except unclouded.UncloudedError as error:
        sys.exit(str(error))
