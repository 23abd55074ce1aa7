"""Text that people type or read: parsed and printed safely. Pure."""
