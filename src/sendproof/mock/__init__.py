"""Stand-ins for the two services, read from the vendors' documents alone."""
