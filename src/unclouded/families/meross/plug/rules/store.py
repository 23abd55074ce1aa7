"""The timers or auto-off rules that a simulated plug keeps, and how they are read and written.

    hardware 2   SET {"timerx": {"id": …}}       GET {"timerx": {"id": …}}    DELETE {"timerx": {"id": …}}
                 its digest: [{"channel": 0, "id": …, "count": 1}], where count grows with each edit
    hardware 1   SET {"timer": [{"id": …}, …]}   the whole list                GET {} gives it back

Source: docs/protocols/meross.md §1.8.14, §1.8.15.
"""

from collections.abc import Sequence

import msgspec

from unclouded.core.errors import WireError
from unclouded.families.meross.plug.state.plug_settings import Rule
from unclouded.families.meross.wire.messages import payload_of
from unclouded.families.meross.wire.payload_fields import fields_of

MOST = 32  # slots; docs/protocols/meross.md §1.9.7
LONGEST_ID = 64  # characters; clients make ids of 16
LONGEST_RULE = 1_024  # bytes; what one slot holds is not known

_decoder = msgspec.json.Decoder(Rule | list[Rule])


class RuleStore:
    """``key``: timerx, triggerx, timer or trigger. ``rules`` and ``counts`` are those of the settings, by id."""

    def __init__(self, key: str, rules: dict[str, Rule], counts: dict[str, int]) -> None:
        self.key = key
        self._rules = rules
        self._counts = counts

    @property
    def rules(self) -> Sequence[Rule]:
        return list(self._rules.values())

    @property
    def digest(self) -> Sequence[Rule]:
        return [self._digest(id) for id in self._rules]

    def get(self, payload: bytes) -> bytes:
        """One of them, by its id; empty objects where there is none or no id."""
        id = next((_id(one) for one in self._in(payload)), "")
        rule = self._rules.get(id)
        found: Rule = {"digest": {} if rule is None else self._digest(id), self.key: rule or {}}
        return payload_of(**found)

    def set(self, payload: bytes) -> bytes | None:
        """Add or replace them; None where they have no id or there is no room."""
        rules = {_id(one): one for one in self._in(payload)}
        if not rules or not _can_keep(rules) or len(self._rules.keys() | rules.keys()) > MOST:
            return None
        self._rules.update(rules)
        for id in rules:
            self.edited(id)
        return b"{}"

    def replace(self, payload: bytes) -> bytes | None:
        """All of them at once, as hardware 1 takes them."""
        rules = {_id(one): one for one in self._in(payload)}
        if not _can_keep(rules) or len(rules) > MOST:
            return None
        self._rules.clear()
        self._rules.update(rules)
        return b"{}"

    def delete(self, payload: bytes) -> bytes:
        """Removes the rules with the ids of the payload (JSON); the payload of the answer. Unknown ids are no error."""
        for one in self._in(payload):
            self._rules.pop(_id(one), None)
            self._counts.pop(_id(one), None)
        return b"{}"

    def put_in_slot(self, slot: int, text: bytes) -> bool:
        """Write one slot, "" = empty it; a slot behind the last one is the next free one. False where it is no rule."""
        kept = list(self._rules.values())
        if text:
            try:
                kept[slot : slot + 1] = [msgspec.json.decode(text, type=Rule)]
            except (msgspec.MsgspecError, ValueError, RecursionError):
                return False
        else:
            del kept[slot : slot + 1]
        rules = {_id(one): one for one in kept}
        if not _can_keep(rules) or len(rules) != len(kept) or len(kept) > MOST:
            return False
        self._rules.clear()
        self._rules.update(rules)
        return True

    def disable(self, id: str) -> None:
        """A rule that counts once has done its work."""
        self._rules[id]["enable"] = 0
        self.edited(id)

    def edited(self, id: str) -> None:
        """Counts a change of this rule, by which controllers notice that it is another one now."""
        self._counts[id] = self._counts.get(id, 0) + 1

    def _in(self, payload: bytes) -> Sequence[Rule]:
        """The rules in a payload; none where it cannot be read."""
        try:
            found = _decoder.decode(fields_of(payload).get(self.key, b"[]"))
        except (WireError, msgspec.MsgspecError, ValueError, RecursionError):
            return []
        return found if isinstance(found, list) else [found] if found else []

    def _digest(self, id: str) -> Rule:
        return {"channel": self._rules[id].get("channel", 0), "id": id, "count": self._counts.get(id, 1)}


def _can_keep(rules: dict[str, Rule]) -> bool:
    return "" not in rules and all(len(msgspec.json.encode(rule)) <= LONGEST_RULE for rule in rules.values())


def _id(rule: Rule) -> str:
    id = rule.get("id")
    return id if isinstance(id, str) and len(id) <= LONGEST_ID else ""
