#!/usr/bin/env python3
"""Makes the *.wire files: conversations of OpenSSL and GnuTLS as they
went over the wire ("c HEX", "s HEX" in order), with their key log lines
("k LINE"). Run in this folder; needs openssl 3,
gnutls-bin and ../../../testdata/pcaps/pki."""
import itertools, os, socket, subprocess, sys, tempfile, threading, time

PKI = "../../../testdata/pcaps/pki/"
CERT = ["-cert", PKI + "www-rsa.pem", "-key", PKI + "www-rsa.key"]
PSK = ["-psk", "6578616d706c652d746573742d6b6579", "-psk_identity", "client@example.test"]
KE = ["-allow_no_dhe_kex"]
CASES = {
    "tls13-ccm": (CERT, ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"]),
    "tls13-ccm8": (CERT, ["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_8_SHA256"]),
    "tls13-padded": (CERT + ["-record_padding", "512"], ["-tls1_3"]),
    "tls12-ccm": (CERT, ["-tls1_2", "-cipher", "DHE-RSA-AES256-CCM"]),
    "tls12-camellia": (CERT, ["-tls1_2", "-cipher", "ECDHE-RSA-CAMELLIA128-SHA256"]),
    "tls12-aria": (CERT, ["-tls1_2", "-cipher", "ECDHE-ARIA128-GCM-SHA256"]),
    "tls12-rsa-psk": (CERT + PSK, ["-tls1_2", "-cipher", "RSA-PSK-AES256-GCM-SHA384"] + PSK),
    "tls12-dhe-psk": (CERT + PSK, ["-tls1_2", "-cipher", "DHE-PSK-AES128-CBC-SHA256:@SECLEVEL=0"] + PSK),
    "tls11-cbc": (CERT, ["-tls1_1", "-cipher", "AES256-SHA:@SECLEVEL=0"]),
    "tls10-cbc": (CERT, ["-tls1", "-cipher", "AES128-SHA:@SECLEVEL=0"]),
}

ports = itertools.count(40443)

def openssl(server, client):
    low = ["-cipher", "ALL:@SECLEVEL=0"]
    if "-tls1_3" in client:
        low = client[client.index("-ciphersuites"):][:2] if "-ciphersuites" in client else []
    return (["openssl", "s_server", "-accept", "PORT", "-quiet", "-rev"] + server + low,
            ["openssl", "s_client", "-connect", "127.0.0.1:VIA", "-keylogfile", "LOG", "-quiet", "-no_ign_eof"] + client)

def gnutls(priority, *client):
    """gnutls-cli connects, and connects again with the ticket it got."""
    with open("/tmp/psk.txt", "w") as f:
        f.write("client@example.test:6578616d706c652d746573742d6b6579\n")
    return (["gnutls-serv", "-p", "PORT", "--echo", "-q", "--pskpasswd", "/tmp/psk.txt", "--x509certfile", PKI + "www-rsa.pem", "--x509keyfile", PKI + "www-rsa.key", "--priority", priority],
            ["gnutls-cli", "127.0.0.1", "-p", "VIA", "--no-ca-verification", "--priority", priority, *client])

GNUTLS = {
    "tls13-psk-ke": (gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.3:-KX-ALL:+PSK", "--pskusername", "client@example.test", "--pskkey", "6578616d706c652d746573742d6b6579", "--resume"), 2),
    "tls12-no-ems": (gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.2:-KX-ALL:+RSA:%NO_SESSION_HASH", "--resume"), 2),
    "tls10-no-etm": (gnutls("NORMAL:-VERS-ALL:+VERS-TLS1.0:-KX-ALL:+RSA:-CIPHER-ALL:+3DES-CBC:%NO_ETM"), 1),
}

def run(name, server, client, conns=1):
    tmp = tempfile.mkdtemp()
    log, port, via = tmp + "/log", next(ports), next(ports)
    env = dict(os.environ, SSLKEYLOGFILE=log)
    fill = lambda cmd: [a.replace("PORT", str(port)).replace("VIA", str(via)).replace("LOG", log) for a in cmd]
    s = subprocess.Popen(fill(server), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    events, listener = [], socket.create_server(("127.0.0.1", via))
    def pump(a, b, tag):
        while True:
            d = a.recv(65536)
            if not d:
                try: b.shutdown(socket.SHUT_WR)
                except OSError: pass
                return
            events.append((tag, d))
            b.sendall(d)
    def accept():
        for _ in range(conns):
            a, _ = listener.accept()
            b = socket.create_connection(("127.0.0.1", port))
            events.append(("n", b""))
            for args in ((a, b, "c"), (b, a, "s")):
                threading.Thread(target=pump, args=args, daemon=True).start()
    threading.Thread(target=accept, daemon=True).start()
    c = subprocess.Popen(fill(client), env=env, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(0.4)
    try:
        c.stdin.write(b"what did the client say?\n"); c.stdin.flush()
        time.sleep(1.2 if conns > 1 else 0.4)
        c.stdin.close()
    except BrokenPipeError:
        print(name, "failed")
    c.wait(5)
    time.sleep(0.2)
    s.kill(); s.wait(); listener.close()
    with open(name + ".wire", "w") as f:
        for tag, d in events:
            f.write(tag + (" " + d.hex() if d else "") + "\n")
        for line in open(log) if os.path.exists(log) else []:
            if not line.startswith("#"):
                f.write("k " + line)
    print(name, len(events))

cases = {name: (openssl(*c), 1) for name, c in CASES.items()} | GNUTLS
for name, (cmds, conns) in cases.items():
    if len(sys.argv) < 2 or name in sys.argv[1:]:
        run(name, *cmds, conns)
