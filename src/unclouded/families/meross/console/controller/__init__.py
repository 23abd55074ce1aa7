"""The controller's end of the console.

session.py          the conversation, made of command_queue, running_command, command_lists, polling, states
actions.py          the actions that it offers, and the commands that they run
settings.py         the [session] table of its profiles
"""
