"""The site: `sphinx-build -W -b html docs OUT`. What is made from the code is in `sendproof_docs`."""

from __future__ import annotations

import sys
from pathlib import Path

import sendproof

sys.path.insert(0, str(Path(__file__).parent))

project = "sendproof"
release = version = sendproof.__version__
extensions = ["myst_parser", "sendproof_docs.directive"]
source_suffix = {".md": "markdown"}
language = "en"

myst_enable_extensions = ["attrs_block"]
myst_heading_anchors = 3
myst_heading_slug_func = "sendproof_docs.directive.slug"
smartquotes = False

html_theme = "furo"
html_title = "sendproof"
html_static_path = ["static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_show_copyright = False
html_theme_options = {"navigation_with_keys": True, "top_of_page_buttons": []}
pygments_style = "default"
