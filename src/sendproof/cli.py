"""The command line."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator, MutableMapping, Sequence
from importlib import import_module

import click

import sendproof
from sendproof import exit_codes
from sendproof.commands.shared import DEBUG, PACK, Invocation
from sendproof.contract.packs import forget_packs
from sendproof.errors import exit_code_of, line_of
from sendproof.reports.text import visible

_COMMANDS = {
    "run": "sendproof.commands.run_and_plan",
    "plan": "sendproof.commands.run_and_plan",
    "pack": "sendproof.commands.pack_command",
    "init": "sendproof.commands.catalogue",
    "clauses": "sendproof.commands.catalogue",
    "explain": "sendproof.commands.explain_command",
    "waive": "sendproof.runs.waive",
    "compare": "sendproof.reports.comparison.comparison_reports",
    "history": "sendproof.commands.history_command",
    "matrix": "sendproof.reports.matrix.matrix_reports",
    "drift": "sendproof.commands.drift_command",
    "mock": "sendproof.commands.mock_command",
    "selftest": "sendproof.commands.selftest_command",
}
"""Where each command is: a module is imported when its command is called, since all of them take a second."""


class _Commands(MutableMapping[str, click.Command]):
    """The commands by name, each imported when it is looked up."""

    def __getitem__(self, name: str) -> click.Command:
        command: click.Command = getattr(import_module(_COMMANDS[name]), name)
        if PACK not in command.params and not isinstance(command, click.Group):
            command.params.append(PACK)
        return command

    def __iter__(self) -> Iterator[str]:
        return iter(_COMMANDS)

    def __len__(self) -> int:
        return len(_COMMANDS)

    def __setitem__(self, name: str, command: click.Command) -> None:
        raise TypeError("commands are named in a table")

    def __delitem__(self, name: str) -> None:
        raise TypeError("commands are named in a table")


@click.group(context_settings={"help_option_names": ["-h", "--help"]}, commands=_Commands())
@click.version_option(sendproof.__version__, prog_name="sendproof")
def cli() -> None:
    """Prove, clause by clause, whether an SMS API does what its documentation promises."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit code. Nothing is raised, and nothing ends in silence."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    split = given.index("--") if "--" in given else len(given)
    # For every command, and wherever it stands.
    debug = DEBUG in given[:split]
    words = [word for word in given[:split] if word != DEBUG]
    forget_packs()
    try:
        result = cli.main(
            words, prog_name="sendproof", standalone_mode=False, obj=Invocation(given[split + 1 :], debug)
        )
    except click.ClickException as error:
        error.show()
        return exit_codes.USAGE
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.Abort:
        # Ctrl-C at a question, or no for an answer.
        click.echo("sendproof: aborted, nothing was done", err=True)
        return exit_codes.INTERRUPTED
    except (Exception, KeyboardInterrupt, SystemExit) as error:
        # No command exits by itself, but click does, with 1, where a pipe is read no more.
        cause = BrokenPipeError() if isinstance(error, SystemExit) else error
        if debug:
            traceback.print_exception(error)
        click.echo(f"sendproof: {visible(line_of(cause), None)}", err=True)
        return exit_code_of(cause)
    return result if isinstance(result, int) else exit_codes.OK
