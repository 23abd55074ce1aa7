"""A curtain, a blind or a gate, and a valve, as one entity each. Pure.

    action open|stop|close, position_target_percent, position_percent    cover
    valve on and off, open|close, or valve_percent                       valve

100 % is open, 0 % is closed, as most makers count.
"""

from collections.abc import Iterator

from unclouded.core.model import Point
from unclouded.publish.homeassistant.compounds import Component, CompoundEntity, PointsOfPlace
from unclouded.publish.homeassistant.templates import STATE, choice_of, number_of, word_of

OPEN, CLOSE, STOP = ("open", "opened"), ("close", "closed"), ("stop", "stopped", "pause")
MOVES = frozenset({"opening", "closing"})
OPEN_PERCENT = 100.0  # where a position has no limits of its own


def cover(points: PointsOfPlace) -> CompoundEntity | None:
    """A command with the words open and close, a position that can be set, or both."""
    action = points.find("action", "enum")
    if action is not None and not (_word(action, OPEN) and _word(action, CLOSE)):
        action = None
    target = _percent(points, "position_target") or _percent(points, "position")
    main = action or target
    if main is None or points.has("setpoint"):  # of a radiator valve
        return None
    reported, moves = points.find("position", "number", "") or target, _moves(points)
    component: Component = dict(_commands(points, action, target))
    if target is not None and reported is not None:
        component |= dict(_position(points, target, reported))
    component |= dict(_state(action, reported, moves))
    return points.entity("cover", main, [target, points.find("position", "number")], component, [reported, moves])


def valve(points: PointsOfPlace) -> CompoundEntity | None:
    """One that the vocabulary calls so. A switch that is called ``on`` stays a switch."""
    point = _percent(points, "valve") or points.find("valve", "switch") or points.find("valve", "enum")
    if point is None:
        return None
    component: Component = {"command_topic": points.set_topic(point)}
    if point.kind == "number":
        limits = {"position_closed": int(point.minimum or 0), "position_open": int(point.maximum or OPEN_PERCENT)}
        component |= {"reports_position": True, "value_template": number_of(point.key), **limits}
        return points.entity("valve", point, [], component)
    opened, closed = ("on", "off") if point.kind == "switch" else (_word(point, OPEN), _word(point, CLOSE))
    if not (opened and closed):
        return None
    words = {"True": "open", "False": "closed"} if point.kind == "switch" else {opened: "open", closed: "closed"}
    component |= {"payload_open": opened, "payload_close": closed, "value_template": word_of(point.key, words)}
    return points.entity("valve", point, [], component)


# --- inside -------------------------------------------------------------------------------------------


def _word(point: Point, known: tuple[str, ...]) -> str:
    """The option of a point that is one of these words, "" = none."""
    return next((one for one in point.options if one.lower() in known), "")


def _commands(points: PointsOfPlace, action: Point | None, target: Point | None) -> Iterator[tuple[str, object]]:
    """Without a command of its own it is opened and closed by its position."""
    if action is not None:
        yield "command_topic", points.set_topic(action)
        yield from (("payload_open", _word(action, OPEN)), ("payload_close", _word(action, CLOSE)))
        yield "payload_stop", _word(action, STOP) or None
    elif target is not None:
        yield "command_topic", points.set_topic(target)
        yield from (("payload_open", f"{_open(target):g}"), ("payload_close", f"{target.minimum or 0:g}"))
        yield "payload_stop", None


def _position(points: PointsOfPlace, target: Point, reported: Point) -> Iterator[tuple[str, object]]:
    yield "set_position_topic", points.set_topic(target)
    yield "position_topic", points.state_topic
    yield (
        "position_template",
        f"{{% set v = {STATE}.get('{reported.key}') %}}{{{{ v | int if v is number else 'None' }}}}",
    )
    yield from (("position_open", int(_open(reported))), ("position_closed", int(reported.minimum or 0)))


def _moves(points: PointsOfPlace) -> Point | None:
    """The point that says whether it moves: one of opening and closing that also says that it stands."""
    for name in ("motor_state", "state"):
        point = points.find(name, "enum", "")
        if point is not None and 0 < sum(one.lower() in MOVES for one in point.options) < len(point.options):
            return point
    return None


def _state(action: Point | None, reported: Point | None, moves: Point | None) -> Iterator[tuple[str, object]]:
    """Whether it moves, where it reports that; else by its position, or by its last command."""
    found, position = "'None'", ""
    if reported is not None:
        position = f"{{% set p = {STATE}.get('{reported.key}') %}}"
        found = f"('closed' if p <= {int(reported.minimum or 0)} else 'open') if p is number else 'None'"
    elif action is not None:
        found = choice_of(action.key, {_word(action, OPEN): "open", _word(action, CLOSE): "closed"})
        yield "optimistic", True  # both directions can be asked for
    if moves is not None:
        moving = {one: one.lower() for one in moves.options if one.lower() in MOVES}
        found = choice_of(moves.key, moving, found)
    yield "value_template", f"{position}{{{{ {found} }}}}"


def _percent(points: PointsOfPlace, name: str) -> Point | None:
    """A number of which it is known what is open."""
    point = points.find(name, "number")
    return point if point is not None and (point.unit == "%" or point.maximum is not None) else None


def _open(point: Point) -> float:
    return OPEN_PERCENT if point.maximum is None else point.maximum
