"""Changes of a configuration, text to text: comments, order and everything else stay."""
