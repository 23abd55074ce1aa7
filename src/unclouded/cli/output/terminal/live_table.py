"""The live table of `watch` and `demo`.

     Home                                              ● live · 5 devices, 1 offline · 14:03:12
     1.24 kW from the grid

     ● meter                     ▂▂▃▅▃▂▂▂▁▁▂▃   1.24 kW  5858.94 kWh  231.2 V   2 s
     ● ├ Kettle           [on ]  ▁▁▁▇▇▇▁▁▁▁▁▁   1.02 kW     0.31 kWh  230.4 V   1 s
     ○ ├ Pump                    ▃▃▃            offline since 13:41, last 43 W
       └ everything else         ▂▂▂▃▂▂▂▂▂▂▂▂    134 W

Marks and text carry the meaning; colour repeats it. rich is imported when the first frame is drawn.
"""

from collections.abc import Callable, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import msgspec

from unclouded.cli.output.terminal.device_rows import GIVES, DeviceRow, DeviceRows
from unclouded.cli.output.value_text import clock_text, legend, sparkline
from unclouded.core.model import Fact, State
from unclouded.core.text.printable import printable

if TYPE_CHECKING:
    from rich.console import RenderableType
    from rich.text import Text

HINT = "Ctrl-C exits"
GAP = 2  # columns between two cells
MARGIN = 1
MARK = 2  # the state and a space, before the name
SHORTEST_NAME, FAIR_NAME, NAME_SHARE = 8, 17, 4  # a name takes a quarter of the line; "└ everything else" fits
FEWEST_BARS, ENOUGH_BARS, MOST_BARS = 8, 20, 30
LEAST_MORE = 12

STATES: Mapping[State, tuple[str, str]] = {
    "online": ("●", "green"),
    "connecting": ("◌", "dim"),
    "waiting": ("◐", "yellow"),
    "asleep": ("◑", "dim"),
    "offline": ("○", "dim"),
    "faulted": ("✗", "bold red"),
    "seen": ("+", "cyan"),
}
NOTES: Mapping[State | None, str] = {"faulted": "red", "waiting": "yellow"}


class LiveView:
    """The live table: feed it facts, ask for a frame. ``zone``: of the times it shows, None = this computer's."""

    def __init__(self, title: str = "Home", zone: tzinfo | None = None, hint: str = HINT) -> None:
        self._title = title
        self._zone = zone
        self._hint = hint
        self._devices = DeviceRows(zone)
        self._hub = (True, "live")

    def feed(self, *facts: Fact) -> None:
        """Process facts."""
        for fact in facts:
            self._devices.feed(fact)

    def hub(self, live: bool, text: str) -> None:
        """Set the state of the hub: ``(False, "the hub does not answer")``."""
        self._hub = (live, text)

    def render(self, now: float, width: int) -> "RenderableType":
        """One frame, at most ``width`` columns wide. ``now``: Unix seconds."""
        from rich.console import Group

        rows = self._devices.rows(now, MOST_BARS)
        layout = TableLayout.of(rows, width)
        rows = self._devices.rows(now, layout.bars) if layout.bars not in (0, MOST_BARS) else rows
        lines = [self._header(now, width), *self._headline(), _line()]
        lines += [draw_row(row, layout, width) for row in rows] or [
            _line((" " * MARGIN, ""), ("no devices yet", "dim"))
        ]
        lines += [_line(), *self._notice(now, width), self._footer(width)]
        for line in lines:
            line.truncate(width, overflow="ellipsis")
        return Group(*lines)

    def _header(self, now: float, width: int) -> "Text":
        live, text = self._hub
        state = "green" if live and self._devices.is_normal() else "yellow" if live else "bold red"
        right = [(("●" if live else "✗"), state), (f" {text}", "")]
        right += [(f" · {self._devices.state_text()}", "" if self._devices.is_normal() else "yellow")]
        right += [(f" · {clock_text(now, self._zone)}", "dim")]
        return _spread([(self._title, "bold")], right, width)

    def _headline(self) -> "list[Text]":
        number, _, rest = self._devices.headline().partition(" ")
        return [_line((" " * MARGIN, ""), (number, "bold"), (f" {rest}", ""))] if rest else []

    def _notice(self, now: float, width: int) -> "list[Text]":
        notice = self._devices.notice(now)
        if notice is None:
            return []
        about = f"{notice.device}: " if notice.device else ""
        return [_spread([(f"{clock_text(notice.at, self._zone)}  {about}{notice.words}", "")], [], width)]

    def _footer(self, width: int) -> "Text":
        return _spread([(self._hint, "dim")], [(legend(self._devices.marks()), "dim")], width)


# --- rows ------------------------------------------------------------------------------------------


class TableLayout(msgspec.Struct, frozen=True, kw_only=True):
    """The width of each column; 0 = not shown."""

    name: int
    switch: int
    bars: int
    main: int
    second: int
    voltage: int
    more: int
    age: int

    @classmethod
    def of(cls, rows: Sequence[DeviceRow], width: int) -> "TableLayout":
        """The columns that fit: always name, switch, value and age; then bars, energy, volts, longer bars, the rest."""
        room = _Room(width - 2 * MARGIN - MARK)
        main, age = room.take(_widest(rows, lambda row: row.main, 9)), room.take(_widest(rows, lambda row: row.age, 6))
        switch = room.take(5 if any(row.switch is not None for row in rows) else 0)
        name = room.take(
            min(_widest(rows, lambda row: row.tree + row.name, SHORTEST_NAME), max(width // NAME_SHARE, FAIR_NAME))
        )
        bars = room.take_if(FEWEST_BARS if any(row.bars for row in rows) else 0)
        second = room.take_if(_widest(rows, lambda row: row.second, 11))
        voltage = room.take_if(_widest(rows, lambda row: row.voltage, 7))
        bars += room.grow(ENOUGH_BARS - FEWEST_BARS) if bars else 0
        more = room.take_if(min(_widest(rows, lambda row: row.more, LEAST_MORE), max(room.left - GAP, LEAST_MORE)))
        bars += room.grow(MOST_BARS - ENOUGH_BARS) if bars else 0
        return cls(name=name, switch=switch, bars=bars, main=main, second=second, voltage=voltage, more=more, age=age)


class _Room:
    """The columns that remain in a line."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, columns: int) -> int:
        self.left -= columns + GAP if columns else 0
        return columns

    def take_if(self, columns: int) -> int:
        return self.take(columns) if columns + GAP <= self.left else 0

    def grow(self, most: int) -> int:
        more = min(max(self.left, 0), most)
        self.left -= more
        return more


def draw_row(row: DeviceRow, layout: TableLayout, width: int) -> "Text":
    """One device as a line of ``width`` columns; what does not fit is cut."""
    mark, style = STATES[row.state] if row.state else (" ", "")
    faint = "dim" if row.note or row.state == "asleep" or row.state is None else ""
    line = _line((" " * MARGIN, ""), (mark, style), (" ", ""))
    _put(line, [(row.tree, "dim"), (row.name, faint)], layout.name, gap=0)
    if row.note:
        return _with_note(line, row, layout, width)
    _put(line, _switch_cell(row), layout.switch)
    _put(line, [(sparkline(row.bars), faint or "cyan")], layout.bars)
    _put(line, _number_cell(row.main, faint or "bold"), layout.main, right=True)
    _put(line, _number_cell(row.second, faint), layout.second, right=True)
    _put(line, _number_cell(row.voltage, faint), layout.voltage, right=True)
    _put(line, [(row.age, "dim")], layout.age, right=True)
    _put(line, [(row.more, "dim")], layout.more)
    line.rstrip()
    return line


def _with_note(line: "Text", row: DeviceRow, layout: TableLayout, width: int) -> "Text":
    """A row without valid values: its history, where there is room for it, and the note."""
    from rich.cells import cell_len

    before = sum(columns + GAP for columns in (layout.switch, layout.bars) if columns)
    if row.bars and line.cell_len + before + GAP + cell_len(row.note) + MARGIN <= width:
        _put(line, [], layout.switch)
        _put(line, [(sparkline(row.bars), "dim")], layout.bars)
    line.append(" " * GAP)
    line.append(printable(row.note), NOTES.get(row.state, "dim"))
    line.truncate(width - MARGIN, overflow="ellipsis")
    return line


def _switch_cell(row: DeviceRow) -> list[tuple[str, str]]:
    if row.switch is None:
        return []
    return [("[", "dim"), ("on ", "bold green") if row.switch else ("off", ""), ("]", "dim")]


def _number_cell(text: str, style: str) -> list[tuple[str, str]]:
    """The number; the text before it and the unit are dimmed."""
    gives = GIVES if text.startswith(GIVES) else ""
    number, space, unit = text.removeprefix(gives).partition(" ")
    return [(gives, "dim"), (number, style), (space + unit, "dim")]


def _put(line: "Text", parts: Sequence[tuple[str, str]], columns: int, right: bool = False, gap: int = GAP) -> None:
    """Append a gap and a cell of ``columns`` columns."""
    if not columns:
        return
    cell = _line(*parts)
    cell.truncate(columns, overflow="ellipsis")
    space = " " * (columns - cell.cell_len)
    line.append(" " * gap + (space if right else ""))
    line.append_text(cell)
    line.append("" if right else space)


def _widest(rows: Sequence[DeviceRow], cell: Callable[[DeviceRow], str], least: int) -> int:
    """The widest cell of a column, 0 where all are empty. ``least`` keeps columns from jumping."""
    from rich.cells import cell_len

    widest = max((cell_len(cell(row)) for row in rows), default=0)
    return max(widest, least) if widest else 0


def _spread(left: Sequence[tuple[str, str]], right: Sequence[tuple[str, str]], width: int) -> "Text":
    """Left and right part of one line; the left is truncated where both do not fit."""
    end = _line(*right)
    end.truncate(width - 2 * MARGIN, overflow="ellipsis")
    line = _line((" " * MARGIN, ""), *left)
    line.truncate(max(width - end.cell_len - MARGIN - (GAP if end else 0), 0), overflow="ellipsis")
    line.append(" " * (width - line.cell_len - end.cell_len - MARGIN))
    line.append_text(end)
    line.rstrip()
    return line


def _line(*parts: tuple[str, str]) -> "Text":
    from rich.text import Text

    shown = ((printable(text), style) for text, style in parts)
    return Text.assemble(*shown, no_wrap=True, overflow="ellipsis", end="\n")
