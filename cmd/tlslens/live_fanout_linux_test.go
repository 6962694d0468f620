package main

import (
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLiveFanout holds that several sources end as one does: after the number of
// packets asked for, each in the file once and under its number, and when the
// interface goes away; and that keys that come open connections on all of them.
func TestLiveFanout(t *testing.T) {
	t.Run("count", func(t *testing.T) {
		network(t)
		saved := filepath.Join(writable(t), "count.pcapng")
		w := watch(t, "-i", "lo", "-i", "va", "--fanout", "3", "-c", "60", "-T", "jsonl", "-w", saved)
		for _, to := range []string{"127.0.0.1:9", "127.0.1.1:9", "127.0.2.3:9", "127.9.2.4:9"} {
			datagrams(t, to, 20)
		}
		w.ended(0)
		for _, out := range []string{w.out.String(), tlslens(t, nil, "-T", "jsonl", saved).out} {
			if !strings.Contains(out, `"packets":60,`) {
				t.Error(out)
			}
		}
		if n := len(regexp.MustCompile(`(?m)^tlslens: (lo|va): \d+ packets received by the filter, 0 dropped by the kernel$`).FindAllString(w.errs.String(), -1)); n != 2 {
			t.Error(w.errs.String())
		}
	})
	t.Run("keys", func(t *testing.T) {
		network(t)
		serve(t)
		log := filepath.Join(writable(t), "keys.txt")
		w := watch(t, "-i", "lo", "--fanout", "3", "-k", log, "-T", "jsonl")
		w.opened(log, 3)
		w.stop(syscall.SIGINT, 0)
	})
	t.Run("handshakes", func(t *testing.T) {
		network(t)
		serve(t)
		saved := filepath.Join(writable(t), "handshakes.pcapng")
		w := watch(t, "-i", "lo", "--fanout", "2", "-T", "jsonl", "-w", saved, "--write-handshakes")
		for range 3 {
			shell(t, "openssl s_client -connect 127.0.0.1:4433 </dev/null >/dev/null 2>&1 || true")
		}
		time.Sleep(500 * time.Millisecond)
		w.stop(syscall.SIGINT, 0)
		if file := tlslens(t, nil, "-T", "jsonl", saved); len(objects(w.out.String())) != 3 || len(objects(file.out)) != 3 {
			t.Errorf("live:\n%s\nfile:\n%s", w.out.String(), file.out)
		}
	})
	t.Run("gone", func(t *testing.T) {
		network(t)
		w := watch(t, "-i", "va", "--fanout", "2")
		shell(t, "ip link del va")
		w.ended(3)
		if n := strings.Count(w.errs.String(), "va: the interface was removed"); n != 1 {
			t.Error(w.errs.String())
		}
	})
}
