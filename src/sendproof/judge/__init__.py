"""The judge: pure functions from exchanges to findings to verdicts."""
