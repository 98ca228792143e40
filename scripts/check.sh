#!/usr/bin/env bash
# What CI checks besides the tests:  scripts/check.sh lint | types | unused | native | all
set -eu
cd "$(dirname "$0")/.."
lint() { npx --no-install biome ci --error-on-warnings .; }
types() { npx --no-install tsc --noEmit -p tsconfig.json; }
unused() { npx --no-install knip; }
native() { bash scripts/sanitize.sh; }
for verb in "${@:-all}"; do
  case "$verb" in
    lint | types | unused | native) echo "== $verb"; "$verb" ;;
    all) for each in lint types unused native; do echo "== $each"; "$each"; done ;;
    *) echo "check: unknown verb '$verb': lint, types, unused, native or all" >&2; exit 2 ;;
  esac
done
