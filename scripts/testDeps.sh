#!/usr/bin/env bash
# Installs what the network tests use: namespaces, a firewall, real daemons. Debian or Ubuntu, as root; elsewhere it says
# what is missing, and the tests that need it skip with that reason.
set -u
declare -A packages=(
  [ip]=iproute2 [ss]=iproute2 [nft]=nftables [ip6tables]=iptables [dnsmasq]=dnsmasq-base [chronyd]=chrony [python3]=python3 [tshark]=tshark [setpriv]=util-linux
)
missing=()
for command in "${!packages[@]}"; do
  PATH="$PATH:/usr/sbin:/sbin" command -v "$command" >/dev/null 2>&1 || missing+=("${packages[$command]}")
done
[ ${#missing[@]} -eq 0 ] && exit 0
if [ "$(id -u)" -ne 0 ] || ! command -v apt-get >/dev/null 2>&1; then
  echo "test dependencies: not installed, some tests will skip: ${missing[*]}"
  exit 0
fi
echo "test dependencies: installing ${missing[*]}"
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq && apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
