"""What can be typed next on a console, and how the command is written that is being typed. Pure.

meross iot st|              status    show status
config read |               common, STA, AP, network, meross, factory
config read STA |           the keys of the group
meross switch |             the UUID of the plug
"""

from collections.abc import Iterator, Sequence

import msgspec

from unclouded.families.meross.console.controller.command_lists import OfferedCommand
from unclouded.families.meross.console.wire.config_keys import CONFIG_KEYS

GROUP, ITEM, UUID = "<group>", "<item>", "<uuid>"


class Completion(msgspec.Struct, frozen=True):
    """``text`` replaces the word that is being typed. ``help``: what it is."""

    text: str
    help: str = ""


class ConsoleCompletion:
    """``offered``: the commands that are known. ``uuid``: of the plug, "" = not known."""

    def __init__(self, offered: Sequence[OfferedCommand], uuid: str = "") -> None:
        self._offered = offered
        self._help = {one.name: one.help for one in reversed(offered)}
        self._uuid = uuid

    def completions(self, text: str) -> list[Completion]:
        """What the last word of ``text`` can become; the word is empty behind a space."""
        before, word = _split(text)
        found: dict[str, Completion] = {}
        for command in self._offered:
            form = command.form.split()
            if len(form) > len(before) and _fits(form, before):
                for one in self._next(command, form, before):
                    if one.text.lower().startswith(word.lower()):
                        found.setdefault(one.text, one)
        return list(found.values())

    def hint(self, text: str) -> OfferedCommand | None:
        """The command that is being typed, once its name is complete; of several forms, the one that fits best."""
        words = text.split()
        fitting = [one for one in self._offered if _fits(one.form.split(), words[: len(one.form.split())])]
        named = [one for one in fitting if words[: len(one.name.split())] == one.name.split()]
        return max(named, key=lambda one: (len(one.name.split()), _closeness(one, words)), default=None)

    def _next(self, command: OfferedCommand, form: Sequence[str], before: Sequence[str]) -> Iterator[Completion]:
        word = form[len(before)]
        if not word.startswith("<"):
            name = " ".join([*before, word])
            yield Completion(word, self._help.get(name, ""))
        elif word == ITEM:
            yield from _items(before[form.index(GROUP)])
        elif word == UUID and not command.danger and self._uuid:
            yield Completion(self._uuid, "this plug")
        else:
            yield from map(Completion, command.options.get(word[1:-1], ()))


def _split(text: str) -> tuple[list[str], str]:
    """The complete words, and the one that is being typed."""
    words = text.split()
    return (words, "") if not words or text[-1].isspace() else (words[:-1], words[-1])


def _fits(form: Sequence[str], words: Sequence[str]) -> bool:
    return all(part == word or part.startswith("<") for part, word in zip(form, words, strict=False))


def _closeness(command: OfferedCommand, words: Sequence[str]) -> tuple[bool, int]:
    """Forms with room for all words, the shortest of them first; while an argument may follow, the one that has it."""
    size = len(command.form.split())
    return size >= len(words), -abs(size - len(words) - 1)


def _items(group: str) -> Iterator[Completion]:
    for row in CONFIG_KEYS:
        if row.group == group:
            yield from (Completion(name, row.words) for name in row.names())
