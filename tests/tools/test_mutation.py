"""The tool that breaks the source: what it breaks, and that its lists name what is there."""

import ast
from types import CodeType, FunctionType

import pytest
from tools.mutation.__main__ import read_equivalents, read_targets, sampled
from tools.mutation.forks import PROJECT, SOURCE, changes
from tools.mutation.mutants import mutants_of, mutated
from tools.mutation.runs import TestRun as Run
from tools.mutation.runs import concerned

SOURCE_TEXT = '''"""Docstring."""
SLACK_S = 60.0  # s
QUERY = "UPDATE device SET last_seen = max(last_seen, ?) WHERE number < 3"


def newest(values: list[int], *, most: int = 3) -> int:
    """Docstring."""
    log.debug("values %d", len(values))
    if not values or values[-1] is None:
        return 0
    return min(values[0] + most, 9)
'''


def breaks(text: str) -> list[tuple[str, str]]:
    return [(one.was, one.becomes) for one in mutants_of("a.py", text)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a < b <= c", [("a < b <= c", "a <= b <= c"), ("a < b <= c", "a < b < c")]),
        ("x = a and b", [("a and b", "a or b")]),
        ("x = not a", [("not a", "a")]),
        ("x += 2", [("x += 2", "x -= 2"), ("2", "3")]),
        ("x = sorted(a)", [("sorted(a)", "list(a)")]),
        ("x = 'reset', 'a sentence', f'{a}-', b'ab', True, 0.0", [
            ("'reset'", "'reset_'"), ("b'ab'", "b'ab_'"), ("True", "False"), ("0.0", "1.0"),
        ]),
        ("if a:\n  f(x)", [("if a", "if not a"), ("f(x)", "pass")]),
        ("while a:\n  break", [("break", "continue")]),
        ("def f() -> 'A':\n  return x", [("return x", "return None")]),
        ("class A(B, frozen=True):\n  '''Text.'''", []),
        ("log.info('word')", []),
    ],
)  # fmt: skip
def test_each_break_changes_one_thing(text: str, expected: list[tuple[str, str]]) -> None:
    assert breaks(text) == expected


def test_a_mutant_is_the_source_with_one_break() -> None:
    found = mutants_of("a.py", SOURCE_TEXT)
    assert [(one.line, one.where, one.was) for one in found][:3] == [
        (2, "module", "60.0"),
        (3, "module", repr("UPDATE device SET last_seen = max(last_seen, ?) WHERE number < 3")),
        (3, "module", repr("UPDATE device SET last_seen = max(last_seen, ?) WHERE number < 3")),
    ]
    texts = {ast.unparse(mutated(SOURCE_TEXT, one)) for one in found}
    assert len(texts) == len(found)
    unbroken = ast.unparse(ast.parse(SOURCE_TEXT)).splitlines()
    for text in texts:
        assert sum(one != other for one, other in zip(unbroken, text.splitlines(), strict=True)) == 1


def test_what_runs_at_import_concerns_no_line_and_the_rest_those_of_its_statement() -> None:
    lines = {one.was: one.lines for one in mutants_of("a.py", SOURCE_TEXT)}
    assert lines["60.0"] is None and lines["3"] is None  # a default of an argument
    assert lines["values[-1] is None"] == (9, 9) and lines["values[0] + most"] == (11, 11)


def module_code(text: str, becomes: str) -> CodeType:
    """That of a module with the first mutant that replaces something by ``becomes``."""
    mutant, *_ = [one for one in mutants_of("a.py", text) if one.becomes == becomes]
    return compile(mutated(text, mutant), str(SOURCE / "a.py"), "exec")


def test_a_function_that_is_imported_gets_the_code_of_a_mutant_and_a_closure_does_not_if_it_holds_less() -> None:
    text = "def f(x, most=8):\n  def g():\n    return x\n  return g() + 1, g\n"
    names: dict[str, FunctionType] = {}
    exec(compile(text, str(SOURCE / "a.py"), "exec"), names)
    f = names["f"]
    g = f(1)[1]
    functions = {(one.__code__.co_filename, one.__qualname__, one.__code__.co_firstlineno): [one] for one in (f, g)}
    assert changes("a.py", module_code(text, "9"), functions) == [], "the default of an argument is made at the import"
    assert changes("a.py", module_code(text, "return None"), functions) == []
    [(function, code)] = changes("a.py", module_code(text, "g() - 1"), functions)
    function.__code__ = code
    assert f(5)[0] == 4


def test_the_tests_of_a_mutant_are_those_that_run_its_statement_the_fastest_first() -> None:
    inside, default = mutants_of("a.py", "def f(x=True):\n  return g(x)\n")[::-1]
    runs = [Run(name, seconds, frozenset(lines)) for name, seconds, lines in (
        ("slow", 0.2, {("a.py", 2)}), ("fast", 0.1, {("a.py", 2)}), ("other", 0.0, {("a.py", 9)}), ("none", 0.0, set()),
    )]  # fmt: skip
    at_import = {("a.py", 1)}
    assert [one.name for one in concerned(inside, runs, at_import)] == ["fast", "slow"]
    assert [one.name for one in concerned(default, runs, at_import)] == ["other", "fast", "slow", "none"]
    assert [one.name for one in concerned(inside, runs, {("a.py", 2)})] == ["other", "fast", "slow", "none"]


def test_a_sample_is_spread_over_the_files_and_another_seed_takes_others() -> None:
    found = mutants_of("a.py", "\n".join(f"x{number} = {number}" for number in range(100)))
    lines = [[one.line for one in sampled(found, 10, seed)] for seed in (0, 1)]
    assert lines == [list(range(1, 101, 10)), list(range(2, 101, 10))]
    assert len(sampled(found, 0, 0)) == 100


def test_every_target_names_files_and_tests_that_exist() -> None:
    for target in read_targets().values():
        assert all((SOURCE / file).is_file() for file in target.files)
        assert all((PROJECT / "tests" / one).exists() for one in target.tests)


def test_every_equivalent_mutant_is_one_of_the_source_and_has_a_reason() -> None:
    files = {one.file: mutants_of(one.file, (SOURCE / one.file).read_text("utf-8")) for one in read_equivalents()}
    stale = [one for one in read_equivalents() if not one.reason or not any(map(one.is_of, files[one.file]))]
    assert stale == []
