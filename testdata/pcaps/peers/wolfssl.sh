#!/bin/sh
# wolfssl.sh PREFIX - builds the wolfSSL that peers/wolfpeer.c needs, out of the
# source package of Debian sid, and installs it as a static library in PREFIX. It
# takes some minutes, the network, autoconf, automake, gcc, libtool and make; no
# source list of the machine changes.
set -eu
prefix=$(mkdir -p "$1" && cd "$1" && pwd)
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
cd "$tmp"
mkdir -p lists/partial cache
site=$(apt-get indextargets --format '$(SITE)' | grep -m 1 '/debian$') # the mirror that the machine uses
echo "deb-src [signed-by=/usr/share/keyrings/debian-archive-keyring.gpg] $site sid main" >sources.list
apt() { apt-get -q -o Dir::Etc::sourcelist="$tmp/sources.list" -o Dir::Etc::sourceparts=- -o Dir::State::lists="$tmp/lists" -o Dir::Cache="$tmp/cache" "$@"; }
apt update
apt source --download-only wolfssl || true # of the package only what wolfSSL itself published is needed
tar xf wolfssl_*.orig.tar.gz
cd wolfssl-*/
./autogen.sh
./configure --quiet --prefix="$prefix" --enable-static --disable-shared --disable-crypttests --disable-examples \
	--enable-opensslextra --enable-keylog-export --enable-dtls --enable-dtls13 --enable-dtlscid --enable-dtls-frag-ch \
	--enable-ech --enable-hrrcookie --enable-rpk --enable-psk --enable-postauth --enable-ed25519 --enable-ed448 \
	--enable-curve25519 --enable-curve448 --enable-mlkem --enable-session-ticket --enable-earlydata --enable-alpn \
	--enable-sni --enable-aesccm --enable-maxfragment
make >/dev/null
make install >/dev/null
