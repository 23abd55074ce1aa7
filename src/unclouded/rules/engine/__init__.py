"""Carries rules out over virtual time: facts and the clock come in, commands with their reasons go out."""
