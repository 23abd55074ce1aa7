"""The JSON form of what the hub knows, as types: what the API, the page and every verb's --json show."""
