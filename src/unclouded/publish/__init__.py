"""Publishers: what brings the readings of the hub into other programs. Each sees only ``core.model.PublicHub``."""
