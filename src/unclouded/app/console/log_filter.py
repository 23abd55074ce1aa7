"""Which lines of the log are shown: none, all, those of a level and above, or those of one module. Pure."""

from collections.abc import Mapping

from unclouded.core.sessions.session import Logged
from unclouded.families.meross.console.wire.log_line import LEVELS

OFF, ALL = "off", "all"
MOST_MODULES = 100  # that are remembered for completion; this board has about nine
SETTINGS: Mapping[str, str] = {
    OFF: "show no line",
    ALL: "show every line, those without a level too",
    "info": "the same",
    "warning": "warnings and errors",
    "error": "errors",
}


class LogFilter:
    """``setting``: off, all, a level, or the name of a module. ``modules``: those that have written a line."""

    def __init__(self, setting: str = ALL) -> None:
        self.setting = setting
        self.modules: dict[str, None] = {}

    def choose(self, setting: str) -> str:
        """Another setting; the text that describes it."""
        self.setting = setting if setting not in ("on", "info") else ALL
        if self.setting == OFF:
            return "No lines of the log are shown."
        if self.setting == ALL:
            return "All lines of the log are shown."
        if self.setting in LEVELS:
            return f"Lines of the log are shown from the level {self.setting} on."
        return f"Lines of the log are shown that the module {self.setting} prints."

    def takes(self, line: Logged) -> bool:
        """Whether a line is shown."""
        if line.source and len(self.modules) < MOST_MODULES:
            self.modules[line.source] = None
        if self.setting in (OFF, ALL):
            return self.setting == ALL
        if self.setting in LEVELS:
            return line.level in LEVELS and LEVELS.index(line.level) >= LEVELS.index(self.setting)
        return line.source == self.setting
