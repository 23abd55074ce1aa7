"""What logic analysers export: tables and annotations of decoded bytes, and the sessions that hold only levels."""
