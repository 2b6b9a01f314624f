"""`python -m sendproof.mock`: the mock as a server, which prints its port as a line of JSON."""

import argparse
import json
import sys
from collections.abc import Sequence

from sendproof.mock.accounts import PROVIDERS, Settings
from sendproof.mock.server import serve


def main(arguments: Sequence[str] | None = None) -> int:
    """Serve until interrupted. Return the exit status."""
    chosen = _parser().parse_args(arguments)
    try:
        serve(
            chosen.provider,
            chosen.port,
            fault=chosen.fault,
            variant=chosen.variant,
            settings=Settings(
                metered_balance=chosen.metered_balance,
                limit_per_minute=chosen.limit_per_minute,
                window_s=chosen.window_s,
            ),
            control=chosen.control,
            on_ready=_announce,
            until_closed_fd=sys.stdin.fileno() if chosen.until_stdin_closes else None,
        )
    except (LookupError, OSError) as error:
        print(f"sendproof mock: {error.args[-1]}", file=sys.stderr)
        return 4
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sendproof.mock", allow_abbrev=False)
    parser.add_argument("provider", choices=PROVIDERS)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault")
    parser.add_argument("--variant")
    parser.add_argument("--metered-balance", type=int, default=14)
    parser.add_argument("--limit-per-minute", type=int, default=5)
    parser.add_argument("--window-s", type=float, default=60.0)
    parser.add_argument("--control", action="store_true")
    parser.add_argument("--until-stdin-closes", action="store_true")
    return parser


def _announce(port: int) -> None:
    print(json.dumps({"port": port}), flush=True)


if __name__ == "__main__":  # pragma: no cover - only in a process of its own
    sys.exit(main())
