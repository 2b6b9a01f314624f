"""What changed between two saved runs of one provider."""
