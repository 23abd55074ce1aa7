"""The figures of the source: what they count is what a reader would count."""

from pathlib import Path

import pytest
from tools.shape.figures import classes_twice, length, shape_of, twins_of
from tools.shape.methods import methods_of
from tools.shape.picture import layers_of, svg_of
from tools.shape.rows import described_by_rows
from tools.shape.source import SourceModule, arrows_of, modules_of, package_of

FIVE = "\n".join(f"    total += call{n}(word, {n}) + more.values[{n}].count(word, {n})" for n in range(5))


def module(place: str, text: str) -> SourceModule:
    return SourceModule(f"unclouded.{place.removesuffix('.py').replace('/', '.')}", place, text)


def test_a_function_is_as_long_as_its_code_without_its_docstring() -> None:
    one = module("core/a.py", 'def work():\n    """Says\n    much."""\n    return 1\n')
    assert [length(node) for node in one.functions()] == [2]


def test_code_that_stands_twice_is_found_though_its_names_differ() -> None:
    first = module("core/a.py", f"def one(word):\n{FIVE}\n    return word\n")
    second = module(
        "hub/b.py", f"def two(text):\n{FIVE.replace('word', 'text').replace('call', 'make')}\n    return text\n"
    )
    assert twins_of([first, second]) == ["core/a.py:one = hub/b.py:two"]
    shorter = "\n".join(FIVE.split("\n")[:3])
    assert twins_of([first, module("hub/b.py", f"def two(text):\n{shorter}\n")]) == []


def test_constructors_that_keep_what_they_are_given_are_no_twins() -> None:
    kept = "def __init__(self):\n" + "\n".join(f"    self.a{n} = {n}" for n in range(9))
    assert twins_of([module("core/a.py", kept), module("hub/b.py", kept)]) == []


def test_a_class_name_in_two_modules_is_found() -> None:
    assert classes_twice([module("core/a.py", "class A: ..."), module("hub/b.py", "class A: ...")]) == [
        "A: core/a.py, hub/b.py"
    ]


def test_arrows_are_counted_between_packages_once_for_each_module() -> None:
    core = module("core/a.py", "")
    hub = module(
        "hub/b.py", "from unclouded.core.a import x\nfrom unclouded.core import a\nfrom unclouded.hub import c"
    )
    assert arrows_of([core, hub, module("hub/c.py", "")]) == {("hub", "core"): 1}
    assert package_of("unclouded.core.a") == "core"


def test_layers_stand_above_what_they_import_and_a_circle_is_named() -> None:
    assert layers_of({("app", "hub"): 1, ("hub", "core"): 2, ("app", "core"): 1}) == [["core"], ["hub"], ["app"]]
    with pytest.raises(ValueError, match="import each other: a, b"):
        layers_of({("a", "b"): 1, ("b", "a"): 1})


def test_the_picture_shows_every_package_and_every_arrow() -> None:
    text = svg_of({("hub", "core"): 4, ("web", "core"): 1})
    assert [name for name in ("core", "hub", "web") if f">{name}</text>" not in text] == []
    assert text.count("<path") == 2


ROWS = """
from unclouded.core import judges
from unclouded.core.judges import empty as is_empty

def starts(): ...
def asked(): ...
def helper(): ...
def made(): ...
def inside(): ...
def named(): ...
class PriceQuery: ...
class Helper: ...

CHECKS = (
    row("start", "It starts by itself", starts),
    row("empty", f"Its answer has {SIZE} bytes", judged(is_empty)),
    row("quiet", "It sends nothing else", script=judges.quiet),
    row("made", "It is made by a call", made()),
    row("named", "one_word", named),
    Route(summary="The price of a kWh at a time.", query=PriceQuery, tool=Helper),
)
_TABLE = (("asked", "It is asked twice", asked, "must"),)
PAIR = ("Two words", helper)

def checks():
    return (row("inside", "It is named in a function", inside),)
"""


def test_the_row_of_a_table_describes_the_functions_that_it_names_and_no_others() -> None:
    judges = module("core/judges.py", "def empty(): ...\ndef quiet(): ...\ndef other(): ...\n")
    assert sorted(described_by_rows([module("core/checks.py", ROWS), judges])) == [
        ("unclouded.core.checks", "PriceQuery"),
        ("unclouded.core.checks", "asked"),
        ("unclouded.core.checks", "starts"),
        ("unclouded.core.judges", "empty"),
        ("unclouded.core.judges", "quiet"),
    ]


METHODS = '''
class Reader(Protocol):
    def read(self): ...
    def close(self): ...

class FileReader:  # a Reader, since it has all methods of one
    def read(self): ...
    def close(self): ...
    def seek(self): ...

class Half:
    def read(self): ...

class Place(Protocol):
    where: str
    def go(self): ...

class Room:  # a Place, since its constructor gives it what is not a method
    def __init__(self, where):
        self.where = where
    def go(self): ...
    def leave(self): ...

class Way:
    def __init__(self, place):
        where = place
    def go(self): ...

class Tail(FileReader):
    def seek(self): ...
    def follow(self): ...
    def _look(self): ...
    @property
    def name(self):
        return self._name
    @property
    def size(self):
        stat = self._stat()
        return stat.size

class Look(Protocol):
    """What is needed of a Finder."""
    def find(self): ...
    def lose(self): ...

class Finder:
    def find(self):
        """Whether it is there."""
    def lose(self): ...

class Line(asyncio.Protocol):
    def data_received(self, data): ...
    def write(self, data): ...

class _Own:
    def follow(self): ...
'''


def test_methods_that_another_one_describes_need_no_description() -> None:
    assert [place.partition(":")[2] for place, _ in methods_of([module("core/a.py", METHODS)])] == [
        *("Reader.read", "Reader.close", "FileReader.seek", "Half.read", "Place.go", "Room.leave", "Way.go"),
        *("Tail.follow", "Tail.size"),
        *("Look.lose", "Line.write"),
    ]


def test_a_folder_gives_its_figures(tmp_path: Path) -> None:
    package, tests = tmp_path / "unclouded", tmp_path / "tests"
    (package / "core").mkdir(parents=True)
    tests.mkdir()
    (package / "__init__.py").write_text("")
    (package / "core" / "a.py").write_text('def rule(): ...\nROW = row("A rule of two", rule)\n')
    (package / "core" / "b.py").write_text("def shown():\n    return 1\ndef _hidden():\n    return 2\n")
    (tests / "test_a.py").write_text("x = 1\n" * 3)
    shape = shape_of(package, tests)
    assert (shape.packages, shape.arrows, shape.modules, shape.lines) == (1, 0, 3, 6)
    assert (shape.no_docstring, shape.public_names, shape.test_ratio) == (["core/b.py:shown"], 2, 0.5)
    assert shape.in_rows == 1
    assert [one.place for one in modules_of(package)] == ["__init__.py", "core/a.py", "core/b.py"]
