#!/usr/bin/env bash
# Builds the addon with AddressSanitizer and UndefinedBehaviorSanitizer and runs its tests against that build; fails on a
# finding. The processes that the tests start inherit the sanitizer.
#   scripts/sanitize.sh [vitest arguments]      default: the tests of the addon and of the wire on it
set -euo pipefail
cd "$(dirname "$0")/.."

cc=${CC:-cc}
if ! command -v "${cc%% *}" >/dev/null; then
  echo "sanitize: no C compiler, nothing checked" >&2
  exit 1
fi
out=$PWD/build/sanitize
mkdir -p "$out"
# Some of the tested processes run as nobody and must be able to report.
chmod 1777 "$out"
node scripts/buildNative.mjs --strict --out "$out/pu_probe.node" -- \
  -g -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=all

runtime=$($cc -print-file-name=libasan.so)
ubsan=$($cc -print-file-name=libubsan.so)
log=$out/finding
rm -f "$log".*

# Leaks are not looked for: Node frees little of its own at exit, and every process of the run would report it.
export ASAN_OPTIONS=detect_leaks=0:abort_on_error=0:exitcode=99:log_path=$log
export UBSAN_OPTIONS=print_stacktrace=1:log_path=$log
export PU_PROBE_NATIVE=$out/pu_probe.node
export LD_PRELOAD="$runtime $ubsan"

[ $# -gt 0 ] || set -- test/wire/native.test.ts test/wire/errqueue.test.ts test/wire/errqueueNetns.test.ts \
  test/wire/errqueueOwnSide.test.ts test/wire/nativePacket.test.ts
status=0
node node_modules/vitest/vitest.mjs run "$@" || status=$?
unset LD_PRELOAD

if compgen -G "$log.*" >/dev/null; then
  cat "$log".* >&2
  echo 'sanitize: findings above' >&2
  exit 1
fi
exit "$status"
