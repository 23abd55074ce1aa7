"""The schedule that a plug keeps: it is read, and changed by actions.

    GET Digest.TimerX: ids and edit counters ──► GET TimerX {id} of those that are new or were edited ──► Scheduled
    schedule rule=… ──► GET TimerX {id}: edited by another program? ──► SET ──► GET: does the plug keep it so?
    schedule (a new rule) ─────────────────────────────────────────────────► SET ──► GET
    unschedule ──► DELETE ──► GET Digest.TimerX: is it gone?
    hardware 1: GET Timer lists whole rules, SET Timer writes all of them: also before a new one they are read

What the plug lacks is not asked (``has``). Source: docs/protocols/meross.md §1.8.14, §1.8.15.
"""

from collections import deque
from collections.abc import Callable, Mapping
from typing import Any, Literal

import msgspec

from unclouded.core.errors import CommandError
from unclouded.core.model import Result, ScheduleRule
from unclouded.core.schedule import UNSCHEDULE, rule_of, rule_text, rule_to_delete
from unclouded.core.sessions.session import Event, Scheduled, Ticket, WireAction
from unclouded.core.sessions.session_parts import Ids, Tickets
from unclouded.families.meross.controller.commands.rule_forms import FORMS, RawRule, RuleForm, read_rule, write_rule
from unclouded.families.meross.controller.paths.request_window import WindowRequest
from unclouded.families.meross.wire.envelope import DELETE, GET, SET
from unclouded.families.meross.wire.messages import payload_of

LIST, ITEM, LOOK, WRITE, CHECK = (f"schedule {step}" for step in ("list", "item", "look", "write", "check"))
NAMES = frozenset({LIST, ITEM, LOOK, WRITE, CHECK})  # of the requests
TIMEOUT_S = 30.0  # for a change: three requests
MOST_RULES = 32  # of a kind; docs/protocols/meross.md §1.9.7
MOST_BYTES = 900  # of a request; docs/protocols/meross.md §1.4.4
ID_LENGTH = 16
ID_SIGNS = "abcdefghijklmnopqrstuvwxyz0123456789"

_decoder = msgspec.json.Decoder(dict[str, Any])


class _Kept(msgspec.Struct):
    """The rules of one form that the plug has. ``counts``: edit counters by id."""

    rules: dict[str, RawRule] = {}
    counts: dict[str, int] = {}
    is_known: bool = False


class _Change(msgspec.Struct):
    """One action. ``rule`` None: delete it. ``raw``: what is written."""

    ticket: Ticket
    form: RuleForm
    id: str
    rule: ScheduleRule | None
    raw: RawRule
    is_new: bool
    step: str = ""


class PlugSchedule:
    """``send``: queues a request. ``token``: random bytes. ``sun_minute``: of today's sunrise or sunset at the plug's
    place; None where that is not known.
    """

    def __init__(
        self,
        ids: Ids,
        send: Callable[[WindowRequest], None],
        token: Callable[[int], bytes],
        sun_minute: Callable[[Literal["sunrise", "sunset"]], int | None],
    ) -> None:
        self._send = send
        self._token = token
        self._sun_minute = sun_minute
        self._tickets = Tickets(ids)
        self._kept = {form.key: _Kept() for form in FORMS}
        self._has: Callable[[str], bool] | None = None  # None: nothing was read yet
        self._awaited: set[tuple[str, str]] = set()  # (form, id) of the rules that are being read
        self._changes: deque[_Change] = deque()
        self._reported: tuple[ScheduleRule, ...] | None = None

    # --- reading -------------------------------------------------------------------------------

    def refresh(self, has: Callable[[str], bool]) -> None:
        """Read what may have changed. ``has``: whether the plug has a namespace."""
        self._has = has
        for form in self._forms:
            self._send(WindowRequest(LIST, GET, form.digest or form.namespace))

    def answered(self, request: WindowRequest, payload: bytes, now: float) -> list[Event]:
        """The answer to one of NAMES: an acknowledgement or a payload."""
        change = self._change_of(request)
        if request.name == WRITE and change is not None:
            return self._written(change)
        form = next(one for one in FORMS if request.namespace in (one.namespace, one.digest))
        fields = _decoder.decode(payload)
        if request.namespace == form.digest:
            self._take_digest(form, fields)
        elif form.digest:
            self._take_item(form, fields, request)
        else:
            self._take_list(form, fields)
        return [*self._looked(change, request), *self._news()]

    def failed(self, request: WindowRequest, why: str) -> list[Event]:
        """One of NAMES was refused or not answered."""
        self._awaited.discard(_place(request))
        change = self._change_of(request)
        return self._settle(change, "refused", why) if change is not None else []

    # --- changes -------------------------------------------------------------------------------

    def submit(self, command: WireAction, now: float, unix: int) -> Ticket:
        """``schedule`` or ``unschedule``. Raises CommandError, which says what to write."""
        change = self._deletion(command) if command.name == UNSCHEDULE.name else self._edit(command, unix)
        change.ticket = self._tickets.issue(now + TIMEOUT_S)
        self._changes.append(change)
        self._begin_next()
        return change.ticket

    def all_unreachable(self, reason: str) -> list[Event]:
        """No path is left."""
        self._changes.clear()
        self._awaited.clear()
        return self._tickets.settle_all("unreachable", reason)

    def tick(self, now: float) -> list[Event]:
        """Changes that the plug did not confirm in time are settled."""
        events: list[Event] = []
        for ticket in self._tickets.overdue(now):
            change = next((one for one in self._changes if one.ticket == ticket), None)
            reason = f"The plug did not confirm it within {TIMEOUT_S:g} s."
            events += (
                self._settle(change, "timeout", reason) if change else self._tickets.settle(ticket, "timeout", reason)
            )
        return events

    def deadline(self) -> float | None:
        """When the next change times out, in monotonic seconds; None = none is under way."""
        return self._tickets.earliest()

    # --- inside: reading -----------------------------------------------------------------------

    @property
    def _forms(self) -> list[RuleForm]:
        """Those that the plug has."""
        has = self._has or (lambda namespace: False)
        return [form for form in FORMS if has(form.namespace) and (not form.digest or has(form.digest))]

    @property
    def _is_read(self) -> bool:
        """Whether all rules of the plug are known."""
        is_asked = self._has is not None and not self._awaited
        return is_asked and all(self._kept[form.key].is_known for form in self._forms)

    def _take_digest(self, form: RuleForm, fields: Mapping[str, Any]) -> None:
        """Which rules there are; those that are new or were edited are read."""
        kept = self._kept[form.key]
        counts = {str(one.get("id")): one.get("count", 0) for one in _objects(fields, "digest") if one.get("id")}
        kept.rules = {id: raw for id, raw in kept.rules.items() if id in counts}
        for id in list(counts)[:MOST_RULES]:
            if id not in kept.rules or kept.counts.get(id) != counts[id]:
                self._read_item(form, id, ITEM)
        kept.counts, kept.is_known = counts, True

    def _read_item(self, form: RuleForm, id: str, name: str) -> None:
        self._awaited.add((form.key, id))
        self._send(WindowRequest(name, GET, form.namespace, payload_of(**{form.key: {"id": id}}), key=id))

    def _take_item(self, form: RuleForm, fields: Mapping[str, Any], request: WindowRequest) -> None:
        kept = self._kept[form.key]
        self._awaited.discard((form.key, request.key))
        kept.rules.pop(request.key, None)
        for raw in _objects(fields, form.key):
            if raw.get("id"):
                kept.rules[str(raw["id"])] = raw
        for digest in _objects(fields, "digest"):
            if digest.get("id"):
                kept.counts[str(digest["id"])] = digest.get("count", 0)

    def _take_list(self, form: RuleForm, fields: Mapping[str, Any]) -> None:
        kept = self._kept[form.key]
        kept.rules = {str(raw["id"]): raw for raw in _objects(fields, form.key) if raw.get("id")}
        kept.is_known = True

    def _news(self) -> list[Event]:
        """The whole schedule, where it is known and differs from what was reported."""
        if not self._is_read:
            return []
        rules = tuple(read_rule(form, raw) for form in self._forms for raw in self._kept[form.key].rules.values())
        if rules == self._reported:
            return []
        self._reported = rules
        return [Scheduled(rules)]

    # --- inside: changes -----------------------------------------------------------------------

    def _edit(self, command: WireAction, unix: int) -> _Change:
        id = command.args.get("rule", "")
        args = {name: value for name, value in command.args.items() if name != "rule"}
        if id:
            form, raw = self._find(id)
            rule = rule_of(args, id, read_rule(form, raw))
        else:
            rule = rule_of(args, self._new_id())
            form, raw = self._form_for(rule), {}
        written = write_rule(form, rule, raw, unix, self._minute(rule))
        if len(payload_of(**{form.key: written})) > MOST_BYTES:
            raise CommandError("The rule is too long for the plug; give it a shorter name.")
        return _Change(0, form, rule.id, rule, written, is_new=not id)

    def _deletion(self, command: WireAction) -> _Change:
        id = rule_to_delete(command.args)
        form, raw = self._find(id)
        return _Change(0, form, id, None, raw, is_new=False)

    def _find(self, id: str) -> tuple[RuleForm, RawRule]:
        """Raises CommandError."""
        for form in self._forms:
            if id in self._kept[form.key].rules:
                return form, self._kept[form.key].rules[id]
        if not self._is_read:
            raise CommandError("The rules of the plug have not been read yet. Try again in a few seconds.")
        known = ", ".join(id for form in self._forms for id in self._kept[form.key].rules)
        raise CommandError(f"The plug keeps no rule {id!r}. It keeps: {known or 'none'}.")

    def _form_for(self, rule: ScheduleRule) -> RuleForm:
        """Raises CommandError."""
        form = next((one for one in self._forms if one.kind == rule.kind), None)
        if form is None:
            raise CommandError(
                "This plug keeps no timers." if rule.kind == "timer" else "This plug has no auto-off rules."
            )
        if len(self._kept[form.key].rules) >= MOST_RULES:
            raise CommandError(f"The plug keeps {MOST_RULES} rules of this kind, no more. Delete one first.")
        return form

    def _minute(self, rule: ScheduleRule) -> int:
        """Raises CommandError."""
        if not rule.sun:
            return 0
        minute = self._sun_minute(rule.sun)
        if minute is None:
            raise CommandError(
                f"The plug does not know its place, so it has no {rule.sun}. Set latitude and longitude in [weather]."
            )
        return minute

    def _new_id(self) -> str:
        return "".join(ID_SIGNS[byte % len(ID_SIGNS)] for byte in self._token(ID_LENGTH))

    def _begin_next(self) -> None:
        change = self._changes[0] if self._changes else None
        if change is None or change.step:
            return
        if change.is_new and change.form.digest:
            self._write(change)
        else:
            self._look(change, LOOK)

    def _look(self, change: _Change, step: str) -> None:
        """Read from the plug what the change is about."""
        change.step = step
        form = change.form
        if not form.digest:
            self._send(WindowRequest(step, GET, form.namespace, key=change.id))
        elif step == CHECK and change.rule is None:
            self._send(WindowRequest(step, GET, form.digest, key=change.id))
        else:
            self._read_item(form, change.id, step)

    def _write(self, change: _Change) -> None:
        change.step = WRITE
        form, is_deletion = change.form, change.rule is None
        method, payload = SET, payload_of(**{form.key: change.raw})
        if not form.digest:
            rules = {**self._kept[form.key].rules, change.id: change.raw}
            payload = payload_of(
                **{form.key: [raw for id, raw in rules.items() if not (is_deletion and id == change.id)]}
            )
        elif is_deletion:
            method, payload = DELETE, payload_of(**{form.key: {"id": change.id}})
        self._send(WindowRequest(WRITE, method, form.namespace, payload, key=change.id))

    def _written(self, change: _Change) -> list[Event]:
        self._look(change, CHECK)
        return []

    def _looked(self, change: _Change | None, request: WindowRequest) -> list[Event]:
        """The plug's own copy of what a change is about was read."""
        if change is None or request.name != change.step:
            return []
        now = self._kept[change.form.key].rules.get(change.id)
        if change.step == CHECK:
            return self._checked(change, now)
        if not change.is_new and (now is None or read_rule(change.form, now) != self._before(change)):
            return self._settle(
                change, "refused", "The rule was changed meanwhile, by another program. Look at it again."
            )
        self._write(change)
        return []

    def _before(self, change: _Change) -> ScheduleRule | None:
        """The rule as it was reported, which the change was based on."""
        return next((rule for rule in self._reported or () if rule.id == change.id), None)

    def _checked(self, change: _Change, now: RawRule | None) -> list[Event]:
        if change.rule is None:
            return self._settle(change, *(("refused", "The plug keeps the rule.") if now else ("confirmed", "")))
        kept = read_rule(change.form, now) if now is not None else None
        if kept == change.rule:
            return self._settle(change, "confirmed", f"rule {change.id}" if change.is_new else "")
        what = f"keeps: {rule_text(kept)}" if kept else "does not keep it"
        return self._settle(change, "refused", f"The plug {what}.")

    def _change_of(self, request: WindowRequest) -> _Change | None:
        """The change that a request belongs to."""
        first = self._changes[0] if self._changes else None
        is_its = first is not None and request.name in (LOOK, WRITE, CHECK) and request.key == first.id
        return first if is_its else None

    def _settle(self, change: _Change, result: Result, reason: str) -> list[Event]:
        self._changes.remove(change)
        events = self._tickets.settle(change.ticket, result, reason)
        self._begin_next()
        return events


def _place(request: WindowRequest) -> tuple[str, str]:
    """(form, id) of a request for one rule."""
    return next((form.key for form in FORMS if form.namespace == request.namespace), ""), request.key


def _objects(fields: Mapping[str, Any], key: str) -> list[RawRule]:
    """The value of a key: one object, an empty one, or a list of objects."""
    value = fields.get(key)
    items = value if isinstance(value, list) else [value] if value else []
    return [item for item in items if isinstance(item, dict)]
