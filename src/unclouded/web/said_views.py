"""What pages show of devices, events and rules, with its sentences in the language of the request (said.py).

Views for programs are English: only a request that accepts another language gets another one.
"""

import re
from collections.abc import Mapping
from functools import cache

import msgspec
from msgspec.structs import replace

from unclouded.core.model import ActionSpec
from unclouded.core.views.facts import DeviceView, EventView, StatusView
from unclouded.core.views.rules import RulesView, RuleTestLine, RuleTestView, RuleView
from unclouded.web.said import translated
from unclouded.web.said_rules import translated_reason, translated_rule_event, translated_sent_text
from unclouded.web.schemas import Changes, Live, Snapshot
from unclouded.web.words import ENGLISH, language, say, table

ACTION_TEXTS = "api.action."
MOST_TEXTS = 200  # different ones of a message of a home that is not trusted
LONGEST_TEXT = 600  # characters of each
RULE_KINDS = ("rule", "rule_problem")
OUTCOME_KINDS = ("command", "action")
_OUTCOME = re.compile(r"(?P<what>.*: \w+ \()(?P<reason>.+)\)", re.DOTALL)


def said_status(view: StatusView) -> StatusView:
    """A state with the reason for it."""
    return replace(view, reason=translated(view.reason)) if _is_other(view.reason) else view


def said_device(view: DeviceView) -> DeviceView:
    """A device with the reason for its state, and what its actions do."""
    if language() == ENGLISH:
        return view
    return replace(view, reason=translated(view.reason), actions=tuple(map(_said_action, view.actions)))


def said_event(view: EventView) -> EventView:
    """An event. What a command or an action was stays as it is; why it had that outcome is translated."""
    if not _is_other(view.words):
        return view
    if view.kind in RULE_KINDS:
        return replace(view, words=translated_rule_event(view.words))
    if view.kind == "notify":
        return replace(view, words=translated_sent_text(view.words, str(view.data.get("because", ""))))
    if view.kind in OUTCOME_KINDS:
        found = _OUTCOME.fullmatch(view.words)
        return replace(view, words=f"{found['what']}{translated(found['reason'])})") if found else view
    reason = view.data.get("reason")
    data = {**view.data, "reason": translated(reason)} if isinstance(reason, str) else view.data
    return replace(view, words=translated(view.words), data=data)


def said_rule(view: RuleView) -> RuleView:
    """A rule with why it is in its state, and why it last acted."""
    if language() == ENGLISH:
        return view
    why = translated(view.why) if view.problem else translated_reason(view.why)
    return replace(view, why=why, last_text=translated_reason(view.last_text), problem=translated(view.problem))


def said_rules(view: RulesView) -> RulesView:
    """The rules with their sentences in the language of the client."""
    return replace(view, rules=tuple(map(said_rule, view.rules)))


def said_test(view: RuleTestView) -> RuleTestView:
    """What rules would have done."""
    if language() == ENGLISH:
        return view
    return replace(view, lines=tuple(map(_said_line, view.lines)), problems=tuple(map(translated, view.problems)))


def said_snapshot(view: Snapshot) -> Snapshot:
    """All that a page shows at first."""
    if language() == ENGLISH:
        return view
    return replace(view, devices=[said_device(one) for one in view.devices])


def said_changes(view: Changes) -> Changes:
    """Live changes with their sentences in the language of the client."""
    if language() == ENGLISH:
        return view
    return replace(
        view,
        devices=[said_device(one) for one in view.devices],
        statuses=[said_status(one) for one in view.statuses],
        notices=[said_event(one) for one in view.notices],
    )


def said_live(message: msgspec.Raw) -> msgspec.Raw:
    """A live message of a home that is not trusted, as JSON. It stays as it is where it is of another form, or has more
    or longer texts than a home of this program.
    """
    try:
        live = msgspec.json.decode(message, type=Live)
    except (msgspec.MsgspecError, UnicodeError, RecursionError):
        return message
    texts = _texts_of(live)
    if len(texts) > MOST_TEXTS or any(len(one) > LONGEST_TEXT for one in texts):
        return message
    snapshot, changes = live.snapshot, live.changes
    said = Live(snapshot=snapshot and said_snapshot(snapshot), changes=changes and said_changes(changes))
    return msgspec.Raw(msgspec.json.encode(said))


# --- inside -------------------------------------------------------------------------------------------


def _said_action(action: ActionSpec) -> ActionSpec:
    args = {name: _action_text(text) for name, text in action.args.items()}
    return replace(action, words=_action_text(action.words), args=args, danger=_action_text(action.danger))


def _action_text(text: str) -> str:
    id = _action_texts().get(text)
    return translated(text) if id is None else say(id)


@cache
def _action_texts() -> Mapping[str, str]:
    """The texts of actions: text -> id."""
    return {text: id for id, text in table().items() if id.startswith(ACTION_TEXTS)}


def _texts_of(live: Live) -> set[str]:
    """The different texts of a message that are translated, but those of actions."""
    devices = [*(live.snapshot.devices if live.snapshot else ()), *(live.changes.devices if live.changes else ())]
    statuses, notices = (live.changes.statuses, live.changes.notices) if live.changes else ((), ())
    return {*(one.reason for one in devices), *(one.reason for one in statuses), *(one.words for one in notices)}


def _said_line(line: RuleTestLine) -> RuleTestLine:
    said = {"command": line.text, "notify": translated_sent_text(line.text, line.because)}
    text = said.get(line.kind) or translated_rule_event(line.text)
    return replace(line, text=text, because=translated_reason(line.because))


def _is_other(text: str) -> bool:
    return bool(text) and language() != ENGLISH
