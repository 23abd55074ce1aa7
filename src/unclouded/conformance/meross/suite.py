"""The suite of Meross plugs and of what they are connected to."""

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.meross.hub.role import HUB_ROLE
from unclouded.conformance.meross.plug.role import PLUG_ROLE

MEROSS = CheckSuite(
    name="meross",
    title="Meross plugs: signed messages over HTTP, or over MQTT with the server that a plug was bound to",
    page="meross",
    family="meross",
    roles={"controller": PLUG_ROLE, "device": HUB_ROLE},
)
