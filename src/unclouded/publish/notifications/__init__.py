"""Messages for people: what is worth one, when and in which words. Sent by Apprise (extra ``notifications``)."""
