# relay.py FRONT CLIENT BACK SERVER RULE... - between a client and a server of
# datagrams on the loopback interface: the client talks to port FRONT, the server
# to port BACK. Datagrams are counted from 1, up from the client and down from the
# server; a rule says what happens to one: up:4:lose, down:2:swap (it changes
# places with the next one), down:3:twice, up:2:slow (50 ms later). A CLIENT of 0 is
# the port that the first datagram comes from.
import select, socket, sys, time
front, client, back, server = map(int, sys.argv[1:5])
rules = {(w, int(n)): what for w, n, what in (r.split(":") for r in sys.argv[5:])}
ends = {}
for way, mine, other in ("up", front, client), ("down", back, server):
    s = ends[way] = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    s.bind(("127.0.0.1", mine))
    if other:
        s.connect(("127.0.0.1", other))
out = {"up": ends["down"], "down": ends["up"]}
n, held = {"up": 0, "down": 0}, {}
while True:
    ready, _, _ = select.select(list(ends.values()), [], [], 0.05)
    for way, s in ends.items():
        if s not in ready:
            if not ready and way in held:
                out[way].send(held.pop(way))
            continue
        try:
            b, who = s.recvfrom(65535)
            if way == "up" and not n[way] and not client:
                s.connect(who)
        except ConnectionRefusedError:
            continue
        n[way] += 1
        what = rules.get((way, n[way]))
        if what == "lose":
            continue
        if what == "slow":
            time.sleep(0.05)
        if what == "swap":
            held[way] = b
            continue
        try:
            for _ in range(2 if what == "twice" else 1):
                out[way].send(b)
            if way in held:
                out[way].send(held.pop(way))
        except ConnectionRefusedError:
            pass
