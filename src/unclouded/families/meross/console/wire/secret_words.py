"""The words that stand before secrets. Source: docs/protocols/meross_console.md §6."""


def may_hold_secret(text: str) -> bool:
    """Whether a text has a word that stands before secrets."""
    lower = text.lower()
    return (
        "key" in lower
        or "psk" in lower
        or "pmk" in lower
        or "passw" in lower
        or "pwd" in lower
        or ('"' in lower and ('"sign"' in lower or '"ssid"' in lower or '"token"' in lower))
    )  # a loop over the words takes four times as long, and every log line comes here
