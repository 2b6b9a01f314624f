"""Servers of both APIs, each written from the documents alone, in ways of its own."""
