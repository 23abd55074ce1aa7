"""Sets one point as the rules want it: one command at a time, refusals retried with limits.

target ──► command ──► confirmed, held            done; other values from now on were set by another user or program
                  └──► refused, timeout, unreachable ──► again after RETRIES_S, then given up
"""

from collections import deque
from typing import Literal

from unclouded.core.model import Command, Outcome, Value, value_text
from unclouded.rules.engine.claims import Claim, PointClaims, Target, earliest
from unclouded.rules.engine.outputs import RuleCommand, RuleEvent, RuleOutput

RETRIES_S = (30.0, 120.0, 600.0)  # s after which a command is tried again
LOST_S = 300.0  # s after which a command whose outcome never came counts as failed
FIGHT_COMMANDS = 6  # commands of rules to one point within FIGHT_S that are too many
FIGHT_S = 60.0
FIGHT_PAUSE_S = 600.0  # s in which rules leave a point alone then
SPACING_S = 1.0  # s between two commands to one point
AGAIN_S = 60.0  # s between two commands of a rule that sets a point again and again

ControlState = Literal["idle", "sending", "retry", "done", "failed"]


class PointControl:
    """``key``: the device and its point. ``has``: the value that it has, None = not known."""

    def __init__(self, key: tuple[str, str]) -> None:
        self.key = key
        self.label = ".".join(key)  # what people call it
        self.claims = PointClaims()
        self.has: Value | None = None
        self.state: ControlState = "idle"
        self.target: Target | None = None
        self.problem = ""  # why the last command failed
        self._next: Target | None = None
        self._id = 0
        self._failures = 0
        self._due: float | None = None
        self._rounded: Value | None = None  # what the device made of the value
        self._sent: deque[tuple[float, str]] = deque(maxlen=FIGHT_COMMANDS)
        self._paused_until: float | None = None
        self._fight = ""

    # --- what rules want -----------------------------------------------------------------------

    def want(self, target: Target | None) -> None:
        """The value that it is to have; None: none in particular, and what was tried is given up."""
        if target is None:
            if self.state in ("retry", "failed"):
                self.state, self._due = "idle", None
            self._next = None
            return
        self._next = target

    def follow_claims(self) -> None:
        """Want what the claim that counts wants."""
        winner = self.claims.winner
        if winner is not None and (self.target is None or self._differs(winner)):
            self.want(self.claims.target_of(winner))

    def step(self, now: float, new_id: int) -> list[RuleOutput]:
        """What is to be done now; at most one command, with that id."""
        if self.claims.tick(now):
            self.follow_claims()
        if self._paused_until is not None and now >= self._paused_until:
            self._paused_until, self._fight = None, ""
            self.follow_claims()
        outputs = self._overdue(now)
        if self._paused_until is not None and self._next is not None and not self._next.is_end:
            self._next = None
        if self._next is None or self.state == "sending" or self._paused_until is not None:
            return outputs
        if self._sent and now < self._sent[-1][0] + SPACING_S:
            return outputs
        target, self._next = self._next, None
        is_retry = self.state == "retry" and target == self.target
        self.target = target
        if self.has == target.value:
            return [*outputs, *self._is_there(target, is_retry)]
        if fight := self._fights(target, now):
            return [*outputs, fight]
        if not is_retry:
            self._failures = 0
        self.state, self._id, self._due, self._rounded = "sending", new_id, now + LOST_S, None
        self._sent.append((now, target.rule))
        device, point = self.key
        command = Command(device, point, target.value, target.rule)
        return [*outputs, RuleCommand(id=new_id, rule=target.rule, command=command, because=target.because)]

    def deadline(self) -> float | None:
        """When ``step`` may have something to do by time alone, in monotonic seconds; None = nothing waits."""
        is_waiting = self._next is not None and self.state != "sending" and self._paused_until is None and self._sent
        spaced = self._sent[-1][0] + SPACING_S if is_waiting else None
        return earliest([self._due, self._paused_until, self.claims.deadline(), spaced])

    # --- what happens --------------------------------------------------------------------------

    def settled(self, id: int, outcome: Outcome, now: float) -> list[RuleOutput]:
        """The outcome of its command."""
        if self.state != "sending" or id != self._id or self.target is None:
            return []
        target, self._due = self.target, None
        if outcome.result in ("confirmed", "held"):
            self.state, self._failures, self.problem = "done", 0, ""
            self._rounded = self.has if isinstance(self.has, int | float) and self.has != target.value else None
            return [self._event("rule", target, outcome.result, outcome.reason if outcome.result == "held" else "")]
        self.problem = outcome.reason.rstrip(".") or outcome.result
        if self._gives_up(now):
            more = f"{self.problem}; given up after {self._failures} attempts"
            return [self._event("rule_problem", target, outcome.result, more)]
        if self._failures > 1:
            return []
        return [self._event("rule_problem", target, outcome.result, f"{self.problem}; it is tried again")]

    def reading(self, value: Value, now: float) -> list[RuleOutput]:
        """The point has that value now."""
        before, self.has = self.has, value
        target = self.target
        if value == before or target is None or self.state == "sending":
            return []
        if value == target.value:
            if self.state in ("retry", "failed"):
                self.state, self._due, self.problem = "done", None, ""
            return []
        if self.state == "retry" and before is not None and self.claims.winner is None:
            self.state, self._due = "idle", None  # another user or program has set it meanwhile
        if self.state != "done" or value == self._rounded or self._next is not None:
            return []
        if before is None:  # it was away, and has come back with another value
            self.state = "idle"
            self.follow_claims()
            return []
        return self._set_by_hand(value, now)

    def resume(self) -> None:
        """After a restart: what the claims want was commanded before it."""
        winner = self.claims.winner
        if winner is not None:
            self.target, self.state = self.claims.target_of(winner), "done"

    def online(self) -> None:
        """The device can be reached again: try once more what failed, where a claim still wants it."""
        winner = self.claims.winner
        if self.state == "failed" and winner is not None:
            self.state, self._failures = "idle", 0
            self.want(self.claims.target_of(winner))

    # --- inside --------------------------------------------------------------------------------

    def _differs(self, winner: Claim) -> bool:
        target = self._next or self.target
        return target is None or target.value != winner.value or target.rule != winner.rule or self.state == "idle"

    def _overdue(self, now: float) -> list[RuleOutput]:
        if self._due is None or now < self._due:
            return []
        if self.state == "sending":
            return self.settled(self._id, Outcome("timeout", "its outcome never came"), now)
        self._due = None
        if self._next is None:
            self._next = self.target
        return []

    def _gives_up(self, now: float) -> bool:
        """Try again later, unless it was tried often enough."""
        self._failures += 1
        if self._failures > len(RETRIES_S):
            self.state = "failed"
            return True
        self.state, self._due = "retry", now + RETRIES_S[self._failures - 1]
        return False

    def _is_there(self, target: Target, is_retry: bool) -> list[RuleOutput]:
        self.state, self._due, self._rounded, self.problem = "done", None, None, ""
        return [] if is_retry else [self._event("rule", target, "confirmed", "it was so already")]

    def _fights(self, target: Target, now: float) -> RuleEvent | None:
        """Too many commands in a short time: the rules leave the point alone for a while."""
        if len(self._sent) < FIGHT_COMMANDS or now - self._sent[0][0] > FIGHT_S:
            return None
        rules = sorted({rule for _, rule in self._sent} | {target.rule})
        self._paused_until, self.state, self._due = now + FIGHT_PAUSE_S, "idle", None
        self._sent.clear()
        who = f"The rules {' and '.join(rules)} set" if len(rules) > 1 else f"The rule {rules[0]} sets"
        self._fight = (
            f"{who} {self.label} again and again, {FIGHT_COMMANDS} times within a minute. It is left alone for "
            f"{FIGHT_PAUSE_S / 60:.0f} min; change one of their conditions."
        )
        device, point = self.key
        return RuleEvent(kind="rule_problem", text=self._fight, rule=target.rule, device=device, point=point)

    def _set_by_hand(self, value: Value, now: float) -> list[RuleOutput]:
        released = self.claims.set_by_hand(value, now)
        insisting = self.claims.winner
        if insisting is not None and insisting.value != value:
            self.state, self._due = "retry", max(now, (self._sent[-1][0] if self._sent else 0.0) + AGAIN_S)
            self.target, self._failures = self.claims.target_of(insisting), 0
        elif released:
            self.state = "idle"
        device, point = self.key
        return [
            RuleEvent(
                kind="rule",
                text=f"{one.rule}: {self.label} was set to {shown(value)} by another user or program; the rule "
                f"leaves it alone {'until it begins again' if one.released_until is None else 'for a while'}.",
                rule=one.rule,
                device=device,
                point=point,
                result="released",
            )
            for one in released
        ]

    def _event(self, kind: Literal["rule", "rule_problem"], target: Target, result: str, more: str) -> RuleEvent:
        device, point = self.key
        done = "" if result == "confirmed" else f": {result}"
        tail = f" ({more.rstrip('.')})" if more else ""
        text = f"{target.rule}: {self.label} {shown(target.value)} because {target.because}{done}{tail}."
        return RuleEvent(
            kind=kind, text=text, rule=target.rule, device=device, point=point, because=target.because, result=result
        )


def shown(value: Value) -> str:
    """A value as people say it: on and off, a number without a long tail."""
    if isinstance(value, bool):
        return "on" if value else "off"
    return f"{value:.6g}" if isinstance(value, float) else value_text(value)
