"""The suite of the radio's line."""

from unclouded.conformance.check import CheckSuite
from unclouded.conformance.emporia.controller_role import CONTROLLER_ROLE
from unclouded.conformance.emporia.radio_role import RADIO_ROLE

EMPORIA = CheckSuite(
    name="emporia",
    title="Emporia Vue Utility Connect: the line between its controller and its radio",
    page="emporia",
    family="emporia",
    roles={"controller": RADIO_ROLE, "device": CONTROLLER_ROLE},
)
