"""TLS: whose certificates are trusted, and the certificate that this client shows."""

from __future__ import annotations

import ssl

import certifi

from sendproof.target.profile import Network


class EncryptedKey(Exception):
    """A private key has a password. Nobody is asked for one in the middle of a run."""


def client_context(network: Network) -> ssl.SSLContext:
    """Return how a target of this network is spoken to."""
    context = trusting(network)
    present_client(context, network)
    return context


def trusting(network: Network) -> ssl.SSLContext:
    """Return a context that trusts the named authorities and no others, or else the system's and certifi's.

    Raises OSError, of which `ssl.SSLError` is one, where a file cannot be read or holds no certificate.
    """
    if network.ca_file is not None or network.ca_folders is not None:
        context = ssl.create_default_context(cafile=network.ca_file, capath=network.ca_folders)
    else:
        context = ssl.create_default_context()
        # Where the system has none, as in a small container, or where Python does not find them, as on macOS.
        context.load_verify_locations(cafile=certifi.where())
    # From Python 3.13 on, certificates need extensions that those of private authorities often lack. Whom a
    # user trusts must not depend on the version of Python.
    context.verify_flags &= ~ssl.VERIFY_X509_STRICT
    return context


def bare() -> ssl.SSLContext:
    """Return a context that trusts nobody: to try a client's certificate with."""
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def present_client(context: ssl.SSLContext, network: Network) -> None:
    """Let a context show the client's certificate, if there is one.

    Raises `EncryptedKey`, and `ssl.SSLError` for a key that is not the certificate's.
    """
    if network.client_cert is not None:
        context.load_cert_chain(network.client_cert, network.client_key, password=_no_password)


def _no_password() -> str:
    raise EncryptedKey
