"""The checks as lists: for the verb's --list, and as the page docs/conformance.md."""

from collections.abc import Iterable, Iterator, Mapping

from unclouded.conformance import SUITES
from unclouded.conformance import suite as suite_of
from unclouded.conformance.check import GRADES, Check, CheckSuite, PlayedRole
from unclouded.core.errors import CommandError
from unclouded.core.family import Sender

NAMES = tuple(SUITES)


def listed(name: str, role: Sender | None) -> Iterator[tuple[CheckSuite, Sender, PlayedRole, Check]]:
    """The checks of a suite, of one role or of both. Raises CommandError where it has no such role."""
    suite = suite_of(name)
    if role is not None and role not in suite.roles:
        raise CommandError(f"{name} has no checks as {role}.")
    for one, found in suite.roles.items():
        if role in (None, one):
            for check in found.checks:
                yield suite, one, found, check


def check_fields(suite: CheckSuite, role: Sender, check: Check) -> Mapping[str, object]:
    """A check as JSON types."""
    return {
        "id": check.id,
        "as": role,
        "title": check.title,
        "clause": suite.clause(check),
        "grade": check.grade,
        "danger": check.danger,
        "person": check.person.text if check.person else "",
        "person_task": check.person.kind if check.person else "",
    }


HEAD = """# Conformance checks

Written by `python3 dev.py docs` from the tables of checks (`src/unclouded/conformance/`).

`unclouded conform FAMILY --as controller|device --link URL` plays one end of a protocol and tests the other one, real
or simulated: `--as controller` tests the device, `--as device` tests the controller. Each check prints a line;
`--html`, `--junit` and `--report` write the whole run, and `--keep DIR` keeps the frames of each check that found
something as a capture for `unclouded replay` and `unclouded decode`. `--only 'mcu.product.*'` chooses checks.

```sh
unclouded sim tuya-plug --link pty:/tmp/mcu &
unclouded conform tuya_wifi --as controller --link serial:///tmp/mcu --html report.html
```

| grade | meaning |
|---|---|
"""

RESULTS = """
| result | meaning |
|---|---|
| passed | it holds |
| failed | a *must* or a *should* does not hold; exit code 1 |
| deviation | what a *deviation* check looks for was seen; no failure |
| skipped | it could not be tried, and why: it needs `--yes`, a person (`--assist`), a file, or another check's answer |
| not applicable | the other end does not have what it is about |

In the tables below *it* is the end under test. **danger** and *person* stand for the sentence of that number above
the table: what a check may do to the device (it runs only with `--yes`), and what a person has to do meanwhile (it
runs only with `--assist`).

A battery device must be woken several times while it is tested; the run asks for it. (A simulated one wakes by itself
with `sim tuya-door-sensor --fault wakes-often`.)

A gateway is asked twice to let sub-devices join: the first one that asks to join is rejected, the next one gets a
failure as its result, all others are added. Where none asks, bring one into its joining mode, or the checks of joins
are skipped. Against a gateway's module two simulated sub-devices join, `uncloudedconf001` and `uncloudedconf002`. All
checks of a hub as a gateway's module take 30 minutes, since many of them wait for long silences.

`--link replay:FILE` judges a recording instead: a capture, or what `unclouded dump` wrote. Checks that only look at
what the end under test has sent are made: whole frames, versions, lengths and values of data points, product info, an
order that must hold in any case. All others are skipped, and what the recording does not show is not applicable; so a
passed run on a recording proves less than one with the end itself. Recordings of Meross plugs hold messages without
the HTTP or MQTT around them, and are not judged.

Where nothing answers on a line, not every check fails: the run ends with what to look for, and exit code 1.

[compatibility.md](compatibility.md) has the results of other people's implementations. To add one, run the checks
against it and write a row of that table: its exact version, the suite, the counts, and each check that found
something. Keep the captures of those as cases for the tests.
"""


def conformance_page() -> str:
    """docs/conformance.md"""
    grades = "".join(f"| {grade} | {text} |\n" for grade, text in GRADES.items())
    return HEAD + grades + RESULTS + "".join(_suite(suite) for suite in SUITES.values())


def _suite(suite: CheckSuite) -> str:
    parts = [
        f"\n## {suite.name}\n\n{suite.title}. Sections are those of [{suite.page}.md](protocols/{suite.page}.md).\n"
    ]
    for name, role in suite.roles.items():
        parts.append(f"\n### {suite.name}: {len(role.checks)} checks of the {role.tests}\n\n")
        parts.append(f"`--as {name}`: Unclouded plays the {role.plays}.\n\n")
        dangers = _numbers(one.danger for one in role.checks)
        persons = _numbers(one.person.text for one in role.checks if one.person)
        notes = [f"- **danger {number}**: {text}\n" for text, number in dangers.items()]
        notes += [f"- *person {number}*: {text}\n" for text, number in persons.items()]
        parts += [*notes, "\n"] if notes else []
        parts.append("| check | what must hold | grade | clause |\n|---|---|---|---|\n")
        parts += [_row(suite, check, dangers, persons) for check in role.checks]
    return "".join(parts)


def _numbers(texts: Iterable[str]) -> Mapping[str, int]:
    """Each text that is not empty, and its number in the order of the first use."""
    return {text: number for number, text in enumerate(dict.fromkeys(filter(None, texts)), 1)}


def _row(suite: CheckSuite, check: Check, dangers: Mapping[str, int], persons: Mapping[str, int]) -> str:
    danger = f" **danger {dangers[check.danger]}**" if check.danger else ""
    person = f" *person {persons[check.person.text]}*" if check.person else ""
    clause = suite.clause(check).removeprefix("docs/protocols/")
    return f"| `{check.id}` | {check.title}.{danger}{person} | {check.grade} | {clause} |\n"
