#!/usr/bin/env bash
# All tests: installs what they need, builds what they run, and ends with one line of counts.
#   scripts/test.sh [vitest arguments]
set -eu
cd "$(dirname "$0")/.."
bash scripts/testDeps.sh
node scripts/build.mjs
results=$(mktemp)
trap 'rm -f "$results"' EXIT
status=0
npx --no-install vitest run --reporter=default --reporter=json --outputFile.json="$results" "$@" || status=$?
node -e '
const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(require("fs").readFileSync(process.argv[1], "utf8"));
console.log(`tests: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped`);
' "$results"
exit "$status"
