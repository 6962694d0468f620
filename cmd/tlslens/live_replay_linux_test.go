package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/capture"
)

// send sends the Ethernet frames of a capture on an interface and returns how
// many those were. With a net other than 0, addresses 127.0.0.1 are in that net.
func send(t *testing.T, fd int, name string, net uint16) (n uint64) {
	t.Helper()
	src, err := capture.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer src.Close()
	var p capture.Packet
	for {
		err := src.Next(&p)
		var cut *capture.TruncatedError
		if err == io.EOF || errors.As(err, &cut) {
			return n
		}
		if err != nil {
			t.Fatal(err)
		}
		if p.Link != capture.LinkEthernet || len(p.Data) < 14 {
			continue
		}
		if f := p.Data; net != 0 && len(f) > 34 {
			binary.BigEndian.PutUint16(f[27:], net)
			binary.BigEndian.PutUint16(f[31:], net)
		}
		for _, err = unix.Write(fd, p.Data); err == unix.ENOBUFS; {
			_, err = unix.Write(fd, p.Data)
		}
		if err != nil {
			t.Fatalf("%s: packet %d of %d bytes: %v", name, p.Number, len(p.Data), err)
		}
		n++
	}
}

// quiet keeps the interfaces va and vb from saying anything by themselves, and
// lets them carry the largest packets.
func quiet(t *testing.T) {
	t.Helper()
	shell(t, `for i in va vb; do
	ip link set $i down
	[ ! -e /proc/sys/net/ipv6/conf/$i ] || echo 1 >/proc/sys/net/ipv6/conf/$i/disable_ipv6
	ip link set $i mtu 65535 up
done`)
}

// packetSocket returns one that sends on an interface.
func packetSocket(t *testing.T, name string) int {
	t.Helper()
	ifi, err := net.InterfaceByName(name)
	if err != nil {
		t.Fatal(err)
	}
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { unix.Close(fd) })
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Ifindex: ifi.Index}); err != nil {
		t.Fatal(err)
	}
	return fd
}

// keyed writes the key logs of all captures into one file.
func keyed(t *testing.T) string {
	t.Helper()
	names, _ := filepath.Glob(pcaps + "*.keys")
	var all []byte
	for _, name := range names {
		all = append(append(all, readFile(t, name)...), '\n')
	}
	return writeFile(t, filepath.Join(t.TempDir(), "keys.txt"), all)
}

// TestLiveReplay sends the packets of all captures that we have, TCP, QUIC, DTLS
// and what is wrapped in tunnels, over a pair of interfaces: every connection
// shown live equals, in all that JSON says, what the saved file gives; and the
// number of workers makes no difference.
func TestLiveReplay(t *testing.T) {
	names, err := filepath.Glob(pcaps + "*.pcapng")
	if err != nil || len(names) < 50 {
		t.Fatal(len(names), err)
	}
	logs := keyed(t)
	for _, tt := range []struct {
		name string
		args []string
		more []string // of live alone
	}{
		{"sealed", nil, nil},
		{"opened", []string{"-k", logs}, nil},
		{"one worker", []string{"--workers", "1"}, nil},
		{"spread", nil, []string{"--fanout", "3"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			network(t)
			quiet(t)
			fd := packetSocket(t, "vb")
			saved := filepath.Join(writable(t), "saved.pcapng")
			w := watch(t, slices.Concat([]string{"-i", "va", "-T", "jsonl", "-w", saved}, tt.args, tt.more)...)
			var sent uint64
			for i, name := range names {
				net := 0
				if tt.more != nil {
					net = i + 1
				}
				sent += send(t, fd, name, uint16(net))
				time.Sleep(time.Millisecond)
			}
			time.Sleep(time.Second)
			w.stop(syscall.SIGINT, 0)
			file := tlslens(t, nil, append([]string{"read", "-T", "jsonl", saved}, tt.args...)...)
			if file.status != 0 {
				t.Fatalf("status %d: %s", file.status, file.errors)
			}
			live, want := objects(w.out.String()), objects(file.out)
			if tt.more != nil { // which connection is found first depends on the machine
				live, want = unnumbered(live), unnumbered(want)
			}
			if d := cmp.Diff(want, live); d != "" {
				t.Errorf("%d lines live, %d of the file (-file +live):\n%.4000s", len(live), len(want), d)
			}
			for _, carrier := range []string{"tls", "quic", "dtls"} {
				if !slices.ContainsFunc(live, func(l string) bool { return strings.Contains(l, `"carrier":"`+carrier+`"`) }) {
					t.Errorf("no connection of %s", carrier)
				}
			}
			last := func(out string) string { return out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:] }
			if d := cmp.Diff(last(file.out), last(w.out.String())); d != "" {
				t.Errorf("summaries (-file +live):\n%s", d)
			}
			if text := fmt.Sprintf("va: %d packets received by the filter, 0 dropped by the kernel", sent); !strings.Contains(w.errs.String(), text) {
				t.Errorf("no %q in\n%s", text, w.errs.String())
			}
		})
	}
}

// unnumbered returns the lines without what depends on the order in which
// connections are found, sorted.
func unnumbered(lines []string) []string {
	number := regexp.MustCompile(`"(number|of|connection)":\d+|#\d+`)
	for i, l := range lines {
		lines[i] = number.ReplaceAllString(l, "")
	}
	slices.Sort(lines)
	return lines
}

// TestLiveTooFast sends more than can be looked at through a buffer of the least
// size: what was not seen is told when it begins, is in the summary, in JSON and
// in the saved file, and the sum is what was sent.
func TestLiveTooFast(t *testing.T) {
	network(t)
	quiet(t)
	fd := packetSocket(t, "vb")
	saved := filepath.Join(writable(t), "saved.pcapng")
	w := watch(t, "-i", "va", "-B", "1MiB", "-T", "jsonl", "-w", saved)
	frame := make([]byte, 1400)
	frame[12], frame[13] = 0x88, 0xb5 // for experiments (IEEE 802)
	// The process stands still meanwhile.
	if err := w.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	const n = 5000
	for i := range uint32(n) {
		binary.BigEndian.PutUint32(frame[14:], i)
		if _, err := unix.Write(fd, frame); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.cmd.Process.Signal(syscall.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.until(&w.errs, "packets dropped by the kernel so far: results are partial")
	w.stop(syscall.SIGINT, 3)
	var received, dropped uint64
	for line := range strings.Lines(w.errs.String()) {
		if _, err := fmt.Sscanf(line, "tlslens: va: %d packets received by the filter, %d dropped by the kernel", &received, &dropped); err == nil {
			break
		}
	}
	if received != n || dropped == 0 || dropped >= n {
		t.Errorf("%d received, %d dropped", received, dropped)
	}
	inJSON := fmt.Sprintf(`"dropped":[{"reason":"kernel","count":%d,"unit":"packets"}]`, dropped)
	file := tlslens(t, nil, "read", "-T", "jsonl", saved)
	for _, out := range []string{w.out.String(), file.out} {
		if !strings.Contains(out, inJSON) || !strings.Contains(out, fmt.Sprintf(`"packets":%d`, n-dropped)) {
			t.Errorf("%d dropped:\n%s", dropped, out)
		}
	}
}

// TestLiveLeftOut leaves the output unread for so long that some of it is left
// out: how much is counted, told at once and in the summary.
func TestLiveLeftOut(t *testing.T) {
	network(t)
	quiet(t)
	fd := packetSocket(t, "vb")
	cmd := process(t, "live", "-i", "va", "-B", "256MiB", "-T", "jsonl", "-vv")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs locked
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cmd.Process.Kill() })
	w := &watcher{t: t, cmd: cmd}
	w.until(&errs, "Ctrl-C ends it")
	begun := 0
	for !strings.Contains(errs.String(), "some of it is left out") {
		send(t, fd, pcaps+"tour.pcapng", uint16(begun/10+1))
		begun += 10
		time.Sleep(4 * time.Millisecond)
		if begun > 100_000 {
			t.Fatal("nothing is ever left out")
		}
	}
	for range 5 {
		send(t, fd, pcaps+"tour.pcapng", uint16(begun/10+1))
		begun += 10
	}
	time.Sleep(500 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	shown := make(chan string)
	go func() {
		b, _ := io.ReadAll(out)
		shown <- string(b)
	}()
	text := <-shown
	w.ended(3)
	lines := strings.Count(text, `"type":"connection"`)
	var left, refused int
	if i := strings.Index(text, `"reason":"output","count":`); i >= 0 {
		fmt.Sscanf(text[i:], `"reason":"output","count":%d,"unit":"events"`, &left)
	}
	if i := strings.Index(text, `"reason":"overload","count":`); i >= 0 { // on a busy machine
		fmt.Sscanf(text[i:], `"reason":"overload","count":%d,"unit":"connections"`, &refused)
	}
	sum := lines + left + refused
	if strings.Contains(errs.String(), "dropped by the kernel so far") && sum < begun { // on a very busy one
		t.Logf("%d of %d connections are accounted for", sum, begun)
		sum = begun
	}
	if left == 0 || sum != begun || strings.Count(errs.String(), "some of it is left out") != 1 {
		t.Errorf("%d shown, %d left out, %d not followed, %d begun\n%s", lines, left, refused, begun, errs.String())
	}
	if !strings.Contains(errs.String(), fmt.Sprintf("%d events dropped (output)", left)) {
		t.Errorf("%s", errs.String())
	}
}
