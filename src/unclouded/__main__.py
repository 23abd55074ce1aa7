"""`python -m unclouded`: the same as the command `unclouded`."""

from unclouded.cli import main

if __name__ == "__main__":
    main()
