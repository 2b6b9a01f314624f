"""The proof that the gate can fail: every fault and variant of the mocks against the suites."""
