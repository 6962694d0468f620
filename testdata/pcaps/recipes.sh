# recipes.sh: what every recipe of this folder shares. A recipe sources it first:
#
#	. "$(dirname "$0")/recipes.sh"
#
# Sourcing starts the recipe again in namespaces of its own (network, processes,
# mounts, and users unless it runs as root), so that nothing else is captured,
# every port is free, and no peer outlives the recipe. In there the names
# www.example.test, wrong.example.test and peer.example.test are this machine.
#
# A recipe leaves NAME.pcapng and, where a peer can write one, NAME.keys beside
# itself. Nothing is installed; what is missing is named with its Debian package.

set -eu
ulimit -c 0 # a peer that crashes at its end leaves no core file beside the captures
here=$(cd "$(dirname "$0")" && pwd)
name=$(basename "$0" .recipe)

# need PROGRAM... - stops with the Debian package of a program that is not there.
need() {
	for program in "$@"; do
		command -v "$program" >/dev/null 2>&1 && continue
		case $program in
		unshare) package=util-linux ;;
		ip | ss) package=iproute2 ;;
		cc) package=gcc ;;
		editcap | mergecap) package=wireshark-common ;;
		gnutls-cli | gnutls-serv) package=gnutls-bin ;;
		selfserv | tstclnt | certutil | pk12util) package=libnss3-tools ;;
		java) package=default-jdk-headless ;;
		firefox-esr | chromium | nginx | haproxy | lighttpd | curl | openssl | tcpdump | tshark | ethtool | zstd) package=$program ;;
		stunnel) package=stunnel4 ;;
		gtlsserver) package=ngtcp2-server ;;
		gtlsclient) package=ngtcp2-client ;;
		node) package=nodejs ;;
		sshd) package=openssh-server ;;
		ssh) package=openssh-client ;;
		go) package='golang (see go.mod for the version)' ;;
		*) package=$program ;;
		esac
		echo "$name: needs $program, Debian package: $package" >&2
		exit 1
	done
}

need unshare ip ss ethtool tcpdump editcap tshark openssl

if [ -z "${RECIPE_TMP:-}" ]; then
	RECIPE_TMP=$(mktemp -d)
	export RECIPE_TMP
	trap 'rm -rf "$RECIPE_TMP"' EXIT
	trap 'exit 1' INT TERM
	if [ "$(id -u)" = 0 ]; then as=; else as=--map-root-user; export RECIPE_MAPPED=1; fi
	unshare $as --net --mount --pid --fork --kill-child --mount-proc sh "$0" "$@"
	exit
fi

tmp=$RECIPE_TMP
pki=$here/pki
keys=$tmp/keys
host=127.0.0.1
at_server= # a prefix that runs a command on the server's host, see two_hosts
at_client=
port=14433
limit='timeout -k 1 20'
capture_pid=

printf '127.0.0.1 localhost www.example.test wrong.example.test peer.example.test\n::1 ip6-localhost ip6.example.test\n' >"$tmp/hosts"
mount --bind "$tmp/hosts" /etc/hosts
ip link set lo up
# Segments of Ethernet's size, cut by TCP itself: flights span packets as they
# do on a real network.
link_real() {
	ip link set "$1" mtu "${2:-1500}"
	ethtool -K "$1" tso off gso off gro off >/dev/null 2>&1 || true
	ethtool -K "$1" tx-udp-segmentation off >/dev/null 2>&1 || true
}
link_real lo

# A page that a server gives for GET /hello, status line and headers included.
mkdir -p "$tmp/site"
printf 'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 18\r\n\r\nhello from tlslens' >"$tmp/site/hello"
printf 'hello from tlslens' >"$tmp/site/index.html"
printf 'GET /hello HTTP/1.0\r\n\r\n' >"$tmp/get"

# start_capture [FILTER [INTERFACE]] - captures whole packets until stop_capture.
# Within a user namespace tcpdump cannot change to its own user and gives up:
# there dumpcap does it.
start_capture() {
	if [ -z "${RECIPE_MAPPED:-}" ]; then
		set -- "tcpdump -Z root --immediate-mode -U" "${1:-tcp port $port}" "${2:-lo}" "listening on"
	else
		set -- "dumpcap -P -q -f" "${1:-tcp port $port}" "${2:-lo}" "^File:"
	fi
	: >"$tmp/capture.log"
	case $1 in
	tcpdump*) $1 -i $3 -s 65535 -B 16384 -w "$tmp/cap.pcap" "$2" 2>"$tmp/capture.log" & ;;
	*) $1 "$2" -B 16 -i $3 -w "$tmp/cap.pcap" 2>"$tmp/capture.log" & ;;
	esac
	capture_pid=$!
	until grep -q "$4" "$tmp/capture.log"; do
		kill -0 $capture_pid 2>/dev/null || { cat "$tmp/capture.log" >&2; exit 1; }
		sleep 0.05
	done
	sleep 0.2
}

# stop_capture - ends the capture and writes NAME.pcapng and NAME.keys.
stop_capture() {
	sleep 0.4
	kill -INT "$capture_pid"
	wait "$capture_pid" || true
	editcap -F pcapng "$tmp/cap.pcap" "$here/$name.pcapng"
	keep_keys
}

# derive FROM SUFFIX - sets $from to the capture FROM.pcapng beside this recipe,
# which this one is made out of without peers, and $file to NAME.SUFFIX, to be
# written; takes FROM's keys along.
derive() {
	from=$here/$1.pcapng
	file=$here/$name.$2
	[ -s "$from" ] || { echo "$name: run $1.recipe first" >&2; exit 1; }
	rm -f "$file" "$here/$name.keys"
	[ ! -s "$here/$1.keys" ] || cp "$here/$1.keys" "$here/$name.keys"
}

# keys_by_rsa LEAF - writes NAME.keys out of a capture with RSA key transport,
# with the private key of the server's certificate, where no peer writes a key log.
keys_by_rsa() {
	tshark -n -r "$here/$name.pcapng" -o "uat:rsa_keys:\"$pki/$1.key\",\"\"" \
		--export-tls-session-keys "$tmp/exported" >/dev/null 2>&1
	cp "$tmp/exported" "$keys"
	keep_keys
}

# keep_keys - writes NAME.keys, each line once, if a peer logged any.
keep_keys() {
	rm -f "$here/$name.keys"
	[ -s "$keys" ] || return 0
	grep -v '^#' "$keys" | awk 'NF == 3 && !seen[$0]++' >"$here/$name.keys"
}

# listening PORT - waits until somebody listens there.
listening() {
	tries=0
	until $at_server ss -Hltn "sport = :$1" | grep -q .; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { echo "$name: nobody listens on port $1" >&2; exit 1; }
		sleep 0.05
	done
}

# serve ARG... - an openssl s_server on $port that answers GET /hello; the
# certificate is $leaf (default www), sent with its chain.
serve() {
	leaf=${leaf:-www}
	awk '/BEGIN/ { n++ } n > 1' "$pki/$leaf.chain.pem" >"$tmp/issuers.pem"
	(cd "$tmp/site" && exec $at_server openssl s_server -accept "$host:$port" -HTTP \
		-cert "$pki/$leaf.pem" -key "$pki/$leaf.key" -cert_chain "$tmp/issuers.pem" \
		-keylogfile "$keys" "$@" >"$tmp/server.log" 2>&1) &
	server_pid=$!
	listening $port
}

# serve_without_certificate ARG... - the same with neither certificate nor key.
serve_without_certificate() {
	(cd "$tmp/site" && exec $at_server openssl s_server -accept "$host:$port" -HTTP -nocert \
		-keylogfile "$keys" "$@" >"$tmp/server.log" 2>&1) &
	server_pid=$!
	listening $port
}

# unserve - ends the server that serve, or a recipe itself, started.
unserve() {
	sleep 0.2
	kill "$server_pid" 2>/dev/null || true
	wait "$server_pid" 2>/dev/null || true
}

# ask ARG... - an openssl s_client that checks the server against the test root,
# asks GET /hello and waits for the server to close.
ask() {
	$limit $at_client openssl s_client -connect "$host:$port" -servername www.example.test \
		-CAfile "$pki/root.pem" -verify_return_error -quiet "$@" <"$tmp/get" >"$tmp/client.log" 2>&1 || true
}

# build_gopeer - builds the Go peer of peers/gopeer; before start_capture.
build_gopeer() {
	need go
	(cd "$here" && go build -o "$tmp/gopeer" ./peers/gopeer)
}

# go_server ARG... and go_client ARG... - its two sides, with the test PKI.
go_server() {
	leaf=${leaf:-www}
	"$tmp/gopeer" server -addr "$host:$port" -cert "$pki/$leaf.chain.pem" -key "$pki/$leaf.key" \
		-ca "$pki/root.pem" -keylog "$keys" "$@" >"$tmp/server.log" 2>&1 &
	server_pid=$!
	listening $port
}
go_client() {
	$limit "$tmp/gopeer" client -addr "$host:$port" -ca "$pki/root.pem" "$@" >"$tmp/client.log" 2>&1 || true
}

# ech_keys [NAME] - a key for Encrypted Client Hello whose public name is NAME,
# kept as NAME.ech.pem (RFC 9934): it opens the capture that it is used in. $ech
# is the file.
ech_keys() {
	ech=$here/$name.ech.pem
	"$tmp/gopeer" ech-keys -ech "$ech" -name "${1:-public.example.test}"
	chmod 644 "$ech"
}

# gnutls_server ARG... and gnutls_client ARG... - gnutls-serv as a small HTTP
# server, and gnutls-cli, which asks GET /hello; both with the test PKI.
gnutls_server() {
	need gnutls-serv
	leaf=${leaf:-www}
	SSLKEYLOGFILE=$keys gnutls-serv --http --quiet -p "$port" --disable-client-cert \
		--x509certfile "$pki/$leaf.chain.pem" --x509keyfile "$pki/$leaf.key" "$@" >"$tmp/server.log" 2>&1 &
	server_pid=$!
	listening $port
}
gnutls_client() {
	need gnutls-cli
	{ cat "$tmp/get"; sleep 0.5; } | $limit gnutls-cli -p "$port" --x509cafile "$pki/root.pem" \
		"$@" www.example.test >"$tmp/client.log" 2>&1 || true
}

# ngtcp2_server ARG... and ngtcp2_client OPTION... /PATH... - ngtcp2's example
# server of QUIC and HTTP/3, which gives /hello, and its client.
ngtcp2_server() {
	PATH=$PATH:/usr/sbin need gtlsserver
	leaf=${leaf:-www}
	datagrams=quic
	SSLKEYLOGFILE=$keys PATH=$PATH:/usr/sbin gtlsserver --htdocs="$tmp/site" --quiet "$@" \
		"$host" "$port" "$pki/$leaf.key" "$pki/$leaf.chain.pem" >"$tmp/server.log" 2>&1 &
	server_pid=$!
	tries=0
	until ss -Hlun "sport = :$port" | grep -q .; do
		tries=$((tries + 1))
		[ $tries -lt 200 ] || { echo "$name: nobody listens on port $port" >&2; exit 1; }
		sleep 0.05
	done
}
ngtcp2_client() {
	need gtlsclient
	options=
	uris=
	for arg in "$@"; do
		case $arg in
		/*) uris="$uris https://www.example.test:$port$arg" ;;
		*) options="$options $arg" ;;
		esac
	done
	# shellcheck disable=SC2086
	SSLKEYLOGFILE=$keys $limit gtlsclient --quiet --exit-on-all-streams-close $options \
		www.example.test "$port" $uris >"$tmp/client.log" 2>&1 || true
}

# nginx_server [DIRECTIVES] - nginx with TLS, HTTP/2 and /hello; $listen are the
# parameters of its listen directive.
nginx_server() {
	need nginx
	mkdir -p "$tmp/nginx"
	cat >"$tmp/nginx.conf" <<C
daemon off; user root; pid $tmp/nginx.pid; error_log $tmp/server.log; worker_processes 1;
events {}
http {
  access_log off;
  client_body_temp_path $tmp/nginx/b; proxy_temp_path $tmp/nginx/p; fastcgi_temp_path $tmp/nginx/f;
  uwsgi_temp_path $tmp/nginx/u; scgi_temp_path $tmp/nginx/s;
  server {
    listen $host:$port ${listen-ssl http2};
    ssl_certificate $pki/${leaf:-www}.chain.pem; ssl_certificate_key $pki/${leaf:-www}.key;
    ssl_protocols TLSv1.2 TLSv1.3;
    $*
    location / { return 200 "hello from tlslens"; }
  }
}
C
	nginx -p "$tmp" -c "$tmp/nginx.conf" 2>/dev/null &
	server_pid=$!
	listening $port
}

# lighttpd_wolfssl COMMANDS - lighttpd with wolfSSL that gives /hello; the commands
# are those of ssl.openssl.ssl-conf-cmd. wolfSSL writes no key log.
lighttpd_wolfssl() {
	PATH=$PATH:/usr/sbin need lighttpd
	chmod 755 "$tmp" "$tmp/site"
	cat >"$tmp/lighttpd.conf" <<C
server.modules = ( "mod_wolfssl" )
server.document-root = "$tmp/site"
server.bind = "$host"
server.port = $port
server.errorlog = "$tmp/server.log"
mimetype.assign = ( "" => "text/plain" )
ssl.engine = "enable"
ssl.pemfile = "$pki/${leaf:-www}.chain.pem"
ssl.privkey = "$pki/${leaf:-www}.key"
ssl.openssl.ssl-conf-cmd = ( $1 )
C
	PATH=$PATH:/usr/sbin lighttpd -D -f "$tmp/lighttpd.conf" >"$tmp/lighttpd.log" 2>&1 &
	server_pid=$!
	listening $port
}

# dovecot_server PROTOCOL - dovecot with STARTTLS and the user u, password p:
# imap, pop3 or sieve. It needs the users dovecot and dovenull.
dovecot_server() {
	need dovecot
	listener=$1
	[ "$1" != sieve ] || listener=managesieve
	cat >"$tmp/dovecot.conf" <<C
protocols = $1
listen = $host
base_dir = $tmp/dovecot
state_dir = $tmp/dovecot-state
log_path = $tmp/server.log
ssl = yes
ssl_cert = <$pki/www.chain.pem
ssl_key = <$pki/www.key
disable_plaintext_auth = ${plaintext-yes}
mail_location = maildir:$tmp/mail
mail_uid = 1000
mail_gid = 1000
first_valid_uid = 1000
passdb {
  driver = static
  args = password=p
}
userdb {
  driver = static
  args = uid=1000 gid=1000 home=$tmp/mail
}
service $listener-login {
  inet_listener $1 {
    port = $port
  }
}
C
	case $1 in imap | pop3) printf 'service %s-login {\n inet_listener %ss {\n port = 0\n }\n}\n' "$1" "$1" >>"$tmp/dovecot.conf" ;; esac
	chmod 755 "$tmp"
	mkdir -p "$tmp/mail"
	chown 1000:1000 "$tmp/mail"
	dovecot -F -c "$tmp/dovecot.conf" >"$tmp/dovecot.log" 2>&1 &
	server_pid=$!
	listening $port
}

# postfix_server [PARAMETER...] - postfix with STARTTLS that takes mail for
# example.test; the parameters are those of main.cf. It needs root.
postfix_server() {
	need postfix
	chmod 755 "$tmp"
	mkdir -p "$tmp/postfix" "$tmp/spool" "$tmp/data"
	chown postfix "$tmp/data"
	{
		cat <<C
compatibility_level = 3.6
queue_directory = $tmp/spool
data_directory = $tmp/data
myhostname = www.example.test
mydestination = example.test
mynetworks =
inet_interfaces = $host
inet_protocols = ipv4
alias_maps =
alias_database =
local_recipient_maps =
smtpd_relay_restrictions = permit_auth_destination, reject
smtpd_tls_security_level = may
smtpd_tls_chain_files = $pki/www.key, $pki/www.chain.pem
default_transport = discard
local_transport = discard
maillog_file = $tmp/server.log
maillog_file_prefixes = $tmp
C
		[ $# = 0 ] || printf '%s\n' "$@"
	} >"$tmp/postfix/main.cf"
	cat >"$tmp/postfix/master.cf" <<C
$host:$port inet n - n - - smtpd
pickup unix n - n 60 1 pickup
cleanup unix n - n - 0 cleanup
qmgr unix n - n 300 1 qmgr
tlsmgr unix - - n 1000? 1 tlsmgr
rewrite unix - - n - - trivial-rewrite
bounce unix - - n - 0 bounce
defer unix - - n - 0 bounce
trace unix - - n - 0 bounce
verify unix - - n - 1 verify
flush unix n - n 1000? 0 flush
proxymap unix - - n - - proxymap
error unix - - n - - error
retry unix - - n - - error
discard unix - - n - - discard
local unix - n n - - local
anvil unix - - n - 1 anvil
scache unix - - n - 1 scache
postlog unix-dgram n - n - 1 postlogd
C
	postfix -c "$tmp/postfix" start-fg >"$tmp/postfix.log" 2>&1 &
	server_pid=$!
	listening $port
}

# nss_database DIRECTORY - an NSS database that trusts the test root and holds
# the server's certificate and key under the name "leaf".
nss_database() {
	need certutil
	need pk12util
	leaf=${leaf:-www}
	mkdir -p "$1"
	certutil -N -d "sql:$1" --empty-password
	certutil -A -d "sql:$1" -n root -t C,, -i "$pki/root.pem"
	certutil -A -d "sql:$1" -n intermediate -t ,, -i "$pki/intermediate.pem"
	openssl pkcs12 -export -in "$pki/$leaf.pem" -inkey "$pki/$leaf.key" -name leaf -passout pass: -out "$tmp/leaf.p12"
	pk12util -i "$tmp/leaf.p12" -d "sql:$1" -W '' >/dev/null
}

# build_nsspeer and nss_peer FEATURE... - both ends of DTLS 1.3 (peers/nsspeer.c)
# with the NSS that Firefox brings, and the database that nss_database made in
# $tmp/nss.
build_nsspeer() {
	need cc firefox-esr
	firefox=/usr/lib/firefox-esr
	cc -o "$tmp/nsspeer" $(pkg-config --cflags nss) "$here/peers/nsspeer.c" \
		"$firefox/libssl3.so" "$firefox/libnss3.so" "$firefox/libnssutil3.so" -lnspr4 -Wl,--disable-new-dtags,-rpath,"$firefox"
}
nss_peer() {
	SSLKEYLOGFILE=$keys $limit "$tmp/nsspeer" "sql:$tmp/nss" "$port" "$@" >"$tmp/client.log" 2>&1 || { cat "$tmp/client.log" >&2; exit 1; }
}

# build_wolfpeer and wolf_peer tcp|udp FEATURE... - both ends with wolfSSL
# (peers/wolfpeer.c), the certificate being $chain and $key if they are set. $WOLFSSL
# is where peers/wolfssl.sh has put it.
build_wolfpeer() {
	need cc
	[ -s "${WOLFSSL:-}/lib/libwolfssl.a" ] || { echo "$name: set WOLFSSL to a folder that peers/wolfssl.sh filled" >&2; exit 1; }
	cc -O1 -I "$WOLFSSL/include" -o "$tmp/wolfpeer" "$here/peers/wolfpeer.c" "$WOLFSSL/lib/libwolfssl.a" -lm -lpthread
}
wolf_peer() {
	over=$1
	shift
	# It also writes a key log of its own where it stands.
	(cd "$tmp" && $limit ./wolfpeer "$over" "$port" "${chain:-$pki/${leaf:-www-ecdsa}.chain.pem}" "${key:-$pki/${leaf:-www-ecdsa}.key}" \
		"$pki/root.pem" "$keys" "$@" >"$tmp/client.log" 2>&1) || { cat "$tmp/client.log" >&2; exit 1; }
}

# build_datagram_peers - builds the peers of peers/datagrams, Go programs in a
# module of their own: dtlspeer and quicpeer; before start_capture.
build_datagram_peers() {
	need go
	(cd "$here/peers/datagrams" && go build -o "$tmp/" ./...)
}

# quic_server OPTION... and quic_client OPTION... - the two sides of quicpeer.
quic_server() {
	datagrams=quic
	$at_server "$tmp/quicpeer" server -addr "$host:$port" -cert "$pki/${leaf:-www}.chain.pem" -key "$pki/${leaf:-www}.key" \
		-keylog "$keys" "$@" >"$tmp/server.log" 2>&1 &
	server_pid=$!
	sleep 0.5
}
quic_client() {
	$limit $at_client "$tmp/quicpeer" client -addr "$host:$port" -ca "$pki/root.pem" "$@" >"$tmp/client.log" 2>&1 || { cat "$tmp/client.log" "$tmp/server.log" >&2; exit 1; }
}

# webrtc - a page ($tmp/page.html) with both ends of WebRTC, which say hello over a
# data channel, and an interface, for WebRTC offers no address of the loopback one.
webrtc() {
	ip link add out0 type veth peer name out1
	ip address add 192.0.2.1/24 dev out0
	ip link set out0 up
	ip link set out1 up
	ip route add default via 192.0.2.2
	cat >"$tmp/page.html" <<'H'
<script>
const a = new RTCPeerConnection(), b = new RTCPeerConnection();
a.onicecandidate = e => e.candidate && b.addIceCandidate(e.candidate);
b.onicecandidate = e => e.candidate && a.addIceCandidate(e.candidate);
const channel = a.createDataChannel("tlslens");
channel.onopen = () => channel.send("hello from the caller");
b.ondatachannel = e => { e.channel.onmessage = () => e.channel.send("hello from the callee"); };
channel.onmessage = () => { a.close(); b.close(); };
(async () => {
	await a.setLocalDescription();
	await b.setRemoteDescription(a.localDescription);
	await b.setLocalDescription();
	await a.setRemoteDescription(b.localDescription);
})();
</script>
H
}

# firefox_webrtc [PREFERENCE...] - the page in Firefox, which writes a key log.
firefox_webrtc() {
	need firefox-esr
	mkdir "$tmp/profile"
	cat >"$tmp/profile/user.js" <<'P'
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("app.update.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("browser.aboutwelcome.enabled", false);
user_pref("termsofuse.bypassNotification", true);
user_pref("network.manage-offline-status", false);
user_pref("media.peerconnection.ice.loopback", true);
user_pref("media.peerconnection.ice.obfuscate_host_addresses", false);
user_pref("media.peerconnection.ice.tcp", false);
P
	[ $# = 0 ] || printf '%s\n' "$@" >>"$tmp/profile/user.js"
	HOME=$tmp SSLKEYLOGFILE=$keys timeout -k 1 60 firefox-esr --headless --no-remote --profile "$tmp/profile" "file://$tmp/page.html" >"$tmp/client.log" 2>&1 &
	server_pid=$!
	tries=0
	until grep -q "SERVER_TRAFFIC_SECRET_0\\|CLIENT_RANDOM" "$keys" 2>/dev/null || [ $tries -ge 200 ]; do
		tries=$((tries + 1))
		sleep 0.2
	done
	sleep 2
	unserve
}

# two_hosts - a client's host (interface c0, 192.0.2.1) and a server's (s0,
# 192.0.2.2), each in a network namespace of its own; the other ends of their
# cables, c1 and s1, are here, and wire joins them. serve and ask run there.
two_hosts() {
	need nsenter
	need go
	(cd "$here" && go build -o "$tmp/wire" ./peers/wire)
	for side in c s; do
		unshare --net sleep 600 &
		eval "${side}_host=$!"
	done
	sleep 0.2
	for side in c s; do
		eval "pid=\$${side}_host"
		ip link add ${side}0 type veth peer name ${side}1
		ip link set ${side}0 netns "$pid"
		if [ $side = c ]; then address=192.0.2.1/24; else address=192.0.2.2/24; fi
		at="nsenter --net --target $pid"
		sysctl -qw net.ipv6.conf.${side}1.disable_ipv6=1 2>/dev/null || true
		$at sysctl -qw net.ipv6.conf.${side}0.disable_ipv6=1 2>/dev/null || true
		$at ip address add $address dev ${side}0
		$at ip link set ${side}0 up
		$at ethtool -K ${side}0 tx off tso off gso off gro off >/dev/null 2>&1 || true
		ip link set ${side}1 up
	done
	host=192.0.2.2
	at_client="nsenter --net --target $c_host"
	at_server="nsenter --net --target $s_host"
}

# wire ARG... - a cable from a to b that may lose, reorder and wrap, see peers/wire.
wire() {
	"$tmp/wire" "$@" 2>"$tmp/wire.log" &
	wire_pid=$!
	sleep 0.3
}

# wrapped RULE... - one TLS conversation for each rule of peers/wire (PORT=LAYERS)
# between two_hosts, in a capture that peers/wire writes with the layers put
# around the packets. Ports from 16401 on talk IPv6, between $client6 and
# $server6. Sets $port to the range of all, and expects a request in each and
# every checksum to be right.
wrapped() {
	conversations=$#
	for at in "$at_client" "$at_server"; do
		if [ "$at" = "$at_client" ]; then side=c0; address=$client6; else side=s0; address=$server6; fi
		$at ip link set $side mtu 1400 # leaves room for the wrappers
		$at sysctl -qw net.ipv6.conf.$side.disable_ipv6=0
		$at ip -6 address add "$address" dev $side nodad
		$at ip -6 route add 2001::/16 dev $side
	done
	rules=
	for rule in "$@"; do
		rules="$rules ${rule%%=*}"
		set -- "$@" -wrap "$rule"
		shift
	done
	wire -a c1 -b s1 -write "$here/$name.pcapng" "$@"
	for port in $rules; do
		host=192.0.2.2
		[ "$port" -lt 16401 ] || host="[${server6%/*}]"
		${converse-converse_tls}
	done
	sleep 0.2
	kill "$wire_pid"
	keep_keys
	port=14401-16499
	for layer in ip tcp udp wlan; do tshark_options="${tshark_options-} -o $layer.check_checksum:TRUE"; done
	if [ -z "${converse-}" ]; then
		expect $conversations 'tls.handshake.type == 1'
		expect $conversations 'http.request'
	fi
	expect 0 'ip.checksum.status == 0 || tcp.checksum.status == 0 || udp.checksum.status == 0 || wlan.fcs.status == 0'
	expect 0 '_ws.malformed'
}
# converse_tls, converse_quic, converse_dtls - one conversation on $port; set
# $converse to the one that wrapped is to have.
converse_tls() {
	serve -num_tickets 1
	ask
	unserve
}
converse_quic() {
	quic_server
	quic_client
	unserve
}
converse_dtls() {
	{ sleep 1.2; echo 'hello from tlslens'; sleep 2; } | $at_server openssl s_server -accept "$host:$port" -dtls1_2 -mtu 1200 -cert "$pki/www-rsa.pem" \
		-key "$pki/www-rsa.key" -cert_chain "$pki/intermediate.pem" -keylogfile "$keys" >"$tmp/server.log" 2>&1 &
	server_pid=$!
	sleep 0.3
	{ sleep 0.5; echo 'hello from the client'; sleep 1; echo Q; } | $limit $at_client openssl s_client -connect "$host:$port" -dtls1_2 -mtu 1200 -servername www.example.test \
		-CAfile "$pki/root.pem" >"$tmp/client.log" 2>&1 || true
	unserve
}
client6=2001:db8:1::1/64
server6=2001:db8:1::2/64

# read_capture ARG... - tshark over the capture with its keys and $tshark_options;
# $datagrams is what UDP carries, dtls or quic.
read_capture() {
	with=
	[ -s "$here/$name.keys" ] && with="-o tls.keylog_file:$here/$name.keys"
	# shellcheck disable=SC2086
	tshark -n -o tcp.reassemble_out_of_order:TRUE -r "${file:-$here/$name.pcapng}" -d "tcp.port==$port,tls" -d "udp.port==$port,${datagrams-dtls}" $with ${tshark_options-} "$@" 2>/dev/null
}

# expect N FILTER - the capture must hold N packets (N+: at least N) that match.
expect() {
	got=$(read_capture -Y "$2" | wc -l)
	case $1 in
	*+) [ "$got" -ge "${1%+}" ] && return ;;
	*) [ "$got" -eq "$1" ] && return ;;
	esac
	echo "$name: $got packets with $2, want $1" >&2
	failed=1
}

# done_recipe - says what was made; fails if an expect did.
done_recipe() {
	[ -z "${failed:-}" ] || { echo '-- client'; tail -5 "$tmp/client.log"; echo '-- server'; tail -5 "$tmp/server.log"; read_capture -Y tls; } >&2
	echo "$name: $(read_capture | wc -l) packets, $(wc -c <"${file:-$here/$name.pcapng}") bytes"
	[ -z "${failed:-}" ]
}
