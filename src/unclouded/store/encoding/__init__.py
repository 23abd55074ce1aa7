"""How samples, values and rolled-up rows are written as bytes: pure, without the database."""
