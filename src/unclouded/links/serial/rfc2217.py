"""The client of RFC 2217, a Telnet option by which a client sets the line of a serial port behind a server.

serialx waits for an acknowledgement of each command. Those that only choose what the server reports of modem and line
states (SET-MODEMSTATE-MASK, SET-LINESTATE-MASK) get none from ser2net, and nothing here depends on them.
"""

from serialx.platforms.serial_rfc2217 import RFC2217SerialTransport
from serialx.platforms.serial_rfc2217.types import Rfc2217CmdId, Rfc2217Command

UNACKNOWLEDGED = frozenset({Rfc2217CmdId.SET_MODEMSTATE_MASK, Rfc2217CmdId.SET_LINESTATE_MASK})


class Rfc2217Transport(RFC2217SerialTransport):
    """serialx's transport; it goes on after a command of UNACKNOWLEDGED."""

    async def _send_and_wait(self, cmd: Rfc2217Command) -> Rfc2217Command:
        if cmd.CMD_ID in UNACKNOWLEDGED:
            self._send_command(cmd)
            return cmd
        return await super()._send_and_wait(cmd)
