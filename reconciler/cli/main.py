"""The command line: one file a verb, one boundary where every error becomes a message and an exit code."""

from __future__ import annotations

import sys

try:
    import difflib
    import errno
    import importlib
    import os
    import traceback
    from collections.abc import Sequence

    import click

    from reconciler import __version__
    from reconciler.errors import ExitCode, ReconcilerError
except KeyboardInterrupt:
    sys.exit(130)  # the boundary does not stand yet

# Verb -> its function, in the module of the same name; imported when it is called, so that no verb pays for another's
# libraries.
VERBS = {
    "init": "init",
    "new": "new",
    "set": "set_input",
    "schema": "schema",
    "validate": "validate",
    "plan": "plan",
    "render": "render",
    "diff": "diff",
    "apply": "apply",
    "status": "status",
    "history": "history",
    "outputs": "outputs",
    "explain": "explain",
    "wait": "wait",
    "verify": "verify",
    "versions": "versions",
    "sync": "sync",
    "retry": "retry",
    "cancel": "cancel",
    "rollback": "rollback",
    "forget": "forget",
    "pr": "pr",
    "notify": "notify",
    "provision": "provision",
    "demo": "demo",
}


class _Verbs(click.Group):
    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            close = difflib.get_close_matches(args[0], VERBS, n=1)
            if not close:
                raise
            raise click.UsageError(f'{error.message} Did you mean "{close[0]}"?', ctx) from None

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"reconciler.cli.{VERBS[cmd_name]}")
        command: click.Command = getattr(module, VERBS[cmd_name])
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="reconciler")
def cli() -> None:
    """Versioned infrastructure templates, and the environments and services made from them, kept in Git.

    Verbs that change nothing (validate, plan, render, diff) need no network and no credentials.
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """Runs the program and exits with a code of `ExitCode`."""
    _open_streams()
    sys.exit(run(arguments))


def _open_streams() -> None:
    """Puts the null device where a caller closed a standard stream: else the next file opened would take its place."""
    for name, mode in (("stdin", "r"), ("stdout", "w"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, os.fdopen(os.open(os.devnull, os.O_RDWR), mode))


def run(arguments: Sequence[str] | None = None) -> int:
    """Runs the program and returns its exit code. Messages go to stderr, results to stdout."""
    try:
        result = cli.main(list(arguments) if arguments is not None else None, standalone_mode=False)
        sys.stdout.flush()
        return result if isinstance(result, int) else ExitCode.OK
    except click.UsageError as error:
        error.show()
        return ExitCode.USAGE
    except click.exceptions.Exit as exit_:
        return exit_.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("Interrupted. Nothing is half-written; run the same command again to go on.")
        return ExitCode.INTERRUPTED
    except ReconcilerError as error:
        _say(f"Error: {error.message}")
        if error.hint:
            _say(f"  -> {error.hint}")
        return error.exit_code
    except click.ClickException as error:
        error.show()
        return ExitCode.BAD
    except (BrokenPipeError, SystemExit):
        # Whoever read our output has gone, which click answers by leaving; there is nobody left to tell.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return ExitCode.OK
    except OSError as error:
        return _operating_system(error)
    except Exception:
        _say(f"This is a defect in reconciler {__version__}. Please report it with the lines below.")
        _say(traceback.format_exc())
        return ExitCode.DEFECT


def _operating_system(error: OSError) -> int:
    where = f" ({error.filename})" if error.filename else ""
    _say(f"Error: {error.strerror or error}{where}")
    passing = error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EMFILE, errno.ENFILE, errno.EAGAIN)
    _say("  -> make room, or check the permissions, and run the same command again")
    return ExitCode.TRY_AGAIN if passing else ExitCode.BAD


def _say(text: str) -> None:
    click.echo(text, err=True)


if __name__ == "__main__":
    main()
