"""Write the JSON Schemas made of types into the package: `PYTHONPATH=docs python -m sendproof_docs.schemas`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from sendproof.contract.model import load_provider, provider_names
from sendproof.folders import schemas_dir
from sendproof.runs import waivers
from sendproof.target import profile_schema

PUBLISHED = {
    waivers.SCHEMA_FILE: waivers.waivers_schema(),
    profile_schema.SCHEMA_FILE: profile_schema.profile_schema(*map(load_provider, provider_names(schemas_dir()))),
}
"""The schemas by the files that hold them."""


def text_of(schema: Mapping[str, Any]) -> str:
    """Return a schema as its file holds it."""
    return json.dumps(schema, indent=2) + "\n"


if __name__ == "__main__":
    for file, schema in PUBLISHED.items():
        file.write_text(text_of(schema), "utf-8")
