package main

import (
	"bufio"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestLiveIsFile holds that connections of real clients and servers look live
// as they look in the file that was saved meanwhile.
func TestLiveIsFile(t *testing.T) {
	network(t)
	serve(t)
	saved, watchers := map[string]string{}, map[string]*watcher{}
	for _, on := range []string{"lo", "any"} {
		saved[on] = filepath.Join(t.TempDir(), "saved.pcapng")
		watchers[on] = watch(t, "-i", on, "-T", "jsonl", "-w", saved[on], "tcp port 4433")
	}
	for _, client := range []string{
		"openssl s_client -connect 127.0.0.1:4433 -servername live.example -tls1_2 </dev/null",
		"openssl s_client -connect 127.0.0.1:4433 -servername live.example -tls1_3 </dev/null",
		"openssl s_client -connect 127.0.0.1:4433 -servername live.example -verify_return_error </dev/null",
		"openssl s_client -connect 127.0.0.1:4433 -tls1_2 -cipher NULL-SHA256:@SECLEVEL=0 </dev/null",
		"curl -sk --resolve live.example:4433:127.0.0.1 https://live.example:4433/",
		"curl -s --resolve live.example:4433:127.0.0.1 https://live.example:4433/",
		"curl -sk --tls-max 1.2 --resolve live.example:4433:127.0.0.1 https://live.example:4433/",
	} {
		_ = exec.Command("sh", "-c", client).Run() // some are to fail
	}
	for on, w := range watchers {
		// The last connection is shown although nothing comes after it. One
		// that curl resets lingers for ten seconds.
		for deadline := time.Now().Add(18 * time.Second); strings.Count(w.out.String(), "\n") < 7 && time.Now().Before(deadline); {
			time.Sleep(20 * time.Millisecond)
		}
		if n := strings.Count(w.out.String(), "\n"); n != 7 {
			t.Errorf("%s: %d lines while it runs, want 7", on, n)
		}
		w.stop(syscall.SIGINT, 0)
		file := tlslens(t, nil, "-T", "jsonl", saved[on])
		file.want(t, 0, "")
		live := objects(w.out.String())
		if len(live) != 7 || !slices.Equal(live, objects(file.out)) {
			t.Errorf("%s: live:\n%s\nfile:\n%s", on, strings.Join(live, ""), file.out)
		}
		summary := func(out string) string { return out[strings.LastIndex(strings.TrimSpace(out), "\n")+1:] }
		if a, b := summary(w.out.String()), summary(file.out); a != b {
			t.Errorf("%s: the summaries differ:\n%s%s", on, a, b)
		}
	}
}

// datagrams sends some from the namespace of the test.
func datagrams(t *testing.T, to string, n int) {
	t.Helper()
	c, err := net.ListenUDP("udp4", nil) // not connected: nobody hears of refusals
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range n {
		if _, err := c.WriteToUDPAddrPort([]byte("x"), netip.MustParseAddrPort(to)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestLiveEnds ends a capture with a connection still open, in every way.
func TestLiveEnds(t *testing.T) {
	for _, tt := range []struct {
		name   string
		args   []string
		end    func(t *testing.T, w *watcher)
		status int
	}{
		{"SIGINT", nil, func(t *testing.T, w *watcher) { w.cmd.Process.Signal(syscall.SIGINT) }, 0},
		{"SIGTERM", nil, func(t *testing.T, w *watcher) { w.cmd.Process.Signal(syscall.SIGTERM) }, 0},
		{"SIGHUP", nil, func(t *testing.T, w *watcher) { w.cmd.Process.Signal(syscall.SIGHUP) }, 0},
		{"duration", []string{"-a", "2"}, func(t *testing.T, w *watcher) {}, 0},
		{"count", []string{"-c", "20"}, func(t *testing.T, w *watcher) { datagrams(t, "127.0.0.1:9", 20) }, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			network(t)
			serve(t)
			w := watch(t, append([]string{"-i", "lo"}, tt.args...)...)
			client := exec.Command("openssl", "s_client", "-quiet", "-connect", "127.0.0.1:4433", "-servername", "live.example")
			hold, err := client.StdinPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := client.Start(); err != nil {
				t.Fatal(err)
			}
			defer func() { hold.Close(); client.Process.Kill(); client.Wait() }()
			w.until(&w.out, "2 key exchange: ")
			tt.end(t, w)
			w.ended(tt.status)
			for _, text := range []string{"live.example", "still open", "0 dropped by the kernel"} {
				if !strings.Contains(w.out.String()+w.errs.String(), text) {
					t.Errorf("no %q in\n%s\n%s", text, w.out.String(), w.errs.String())
				}
			}
		})
	}
}

// TestLiveKeys follows a key log that grows while connections are watched, one
// that is there and one that is not yet.
func TestLiveKeys(t *testing.T) {
	network(t)
	serve(t)
	for _, there := range []bool{true, false} {
		log := filepath.Join(t.TempDir(), "keys.txt")
		if there {
			writeFile(t, log, nil)
		}
		w := watch(t, "-i", "lo", "-k", log, "-T", "jsonl")
		if info, err := os.Stat(log); err != nil || !there && info.Mode().Perm() != 0o600 {
			t.Errorf("%v, %v", info, err)
		}
		w.opened(log, 3)
		w.stop(syscall.SIGINT, 0)
	}
}

// TestLiveClosedPipe closes the pipe that results go to: capture ends though no
// signal comes.
func TestLiveClosedPipe(t *testing.T) {
	network(t)
	serve(t)
	cmd := process(t, "live", "-i", "lo")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var errs locked
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	w := &watcher{t: t, cmd: cmd}
	w.until(&errs, "Ctrl-C ends it")
	connect := "openssl s_client -connect 127.0.0.1:4433 </dev/null >/dev/null 2>&1 || true"
	shell(t, connect)
	if _, err := bufio.NewReader(out).ReadString('\n'); err != nil {
		t.Error(err)
	}
	out.Close()
	shell(t, connect)
	w.ended(0)
}

// TestLiveStuckReader leaves the output unread: capture goes on, and what is
// saved is whole.
func TestLiveStuckReader(t *testing.T) {
	network(t)
	serve(t)
	saved := filepath.Join(t.TempDir(), "saved.pcapng")
	cmd := process(t, "live", "-i", "lo", "-T", "table", "-vv", "-x", "-w", saved)
	out, in, err := os.Pipe() // 64 KiB are too few for this
	if err != nil {
		t.Fatal(err)
	}
	defer out.Close()
	cmd.Stdout = in
	var errs locked
	cmd.Stderr = &errs
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	in.Close()
	w := &watcher{t: t, cmd: cmd}
	w.until(&errs, "Ctrl-C ends it")
	for range 20 {
		shell(t, "openssl s_client -connect 127.0.0.1:4433 </dev/null >/dev/null 2>&1 || true")
	}
	time.Sleep(500 * time.Millisecond)
	if err := cmd.Process.Signal(syscall.SIGINT); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	go io.Copy(io.Discard, out)
	w.ended(0)
	file := tlslens(t, nil, "-T", "jsonl", saved)
	if n := len(objects(file.out)); n != 20 {
		t.Errorf("%d connections were saved, want 20", n)
	}
}

// TestLiveGone removes the interface.
func TestLiveGone(t *testing.T) {
	network(t)
	w := watch(t, "-i", "va")
	shell(t, "ip link set va down")
	w.until(&w.errs, "va: the interface is down")
	shell(t, "ip link set va up")
	w.until(&w.errs, "va: the interface is up again")
	shell(t, "ip link del va")
	w.ended(3)
	if !strings.Contains(w.errs.String(), "the interface va does not exist any more") {
		t.Error(w.errs.String())
	}
}

func itoa(n int) string { return strconv.Itoa(n) }

// TestLiveRing keeps the last files, in a folder of the user that the process
// becomes; another folder is refused at once.
func TestLiveRing(t *testing.T) {
	network(t)
	dir, err := os.MkdirTemp("", "ring") // t.TempDir cannot be searched by others
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	args := []string{"live", "-i", "va", "-w", filepath.Join(dir, "day.pcapng"), "-b", "packets:2", "-b", "files:3"}
	os.Chmod(dir, 0o755)
	out, err := process(t, args...).CombinedOutput()
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 2 || !strings.Contains(string(out), "cannot create files in "+dir) {
		t.Errorf("%v\n%s", err, out)
	}
	if names, _ := filepath.Glob(filepath.Join(dir, "*")); len(names) > 0 {
		t.Errorf("the refused run left %q", names)
	}
	if err := os.Chown(dir, 65534, 65534); err != nil {
		t.Fatal(err)
	}
	w := watch(t, args[1:]...)
	shell(t, "ip addr add 10.1.1.1/24 dev vb; ip neigh add 10.1.1.2 lladdr 02:00:00:00:00:02 dev vb")
	datagrams(t, "10.1.1.2:9", 11)
	time.Sleep(300 * time.Millisecond)
	w.stop(syscall.SIGINT, 0)
	if names, _ := filepath.Glob(filepath.Join(dir, "day_*")); len(names) != 3 {
		t.Errorf("%q", names)
	}
}

// TestLiveRefusals holds what live says no to, and how.
func TestLiveRefusals(t *testing.T) {
	for _, tt := range []struct {
		name    string
		args    []string
		message string
	}{
		{"no such interface", []string{"-i", "nosuch0"}, `there is no interface "nosuch0"`},
		{"two filters", []string{"-i", "lo", "-f", "tcp", "udp"}, "a filter is given twice"},
		{"ring without a file", []string{"-i", "lo", "-b", "files:3"}, "--ring needs --write FILE"},
		{"ring", []string{"-b", "size:3"}, `"size" is none of filesize, duration, packets, files`},
		{"ring without a number", []string{"-b", "files"}, `"files" is not like filesize:10000`},
		{"duration", []string{"-a", "soon"}, `"soon" is not a time such as 30s`},
		{"snaplen", []string{"-s", "1000000"}, "the most is 262144"},
		{"buffer", []string{"-B", "4GiB"}, "the most is 2047MiB"},
		{"small buffer", []string{"-B", "100KiB"}, "100KiB is too small: the least is 1MiB"},
		{"lines and only", []string{"-i", "lo", "-T", "lines", "--only", "fail"}, "--only and -T lines contradict each other"},
		{"folder", []string{"-i", "lo", "-w", "/no/such/folder/x"}, "--write /no/such/folder/x cannot be written"},
		{"filter", []string{"-i", "lo", "tcp", "portt", "443"}, "portt"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if os.Geteuid() != 0 && (tt.name == "folder" || tt.name == "filter") {
				t.Skip("it takes root to come so far")
			}
			tlslens(t, nil, append([]string{"live"}, tt.args...)...).want(t, 2, tt.message)
		})
	}
}
