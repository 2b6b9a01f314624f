#!/usr/bin/env bash
# Install the wheel in a fresh environment and judge both mocks from a folder without a checkout.
set -euo pipefail
work=$1
rm -rf "$work/fresh" "$work/elsewhere"
python -m venv "$work/fresh"
"$work/fresh/bin/pip" install --quiet "$work"/dist/sendproof-*.whl
mkdir "$work/elsewhere"
cd "$work/elsewhere"
"$work/fresh/bin/sendproof" run
"$work/fresh/bin/sendproof" init textflow > my.toml
test -s reports/textflow/results.json
test -s reports/textingline/report.html
