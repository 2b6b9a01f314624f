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
"$work/fresh/bin/sendproof" compare reports/textflow reports/textflow --format json > comparison.json
"$work/fresh/bin/sendproof" matrix reports/textflow reports/textingline -o vendors.html -o vendors.md
test -s comparison.json && test -s vendors.html && test -s reports/textflow/sendproof.sarif
