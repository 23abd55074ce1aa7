"""The numbers of levels in the base: those that this Unclouded knows, and some that only newer hubs know."""

from collections.abc import Collection, Mapping

from unclouded.fleet.base.connections import Connection

MOST_LEVELS = 64
LEVELS = "SELECT name, number FROM level WHERE name = ANY(%s)"
ADD = """INSERT INTO level (name) SELECT name FROM unnest(%s::text[]) AS k (name)
    WHERE (SELECT count(*) FROM level) < %s ORDER BY name LIMIT %s ON CONFLICT DO NOTHING"""


class LevelNumbers:
    """Remembers those that are committed."""

    def __init__(self) -> None:
        self._known: dict[str, int] = {}

    async def numbers(self, connection: Connection, names: Collection[str]) -> dict[str, int]:
        """By name; new ones are added while there are not too many."""
        missing = sorted(set(names) - self._known.keys())
        found = {name: self._known[name] for name in names if name in self._known}
        if missing:
            found |= await stored_levels(connection, missing)
            if new := sorted(set(missing) - found.keys()):
                await connection.execute(ADD, (new, MOST_LEVELS, 4))
                found |= await stored_levels(connection, new)
        return found

    def keep(self, numbers: Mapping[str, int]) -> None:
        """They are committed."""
        self._known.update(numbers)


async def stored_levels(connection: Connection, names: Collection[str]) -> dict[str, int]:
    """By name, of those that the base has."""
    rows = await (await connection.execute(LEVELS, (list(names),))).fetchall()
    return {str(name): number for name, number in rows}
