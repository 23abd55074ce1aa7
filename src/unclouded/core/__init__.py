"""The shared types (model, session, family, profile, link) and the one loop that drives them."""
