"""The steps of a set-up over the console as the command line shows them; none of them holds a secret."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Literal

import msgspec

from unclouded.app.configuration.tables.file import HiddenText
from unclouded.core.views.facts import NetworkView, SetupStep, SetupStepState
from unclouded.families.meross.console.configuration.changes import ShownChange

ConsoleStepName = Literal["find", "factory", "scan", "backup", "plan", "write", "restart", "wait"]


class ConsoleSetupStep(msgspec.Struct, frozen=True, kw_only=True):
    """One line of a set-up over the console. ``file``: of the backup. ``changes``: what is to be written."""

    step: ConsoleStepName
    state: SetupStepState
    text: str
    plug: Mapping[str, str] = {}
    networks: list[NetworkView] = []
    file: str = ""
    changes: list[ShownChange] = []


class ConsolePlan(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be done. ``uuid``: the plug that must answer, "" = any.

    ``ssid`` "": the plug keeps its Wi-Fi. ``backup`` None: a name of its own. ``restores``: the backup to be written
    back. ``only_shows``: nothing is written, not even a backup.
    """

    uuid: str = ""
    ssid: str = ""
    password: HiddenText = HiddenText()
    backup: Path | None = None
    restores: Path | None = None
    only_shows: bool = False


ConsoleReport = Callable[[ConsoleSetupStep | SetupStep], None]
Confirm = Callable[[str], bool]  # asks a person; True = go on
