"""The sub-commands of `history` that repair it: void, edit, restore, edits, check."""
