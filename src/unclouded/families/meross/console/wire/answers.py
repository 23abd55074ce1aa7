"""The lines that the answer of each command consists of, and what follows from an answer.

Source: docs/protocols/meross_console.md §4.
"""

import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from unclouded.families.meross.console.wire.answer_form import (
    AnswerForm,
    AnswerLine,
    ConsoleAnswer,
    Fields,
    line,
    whole_lines,
)
from unclouded.families.meross.console.wire.answer_types import (
    ClockInfo,
    CommandList,
    ConfigEntries,
    ConfigEntry,
    ConnectionStatus,
    DebugInfo,
    DoneAnswer,
    FactoryMode,
    FirmwareInfo,
    HardwareInfo,
    HeapInfo,
    IdentityValue,
    MessageDump,
    NetworkInfo,
    NetworkInterfaces,
    PingAnswer,
    PowerInfo,
    RuleLists,
    ScanAnswer,
    SoftwareVersions,
    SunInfo,
    TaskTable,
    UnbindAnswer,
    UsageAnswer,
)
from unclouded.families.meross.console.wire.commands import INCOMPLETE, ConsoleCommand
from unclouded.families.meross.console.wire.config_keys import DaySlot, RuleSlot, is_secret, list_of, slot_of
from unclouded.families.meross.console.wire.known_lines import known_line

HIDDEN = "********"  # in place of a secret
_MAC = r"[0-9A-Fa-fx]{1,2}(?::[0-9A-Fa-fx]{1,2}){5}"
_ADDRESS = r"\d{1,3}(?:\.\d{1,3}){3}"


# --- the lines of each ----------------------------------------------------------------------------


def _with_uptime(fields: Fields) -> Fields:
    return {**fields, "uptime_s": seconds(fields["uptime_s"])} if "uptime_s" in fields else fields


def seconds(text: str) -> int | None:
    """Seconds of ``0h8m57s``; None where it is not that."""
    found = re.fullmatch(r"(?:(\d{1,6})d)?(\d{1,6})h(\d{1,2})m(\d{1,2})s", text)
    if found is None:
        return None
    days, hours, minutes, rest = (int(part or 0) for part in found.groups())
    return ((days * 24 + hours) * 60 + minutes) * 60 + rest


def _with_bool(fields: Fields) -> Fields:
    return {name: value == "YES" for name, value in fields.items()}


_LISTED = (
    line(re.escape(INCOMPLETE)),
    line(r"(?P<name>[^\s-]\S*(?: {1,2}[^\s-]\S*){0,8}) +- (?P<help>.*)", "commands", begins=True),
)
LIST = AnswerForm(CommandList, _LISTED)
USAGE = AnswerForm(UsageAnswer, (line(r"(?P<usage>meross \S.*)"), *_LISTED[:1]))
DONE = AnswerForm(DoneAnswer)
_ENTRY = line(r"\[(?P<group>\w{1,20})\](?P<key>[\w.]{1,60}): ?(?P<value>.*)", "entries", begins=True)
CONFIG = AnswerForm(ConfigEntries, (line(r"show (?:all group|group .*)"), _ENTRY))

FORMS: Mapping[str, AnswerForm] = {
    "?": LIST,
    "meross e2p": LIST,
    "ip": AnswerForm(
        NetworkInterfaces,
        (
            line(r"interface: *(?P<name>\S+)", "interfaces", begins=True),
            line(r"mode: *(?P<mode>\S+)", "interfaces"),
            line(r"static:|dhcp:"),
            line(rf"ip +(?P<ip>{_ADDRESS})", "interfaces"),
            line(rf"netmask +(?P<netmask>{_ADDRESS})", "interfaces"),
            line(rf"gateway +(?P<gateway>{_ADDRESS})", "interfaces"),
        ),
    ),
    "ver": AnswerForm(
        SoftwareVersions, (line(r"CM4 Image +Ver:(?P<cm4>.*)"), line(r"N9 Image +Ver:(?P<n9>.*)"))
    ),
    "config show": CONFIG,
    "config read": CONFIG,
    "meross hw": AnswerForm(
        HardwareInfo,
        (
            line(r"hardware info"),
            line(r"model *:(?P<model>.*)"),
            line(r"local *:(?P<region>.*)"),
            line(r"hw version *:(?P<hardware>.*)"),
            line(r"chipset *:(?P<chip>.*)"),
            line(r"uuid *:(?P<uuid>.*)"),
            line(r"mac *:(?P<mac>.*)"),
        ),
    ),
    "meross fw": AnswerForm(
        FirmwareInfo,
        (line(r"firmware info"), line(r"fw version *:(?P<version>.*)"), line(r"buildDate *:(?P<built>.*)")),
    ),
    "meross net": AnswerForm(
        NetworkInfo,
        (line(r"network info:"), line(r"ip: *:(?P<address>.*)"), line(r"router mac *:(?P<router_mac>.*)")),
    ),
    "meross task": AnswerForm(
        TaskTable,
        (
            line(r"task info:"),
            line(r"name +\| status \| prio \| stack \| id"),
            line(
                r"(?P<name>\S{1,40}(?: \S{1,40}){0,3})\s{1,20}(?P<status>[A-Z])\s{1,20}"
                r"(?P<priority>\d{1,4})\s{1,20}(?P<stack>\d{1,9})\s{1,20}(?P<id>\d{1,6})",
                "tasks",
                begins=True,
            ),
        ),
    ),
    "meross mem": AnswerForm(
        HeapInfo,
        (
            line(r"heap info:"),
            line(r"total: *(?P<total>\d{1,12})"),
            line(r"free: *(?P<free>\d{1,12})"),
            line(r"low: *(?P<low>\d{1,12})"),
        ),
    ),
    "meross time": AnswerForm(
        ClockInfo,
        (
            line(r"time info:"),
            line(r"local time *:(?P<local_time>[^,]*),local offset: *(?P<local_offset_s>-?\d{1,9})"),
            line(r"utc timestamp *: *(?P<utc>\d{1,12})"),
            line(r"system uptime *: *(?P<uptime_s>\S{1,30})"),
        ),
        _with_uptime,
    ),
    "meross sun": AnswerForm(
        SunInfo,
        (
            line(
                r"latitude: *(?P<latitude>-?\d{1,12}(?:\.\d{1,12})?), *longitude: *"
                r"(?P<longitude>-?\d{1,12}(?:\.\d{1,12})?), *tz: *(?P<zone>\S*)"
            ),
            line(r"sunrise +(?P<sunrise>\d{1,2}:\d{2})"),
            line(r"sunset +(?P<sunset>\d{1,2}:\d{2})"),
        ),
    ),
    "meross e2p uuid": AnswerForm(IdentityValue, (line(r"(?:uuid *: *)?(?P<uuid>[0-9A-Za-z]{32})"),)),
    "meross e2p mac": AnswerForm(IdentityValue, (line(rf"(?:mac *: *)?(?P<mac>{_MAC})"),)),
    "meross ping": AnswerForm(
        PingAnswer,
        (
            line(
                rf"\[ping\]: ping: send seq\((?P<sequence>\w{{1,10}})\)(?: (?P<address>{_ADDRESS}))?",
                "sent",
                begins=True,
            ),
            line(
                rf"\[ping\]: ping: recv seq\((?P<sequence>\w{{1,10}})\)(?: (?P<address>{_ADDRESS}))?, "
                r"(?P<ms>\d{1,9}) ms",
                "replies",
                begins=True,
            ),
        ),
    ),
    "meross power": AnswerForm(
        PowerInfo,
        (
            line(r"-+(?:runtime|history data)-+|no data"),
            line(
                r"energy:cur:(?P<energy_current>-?\d{1,15}),last:(?P<energy_last>-?\d{1,15}),now:(?P<energy_now>-?\d{1,15})"
            ),
            line(r"p:(?P<power>-?\d{1,12})"),
            line(r"v:(?P<voltage>-?\d{1,9}) \(ratio:(?P<voltage_ratio>\d{1,9})\)"),
            line(r"i:(?P<current>-?\d{1,9}) \(ratio:(?P<current_ratio>\d{1,9})\)"),
            line(r"pulse unit:(?P<pulse_unit>-?\d{1,12})"),
            line(r"max current:(?P<max_current>-?\d{1,12})"),
            line(r"report status:(?P<report_status>.*)"),
            line(r"report time\[0{0,2}(?P<slot>\d{1,3})\] (?P<time>\d{1,2}:\d{2})", "report_times", begins=True),
            line(
                r"data\[0{0,2}(?P<slot>\d{1,3})\] date:(?P<date>\d{4}-\d{2}-\d{2}) time:(?P<time>\d{1,12}) "
                r"value:(?P<energy_Wh>\d{1,12})",
                "history",
                begins=True,
            ),
        ),
    ),
    "meross scan": AnswerForm(
        ScanAnswer,
        (
            line(r"Ch +SSID +BSSID +Auth +.*"),
            line(
                rf"(?P<channel>\d{{1,3}}) {{1,8}}(?P<ssid>(?:\S.{{0,31}}?)?) {{0,60}}(?P<bssid>{_MAC}) {{1,20}}"
                r"(?P<auth>\d{1,4}) {1,20}(?P<cipher>\d{1,4}) {1,20}(?P<rssi_dBm>-?\d{1,4}) {1,20}"
                r"(?P<wps>\d{1,4}) {1,20}(?P<cm>\d{1,4}) {1,20}(?P<dpid>\d{1,4}) {1,20}(?P<sr>\d{1,4})",
                "networks",
                begins=True,
            ),
        ),
    ),
    "meross crash": AnswerForm(DoneAnswer, (line(r"system crash test\.*"),)),
    "meross fac": AnswerForm(FactoryMode, (line(r"In fac mode: *(?P<factory_mode>YES|NO)"),), _with_bool),
    "meross fac 0": AnswerForm(FactoryMode, (line(r"In fac mode: *(?P<factory_mode>YES|NO)"),), _with_bool),
    "meross fac 1": AnswerForm(FactoryMode, (line(r"In fac mode: *(?P<factory_mode>YES|NO)"),), _with_bool),
    "meross iot status": AnswerForm(
        ConnectionStatus,
        (
            line(r"wifi status:(?P<wifi>.*)"),
            line(r"iot status:(?P<server>.*)"),
            line(r"iot info:"),
            line(r"primary +host: *(?P<primary_host>[^:\s]*):(?P<primary_port>\d{1,5})"),
            line(r"secondary +host: *(?P<secondary_host>[^:\s]*):(?P<secondary_port>\d{1,5})"),
            line(r"user id *:(?P<user_id>.*)"),
            line(r"user key *:(?P<user_key>.*)"),
            line(r"bind id *:(?P<bind_id>.*)"),
        ),
    ),
    "meross iot unbind": AnswerForm(UnbindAnswer, (line(r"device unbind via cli \[(?P<state>\w{1,40})\]"),)),
    "meross iot rule": AnswerForm(RuleLists, (line(r"timer rules info:|autooff rules info:"),)),
    "meross iot log": AnswerForm(
        MessageDump, (line(r"mrs_protocol_set_log:protocol package dump (?P<dump>\d{1,9})"),)
    ),
    "meross iot dbg": AnswerForm(
        DebugInfo,
        (
            line(r"\{|\},?|\"(?:system|network|cloud)\":\s*\{"),
            line(r"\"\w{1,40}\":\s*(?:\"(?:[^\"\\]|\\.)*\"|\[.*\]|-?\d{1,20}(?:\.\d{1,20})?|true|false|null),?"),
        ),
    ),
}  # fmt: skip


def form_of(row: ConsoleCommand) -> AnswerForm:
    """The lines that the answer of a command may have."""
    if row.usage and row.name not in FORMS:
        return USAGE
    return LIST if row.is_list else FORMS.get(row.name, DONE)


def read_answer(row: ConsoleCommand, texts: Sequence[AnswerLine]) -> ConsoleAnswer:
    """The typed answer of a command, from its lines. It never raises."""
    if any(one.text.strip() == INCOMPLETE for one in texts):
        return LIST.read(texts)
    read = _READERS.get(row.name)
    return form_of(row).read(texts) if read is None else read(texts)


# --- answers that are more than their lines -------------------------------------------------------


def _config(texts: Sequence[AnswerLine]) -> ConsoleAnswer:
    read = CONFIG.read(texts)
    assert isinstance(read, ConfigEntries)
    slots = [(entry.key, slot_of(entry.key, entry.value)) for entry in read.entries]
    free = Counter(list_of(key) for key, slot in slots if slot is None)
    return msgspec.structs.replace(
        read,
        rules=tuple(slot for _, slot in slots if isinstance(slot, RuleSlot)),
        days=tuple(slot for _, slot in slots if isinstance(slot, DaySlot)),
        free_slots={name: count for name, count in free.items() if name},
    )


def _rules(texts: Sequence[AnswerLine]) -> ConsoleAnswer:
    found: dict[str, list[str]] = {"timer": [], "autooff": [], "": []}
    section = ""
    for text in whole_lines(texts, FORMS["meross iot rule"].fits):
        title = _RULES_OF.fullmatch(text.strip())
        if title:
            section = title[1]
        elif known_line(text) is None:
            found[section].append(text.strip())
    return RuleLists(timers=tuple(found["timer"]), auto_off=tuple(found["autooff"]), unread=tuple(found[""]))


def _debug(texts: Sequence[AnswerLine]) -> ConsoleAnswer:
    found: dict[str, dict[str, Any]] = {"system": {}, "network": {}, "cloud": {}}
    section, unread = "", []
    form = FORMS["meross iot dbg"]
    for text in whole_lines(texts, form.fits):
        member = _MEMBER.fullmatch(text.strip())
        if member and member["value"] == "{":
            section = member["name"]
        elif member and section in found and form.fits(text):
            found[section][member["name"]] = _json(member["value"])
        elif not form.fits(text) and known_line(text) is None:
            unread.append(text.strip())
    return DebugInfo(**found, unread=tuple(unread))


def _json(text: str) -> Any:
    """A value; one that is not valid JSON as its text."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return text


_RULES_OF = re.compile(r"(timer|autooff) rules info:")
_MEMBER = re.compile(r"\"(?P<name>\w{1,40})\":\s*(?P<value>[^\s,](?:.*[^\s,])?),?")
_READERS: Mapping[str, Callable[[Sequence[AnswerLine]], ConsoleAnswer]] = {
    "config show": _config,
    "config read": _config,
    "meross iot rule": _rules,
    "meross iot dbg": _debug,
}


# --- what follows from an answer ------------------------------------------------------------------

_REFUSED = re.compile(r"(?i)(?:unknown|invalid|bad) (?:command|parameter|argument)|command not |no such command")
_FAILED = re.compile(r"(?i)(?:fail|error|invalid|not found)")


def refusal(row: ConsoleCommand, answer: ConsoleAnswer) -> str:
    """Why the device did not do it, by its own text; "" where it did, as far as that shows."""
    if isinstance(answer, CommandList) and not row.is_list and row.name != "meross e2p":
        names = ", ".join(one.name for one in answer.commands[:20])
        return f"The command is not complete. It goes on with: {names or 'nothing that it names'}."
    if isinstance(answer, PingAnswer) and not answer.replies:
        return "No reply came."
    pattern = _FAILED if row.danger or (row.args and not row.shown) else _REFUSED
    wrong = next((text for text in answer.unread if _REFUSED.search(text) or pattern.search(text)), "")
    return f"The plug answered: {wrong}" if wrong else ""


def without_secrets(answer: ConsoleAnswer) -> ConsoleAnswer:
    """The same answer with secrets hidden; where a value is empty, it stays so."""
    match answer:
        case ConnectionStatus(user_key=key) if key:
            return msgspec.structs.replace(answer, user_key=HIDDEN)
        case ConfigEntries(entries=entries, unread=unread):
            shown = tuple(
                ConfigEntry(one.group, one.key, HIDDEN) if one.value and is_secret(one.key) else one for one in entries
            )
            return msgspec.structs.replace(answer, entries=shown, unread=tuple(HIDDEN for _ in unread))
    return answer
