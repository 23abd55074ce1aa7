"""The verbs: one module each, imported when the verb is typed."""
