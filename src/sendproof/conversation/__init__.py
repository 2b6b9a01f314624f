"""Asking a target: preflight, cases, scenarios, in one conversation."""
