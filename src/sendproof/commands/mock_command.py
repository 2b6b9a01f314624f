"""The command `sendproof mock`."""

from __future__ import annotations

import click

from sendproof.errors import UsageError
from sendproof.mock import accounts
from sendproof.mock.faults import FAULTS
from sendproof.mock.profiles import profile_toml
from sendproof.mock.server import serve
from sendproof.mock.variants import VARIANTS


@click.command()
@click.argument("provider")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="0, as by default, takes a free one.")
@click.option("--fault", metavar="NAME", help="Break one promise.")
@click.option("--variant", metavar="NAME", help="Use a freedom that the documents leave.")
@click.option(
    "--window-s",
    type=click.FloatRange(min=0, min_open=True),
    default=60.0,
    show_default=True,
    help="Window of the rate limit.",
)
@click.option("--profile", "shows_profile", is_flag=True, help="Print the target profile of this mock, and end.")
@click.option("--list", "lists", is_flag=True, help="Name the faults and variants, and end.")
def mock(
    *,
    provider: str,
    port: int,
    fault: str | None,
    variant: str | None,
    window_s: float,
    shows_profile: bool,
    lists: bool,
) -> None:
    """Serve the mock of a provider on the loopback interface."""
    known = _mocked(provider)
    settings = accounts.Settings(window_s=window_s)
    if lists:
        _list(known)
    elif shows_profile:
        click.echo(profile_toml(known, f"http://127.0.0.1:{port}", settings), nl=False)
    else:
        _serve(known, port, fault, variant, settings)


def _mocked(provider: str) -> accounts.Provider:
    for known in accounts.PROVIDERS:
        if known == provider:
            return known
    raise UsageError(
        f"mock: expected one of {', '.join(accounts.PROVIDERS)}, got {provider!r}. Name one that has a mock."
    )


def _list(provider: accounts.Provider) -> None:
    for title, entries in (("faults", FAULTS[provider]), ("variants", VARIANTS[provider])):
        click.echo(f"{title}:")
        for entry in entries:
            click.echo(f"  {entry.name:32} {entry.summary}")


def _serve(
    provider: accounts.Provider, port: int, fault: str | None, variant: str | None, settings: accounts.Settings
) -> None:
    def ready(bound: int) -> None:
        click.echo(f"{provider} mock on http://127.0.0.1:{bound} (end with Ctrl-C)")

    try:
        serve(provider, port, fault=fault, variant=variant, settings=settings, on_ready=ready)
    except LookupError as error:
        raise UsageError(f"mock: {error.args[0]}. See: sendproof mock {provider} --list") from error
    except OSError as error:
        raise UsageError(f"mock: port {port}: {error.strerror}. Choose another --port.") from error
