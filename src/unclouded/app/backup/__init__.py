"""Backups of a hub as one file, made while it runs, and what is restored from them: docs/backup.md."""
