"""The parts of the site that are made from the code and the catalogues, as Markdown."""
