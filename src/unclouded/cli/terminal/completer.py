"""Completion and the history of a console as prompt_toolkit takes them."""

from collections.abc import Callable, Iterable

from prompt_toolkit.completion import CompleteEvent, Completer, Completion
from prompt_toolkit.document import Document
from prompt_toolkit.history import History

from unclouded.app.console.completion import Completion as Candidate
from unclouded.app.console.history_file import HistoryFile
from unclouded.core.text.printable import printable


class ConsoleCompleter(Completer):
    """``candidates``: what the last word of a text can become."""

    def __init__(self, candidates: Callable[[str], Iterable[Candidate]]) -> None:
        self._candidates = candidates

    def get_completions(self, document: Document, complete_event: CompleteEvent) -> Iterable[Completion]:
        """What the word before the cursor can become; the text behind the cursor does not count."""
        text = document.text_before_cursor
        word = "" if text[-1:].isspace() else text.split(" ")[-1]
        for one in self._candidates(text):
            yield Completion(printable(one.text), -len(word), display_meta=printable(one.help))


class ConsoleHistory(History):
    """The lines of a file; one that may hold a secret is left out, also of what this terminal itself offers."""

    def __init__(self, file: HistoryFile) -> None:
        super().__init__()
        self._file = file

    def load_history_strings(self) -> Iterable[str]:
        """The newest line first, as prompt_toolkit wants them."""
        return reversed(self._file.lines())

    def append_string(self, string: str) -> None:
        """Keeps a line in the file and in memory, unless it may hold a secret."""
        if self._file.add(string):
            self._loaded_strings.insert(0, string)

    def store_string(self, string: str) -> None:
        """``append_string`` has stored it."""
