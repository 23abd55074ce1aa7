"""A hand-made console for tests of the controller's end: it answers a line with its own lines, then a prompt."""

from collections.abc import Callable, Mapping

from pair import ambient
from unclouded.core.sessions.session import Event, LinkPath, WireAction
from unclouded.families.meross.console.controller.session import ConsoleSession
from unclouded.families.meross.console.controller.settings import ConsoleSettings

UUID = "19010100000000000000020000000001"
HARDWARE = "hardware info\r\nmodel     :mss310\r\nlocal     :us\r\nhw version:2.0.0\r\nchipset   :mt7682\r\n"
HARDWARE += f"uuid      :{UUID}\r\nmac       :02:00:00:00:00:01\r\n"

ANSWERS: Mapping[str, str] = {
    "": "",
    "meross hw": HARDWARE,
    "meross fw": "firmware info\r\nfw version:2.1.7\r\nbuildDate :2018/11/08 09:58:45 GMT +08:00\r\n",
    "?": "?      - show the commands available\r\nmeross - meross module tools\r\n",
    "meross": "incomplete command, more options:\r\n\r\nhw     - hardware info\r\nnew    - a new thing\r\n",
    "config": "incomplete command, more options:\r\nread   - config read <group_name> <data_item_name>\r\n",
    "meross iot": "incomplete command, more options:\r\nstatus  - show status\r\n",
    "meross mem": "heap info:\r\ntotal:184320\r\nfree: 83536\r\nlow:  80496\r\n",
}


class HandMadeConsole:
    """Answers what the session sends. ``echo``: as most consoles do. ``end``: of its lines."""

    def __init__(self, session: ConsoleSession, *, echo: bool = True, end: str = "\r\n", **answers: str) -> None:
        self.session = session
        self.now = 0.0
        self.events: list[Event] = []
        self.typed: list[str] = []
        self.answers = {**ANSWERS, **{name.replace("_", " "): text for name, text in answers.items()}}
        self.damage: Callable[[bytes], bytes] = bytes
        self.silent = False
        self._echo, self._end = echo, end

    def start(self) -> "HandMadeConsole":
        self.events += self.session.up(LinkPath(), self.now)
        self.pump()
        return self

    def send(self, text: str) -> None:
        """What the board prints by itself."""
        self.events += self.session.receive(text.encode(), self.now)
        self.pump()

    def pump(self) -> None:
        """Answer everything that was sent."""
        while outs := self.session.outgoing(self.now):
            for out in outs:
                self._answer(out.data.decode("ascii").rstrip("\r\n"))

    def _answer(self, line: str) -> None:
        self.typed.append(line)
        if self.silent:
            return
        echo = f"{line}\r\n" if self._echo else "\r\n"
        text = f"{echo}{self.answers.get(line, f'unknown command {line}')}\r\n$ ".replace("\r\n", self._end)
        self.events += self.session.receive(self.damage(text.encode()), self.now)

    def wait(self, seconds: float) -> None:
        until = self.now + seconds
        while (at := self.session.deadline()) is not None and at <= until:
            self.now = max(self.now, at)
            self.events += self.session.tick(self.now)
            self.pump()
        self.now = until

    def do(self, command: str, action: str = "console", **args: str) -> int:
        """Run a command, and return its ticket."""
        given = {"command": command, **args} if command else args
        ticket = self.session.submit(WireAction(action, given), self.now)
        self.pump()
        self.wait(0.0)
        return ticket


def console(*, echo: bool = True, end: str = "\r\n", polls: bool = False, **answers: str) -> HandMadeConsole:
    return answering(answers, echo=echo, end=end, polls=polls)


def answering(
    answers: Mapping[str, str], *, echo: bool = True, end: str = "\r\n", polls: bool = False
) -> HandMadeConsole:
    """``answers``: by command."""
    session = ConsoleSession(ConsoleSettings(polls=polls, switches_relay=True), ambient())
    return HandMadeConsole(session, echo=echo, end=end, **answers)
