"""The names under which a hub may be announced in its network: the first one that no other computer has."""

MOST_HUBS = 9
LOCAL_HOSTS = ("unclouded.local", *(f"unclouded-{number}.local" for number in range(2, MOST_HUBS + 1)))
