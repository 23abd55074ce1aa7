"""The gateway dialect: commands and decoder."""
