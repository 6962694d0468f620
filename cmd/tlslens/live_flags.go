package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/live"
)

// liveSettings are the values of the flags that only live has.
type liveSettings struct {
	interfaces []string
	filter     string
	snapLen    int // 0: as much as there is
	noPromisc  bool
	buffer     int // bytes; 0: not given
	fanout     int // sources that share the packets; 0: not given
	duration   time.Duration
	write      string
	ring       live.RingFiles
	handshakes bool
	noSandbox  bool
}

// mostFanout bounds how many sources share packets: older kernels take no more.
const mostFanout = 256

func liveFlags() []*flagDef {
	return []*flagDef{
		{name: "interface", short: "i", arg: "NAME", group: groupInput, repeat: true, doc: "interface to watch; any for all",
			more: "tlslens interfaces lists them. Default is the first that is up, has an address and is not the loopback interface.",
			set:  func(s *settings, v string) error { s.live.interfaces = append(s.live.interfaces, v); return nil }},
		{name: "filter", short: "f", arg: "EXPR", group: groupInput, doc: "packet filter in tcpdump's language",
			more: "It may also stand behind the flags, as with tcpdump. The kernel runs it. What our own compiler does not know an installed tcpdump compiles.",
			set:  func(s *settings, v string) error { s.live.filter = v; return nil }},
		{name: "count", short: "c", arg: "N", group: groupInput, doc: "stop after N packets",
			more: "What is open then is shown as far as it got.", set: number(1, func(s *settings, n uint64) { s.packets = n })},
		{name: "duration", short: "a", arg: "TIME", group: groupInput, doc: "stop after a time such as 30s",
			more: "A number alone is seconds; duration:30 is understood too.", set: setDuration},
		{name: "snaplen", short: "s", arg: "N", group: groupInput, doc: "bytes to keep of each packet; default all",
			more: "What is cut off is missing from handshakes: it is counted and told.", set: setSnapLen},
		{name: "no-promisc", short: "p", group: groupInput, doc: "leave the interface out of promiscuous mode",
			set: flag(func(s *settings, on bool) { s.live.noPromisc = on })},
		{name: "buffer", short: "B", arg: "SIZE", group: groupInput, doc: "buffer for each interface; default 64MiB",
			more: "It holds packets while the program has no time for them; when it is full, the kernel drops some, which is told. A number alone is MiB.", set: setBuffer},
		{name: "fanout", arg: "N", group: groupInput, doc: "read on N cores; default 1",
			more: "On Linux. It helps where connections begin faster than one core can follow them, which is told as \"overload\"; signatures are checked on all cores in any case. The kernel spreads packets by both IP addresses, so all that two hosts say to each other is read together. The buffer is divided. In a file of --write, packets may stand before earlier ones (reordercap mends that), and the order of lines and numbers may differ from that of the file.",
			set: func(s *settings, v string) error {
				n, err := parseCount(v, 1)
				if err == nil && n > mostFanout {
					err = fmt.Errorf("the most is %d", mostFanout)
				}
				s.live.fanout = int(n)
				return err
			}},
		{name: "no-sandbox", group: groupInput, doc: "keep all privileges while packets are read",
			more: "Without it, once interfaces and files are open, the process becomes the user who called sudo, or nobody, gives up all capabilities, and lets the kernel keep it from opening files, making connections and starting programs.",
			set:  flag(func(s *settings, on bool) { s.live.noSandbox = on })},
	}
}

func saveFlags() []*flagDef {
	return []*flagDef{
		{name: "write", short: "w", arg: "FILE", group: groupOutput, complete: "file", doc: "save the packets as pcapng; - is standard output",
			more: "The file is for its owner only. It has the names of the interfaces, the filter, and at its end what was lost. With - and without --output there is no report.",
			set: func(s *settings, v string) error {
				if v == "" {
					return errors.New("the name of the file is empty")
				}
				s.live.write = v
				return nil
			}},
		{name: "write-handshakes", group: groupOutput, doc: "with --write, leave the tunnels out",
			more: "Of each connection, what comes before its tunnel is saved, from the SYN on; later only what brings a FIN, a RST, or an alert that begins a packet. Other traffic is left out, unless it cannot be told from a connection within 3 seconds, as one that nobody answers. IP fragments are saved.",
			set:  flag(func(s *settings, on bool) { s.live.handshakes = on })},
		{name: "ring", short: "b", arg: "LIMIT:N", group: groupOutput, repeat: true, doc: "begin another file at a limit, as dumpcap does",
			more: "LIMIT is filesize (in kB), duration (in seconds) or packets; files:N keeps only the last N files. The names get a number and the time: day.pcapng becomes day_00001_20261123090603.pcapng.",
			set:  setRing},
	}
}

func setDuration(s *settings, v string) error {
	v = strings.TrimPrefix(v, "duration:")
	d, err := time.ParseDuration(v)
	if sec, secErr := strconv.ParseFloat(v, 64); secErr == nil && sec < 1e9 {
		d, err = time.Duration(sec*float64(time.Second)), nil
	}
	if err != nil || d <= 0 {
		return fmt.Errorf("%q is not a time such as 30s, 5m or 1h30m", v)
	}
	s.live.duration = d
	return nil
}

func setSnapLen(s *settings, v string) error {
	n, err := parseCount(v, 0)
	if err == nil && n > capture.MaxPacketSize {
		err = fmt.Errorf("the most is %d", capture.MaxPacketSize)
	}
	s.live.snapLen = int(n)
	return err
}

func setBuffer(s *settings, v string) error {
	const least, most = 1 << 20, 2 << 30
	size := v
	if strings.Trim(v, "0123456789.") == "" {
		size += "MiB"
	}
	n, err := parseBytes(size, v, least)
	if err == nil && n >= most {
		err = errors.New("the most is 2047MiB")
	}
	s.live.buffer = int(n)
	return err
}

func setRing(s *settings, v string) error {
	what, number, ok := strings.Cut(v, ":")
	n, err := parseCount(number, 1)
	if !ok || err != nil {
		return fmt.Errorf("%q is not like filesize:10000 or files:5", v)
	}
	r := &s.live.ring
	if n > 1<<40 {
		return fmt.Errorf("%d is too large", n)
	}
	switch what {
	case "filesize":
		r.Bytes = int64(n) * 1000
	case "duration":
		if n > 1<<30 {
			return fmt.Errorf("%d seconds are too many", n)
		}
		r.Age = time.Duration(n) * time.Second
	case "packets":
		r.Packets = n
	case "files":
		r.Files = int(min(n, 1<<20))
	default:
		return fmt.Errorf("%q is none of filesize, duration, packets, files", what)
	}
	return nil
}

func liveCommand() *command {
	return &command{
		name: "live", args: "[FILTER]", doc: "watch an interface; a line when a phase ends",
		more: `Captures packets and shows each TLS connection while it goes on: by default a line when it begins, when a phase ends, and when it ends. Ctrl-C ends it: connections that are open then are shown as far as they got, and the summary is printed.

Each line has the milliseconds since its connection began, the number of the connection, and a sign: + it begins, ✓ a phase is done, ! done, but the check failed, ? done, but encrypted, ~ skipped by resumption, … not finished, ✗ failed, – not reached, = it ended.

It takes root, or on Linux the capability CAP_NET_RAW, which it gives up before it looks at the first packet.

What is lost is told when it begins, and in the summary: packets that the kernel or the network card had no room for, and, if whoever reads the output is too slow, lines and packets that could not be written. Capture never waits for output.

If packets come faster than they can be read, connections that begin then are left out and counted ("overload"), so that those which are followed stay whole: packets lost at random would spoil nearly all. If memory is short, the connections silent for longest are given up and counted ("memory limit").`,
		examples: [][2]string{
			{"sudo tlslens live -i eth0", "what happens on eth0"},
			{"sudo tlslens live -i any tcp port 443", "on all interfaces, only port 443"},
			{`sudo tlslens live -i eth0 -T jsonl | jq -r ".server_name // empty"`, "one JSON object for each connection as it ends: here the server names"},
			{"sudo tlslens live -i eth0 -w day.pcapng -b filesize:100000 -b files:10", "keep the last GB of packets too"},
			{"sudo tlslens live -i eth0 -w day.pcapng --write-handshakes", "keep the handshakes of a day in a small file"},
			{"sudo tlslens live -i eth0 -T jsonl -o day.jsonl --fanout 4 -B 1GiB", "on a line with thousands of new connections a second"},
		},
		groups: []func() []*flagDef{liveFlags, keyFlags, trustFlags, chooseFlags, outputFlags, saveFlags, detailFlags, lookFlags, limitFlags, exitFlags},
		run:    (*program).live,
	}
}

func interfacesCommand() *command {
	return &command{
		name: "interfaces", doc: "the interfaces that live could watch",
		more:   "Lists the interfaces with their state, link type and addresses, and says which of them cannot be opened, and why.",
		groups: []func() []*flagDef{lookFlags},
		run:    (*program).interfaces,
	}
}
