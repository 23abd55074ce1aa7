"""A group with a command that is meant where none is named."""

import click


class DefaultGroup(click.Group):
    """`history kettle` is `history show kettle`; a device whose id is a command's is reached by the long form."""

    default = "show"

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Puts the default command before arguments that name none."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = [self.default, *args]
        return super().parse_args(ctx, args)
