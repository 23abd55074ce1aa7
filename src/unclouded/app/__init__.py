"""The composition root: the hub process, its devices, its page, and the demo."""
