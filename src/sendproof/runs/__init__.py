"""Running: options to a target, a target to evidence, evidence to a run."""
