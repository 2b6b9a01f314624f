"""The only place from which requests leave: profile, budget, pacing, allow-list, redaction."""
