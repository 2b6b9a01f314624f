"""`python -m sendproof`."""

from sendproof.cli import entry

if __name__ == "__main__":
    entry()
