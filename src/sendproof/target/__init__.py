"""The one door through which requests leave: profile, budget, pacing, allow-list, redaction."""
