"""What may be asked: cases made offline, deterministic, before anything is sent."""
