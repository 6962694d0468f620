#!/bin/sh
# wpa.sh PREFIX - builds hostapd and eapol_test with EAP-FAST and TEAP out of the
# source package of Debian bookworm and puts them into PREFIX. It takes some
# minutes, the network, dpkg-dev, gcc, make and libssl-dev; no source list of the
# machine changes.
set -eu
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
mkdir -p lists/partial cache
site=$(apt-get indextargets --format '$(SITE)' | grep -m 1 '/debian$') # the mirror that the machine uses
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site bookworm main" >sources.list
apt() { apt-get -q -o Dir::Etc::sourcelist="$tmp/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$tmp/lists" -o Dir::Cache="$tmp/cache" "$@"; }
apt update
apt source --download-only wpa
tar xf wpa_*.orig.tar.xz
cd wpa-*/
common='CONFIG_EAP_MSCHAPV2=y CONFIG_EAP_TLS=y CONFIG_EAP_GTC=y CONFIG_EAP_FAST=y CONFIG_EAP_TEAP=y CONFIG_TLS=openssl'
for line in $common CONFIG_DRIVER_NONE=y CONFIG_EAP=y CONFIG_RADIUS_SERVER=y; do echo "$line"; done >hostapd/.config
for line in $common CONFIG_DRIVER_WIRED=y CONFIG_IEEE8021X_EAPOL=y CONFIG_BACKEND=file; do echo "$line"; done >wpa_supplicant/.config
make -C hostapd hostapd
make -C wpa_supplicant eapol_test
cp hostapd/hostapd wpa_supplicant/eapol_test "$prefix"
