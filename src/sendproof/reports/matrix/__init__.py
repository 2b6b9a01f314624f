"""Vendors side by side: what each promises, keeps and does, concept by concept."""
