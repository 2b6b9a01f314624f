"""Serve one vendor: `python -m tests.second_reading textflow --port 8099 [--fault NAME]`."""

import argparse

from .faults import FAULTS, PROVIDERS, vendor
from .web import VendorServer


def parse_arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m tests.second_reading")
    parser.add_argument("provider", choices=sorted(PROVIDERS))
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--fault", metavar="NAME")
    parser.add_argument("--list", action="store_true", help="list the provider's faults")
    arguments = parser.parse_args()
    if arguments.fault and arguments.fault not in names_of(arguments.provider):
        parser.error(f"{arguments.provider} has no fault named {arguments.fault!r}; see --list")
    return arguments


def names_of(provider: str) -> list[str]:
    """The names of a provider's faults."""
    return [name for name, fault in FAULTS.items() if fault.provider == provider]


def show_faults(provider: str) -> None:
    """One line for each fault."""
    for name in names_of(provider):
        print(f"{name:<32} {FAULTS[name].concern:<14} {FAULTS[name].promise}")


def main() -> None:
    """Serve until interrupted."""
    arguments = parse_arguments()
    if arguments.list:
        show_faults(arguments.provider)
        return
    server = VendorServer(vendor(arguments.provider, arguments.fault), arguments.port)
    print(server.base_url, flush=True)
    try:
        server.serve_forever()
    except KeyboardInterrupt:
        server.server_close()


if __name__ == "__main__":
    main()
