"""An RFC 2217 server: a server with one serial port that has a loop-back plug.

IAC WILL|DO|… option           IAC SB 44 command value… IAC SE         answered with command + 100
"""

import asyncio

IAC, DONT, DO, WONT, WILL, SB, SE = 255, 254, 253, 252, 251, 250, 240
BINARY, COM_PORT = 0, 44
SET_BAUD, SET_PARITY = 1, 3
SET_LINE_STATE_MASK, SET_MODEM_STATE_MASK = 10, 11


class TelnetServer:
    """``acks_masks``: it acknowledges the masks of line and modem states, too; ser2net does not."""

    def __init__(self, acks_masks: bool = True) -> None:
        self.acks_masks = acks_masks
        self.port = self.baud = self.parity = 0
        self._server: asyncio.Server | None = None
        self._writers: set[asyncio.StreamWriter] = set()

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
            await writer.wait_closed()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while True:
                byte = (await reader.readexactly(1))[0]
                if byte != IAC:
                    writer.write(bytes([byte]))
                else:
                    await self._command(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return

    async def _command(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        verb = (await reader.readexactly(1))[0]
        if verb == IAC:
            writer.write(bytes([IAC, IAC]))
        elif verb == SB:
            body = await reader.readuntil(bytes([IAC, SE]))
            self._set(body[1], body[2:-2])
            if body[1] in (SET_LINE_STATE_MASK, SET_MODEM_STATE_MASK) and not self.acks_masks:
                return
            writer.write(bytes([IAC, SB, body[0], body[1] + 100]) + body[2:])
        elif verb in (WILL, DO):
            option = (await reader.readexactly(1))[0]
            writer.write(bytes([IAC, {WILL: DO, DO: WILL}[verb], option]))

    def _set(self, command: int, value: bytes) -> None:
        value = value.replace(bytes([IAC, IAC]), bytes([IAC]))
        if command == SET_BAUD:
            self.baud = int.from_bytes(value, "big")
        elif command == SET_PARITY:
            self.parity = value[0]
