#!/bin/sh
# A CI step: DNS and SSH must be open, NTP must be refused by the host itself, telnet must not be open.
#
#   examples/checkServices.sh HOST [further options of `pu-probe scan`]
#   examples/checkServices.sh 10.90.2.10 --wire 'sim:examples/twoRouters.json#errqueue'
#
# PU_PROBE names another command than the one of this checkout.
set -u
[ $# -ge 1 ] || { echo "usage: $0 HOST [options]" >&2; exit 2; }
pu_probe=${PU_PROBE:-"node $(dirname "$0")/../bin/pu-probe.cjs"}

# Unquoted on purpose: the command is several words.
$pu_probe scan -p U:53,123,T:22,23 \
  --expect 53/udp=open \
  --expect 22/tcp=open \
  --expect 123/udp=closed \
  --expect '23/tcp=closed|filtered' \
  "$@"
status=$?

case $status in
  0) echo 'network check: as expected' ;;
  1) echo 'network check: FAILED, see the lines that begin with "pu-probe: --expect"' ;;
  3) echo 'network check: UNDECIDED: something could not be checked from here; this is no pass' ;;
  *) echo "network check: did not run (exit $status)" ;;
esac
exit $status
