"""What runs write: results, summaries, the terminal, the page."""
