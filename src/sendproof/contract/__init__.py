"""Contracts: schemas and clauses as data, loaded once."""
