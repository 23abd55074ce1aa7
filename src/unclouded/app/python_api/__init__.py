"""What other programs use of this package: ``unclouded.__all__`` names it. See docs/python.md."""
