"""Writes docs/commands.md: every command's own help, so that the reference can't say anything else.

python -m tools.command_reference
"""

import click
from click import Command, Context, Group
