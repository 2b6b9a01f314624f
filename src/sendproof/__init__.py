"""Contract testing and API conformance for APIs that send SMS."""

__version__ = "0.1.0"
