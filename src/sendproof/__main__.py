"""The process of `sendproof`, and of `python -m sendproof`: whatever happens in it, it ends with a code of its own.

Nothing else is imported before errors are caught: a library that cannot be imported is no broken promise.
"""

from __future__ import annotations

import sys
import traceback
import warnings

from sendproof import errors, exit_codes, process
from sendproof.process import ended_alike


def entry() -> None:
    """Run the command line and exit."""
    sys.exit(_process())


def _process() -> int:
    process.make_tolerant()
    # What the user's own tests hold for an error would break the libraries used here.
    warnings.simplefilter("ignore")
    try:
        with ended_alike():
            from sendproof.cli import main  # noqa: PLC0415 - see above

            code = main()
    except (Exception, KeyboardInterrupt) as error:
        if "--debug" in sys.argv:
            traceback.print_exception(error)
        print(f"sendproof: {errors.line_of(error)}", file=sys.stderr)
        code = errors.exit_code_of(error)
    return _flushed(code)


def _flushed(code: int) -> int:
    """Write out what was printed: the interpreter would make 120 of what fails then."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except OSError as error:
        process.give_up_stdout()
        if sys.stderr is not None:
            print(f"sendproof: standard output: {errors.line_of(error)}", file=sys.stderr)
        return exit_codes.first_of((code, exit_codes.ENVIRONMENT))
    return code


if __name__ == "__main__":
    entry()
