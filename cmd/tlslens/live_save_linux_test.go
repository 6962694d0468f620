package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestLiveHandshakes saves only handshakes: the file has the same certificates
// and keys as the live report, few bytes, and no traffic of others.
func TestLiveHandshakes(t *testing.T) {
	for _, tt := range []struct {
		name string
		args func(dir string) []string
		read func(t *testing.T, dir string) string // name of the file
	}{
		{"file", func(dir string) []string { return []string{"-w", filepath.Join(dir, "a.pcapng")} },
			func(t *testing.T, dir string) string { return filepath.Join(dir, "a.pcapng") }},
		{"ring", func(dir string) []string {
			return []string{"-w", filepath.Join(dir, "a.pcapng"), "-b", "filesize:3000", "-b", "files:2"}
		}, func(t *testing.T, dir string) string {
			names, _ := filepath.Glob(filepath.Join(dir, "a_*"))
			if len(names) != 1 { // 5 MB passed by
				t.Fatalf("%q", names)
			}
			return names[0]
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			network(t)
			serve(t)
			dir := writable(t)
			keyLog := filepath.Join(dir, "keys.txt")
			w := watch(t, append(tt.args(dir), "-i", "lo", "-T", "jsonl", "--write-handshakes", "-k", keyLog)...)
			// The server reads lines until one of them asks for something.
			big := writeFile(t, filepath.Join(dir, "big"), append(bytes.Repeat([]byte(strings.Repeat("x", 99)+"\n"), 10_000), "GET / HTTP/1.0\r\n\r\n"...))
			for _, v := range []string{"-tls1_2", "-tls1_3"} {
				shell(t, "timeout 10 openssl s_client -quiet -keylogfile "+keyLog+" -connect 127.0.0.1:4433 -servername live.example "+v+" <"+big+" >/dev/null 2>&1 || true")
			}
			datagrams(t, "127.0.0.1:9", 5)
			time.Sleep(time.Second)
			w.stop(syscall.SIGINT, 0)
			name := tt.read(t, dir)
			saved := readFile(t, name)
			file := tlslens(t, nil, "-T", "jsonl", "--no-decrypt", name)
			file.want(t, 0, "")
			got, want := objects(file.out), objects(w.out.String())
			if len(got) != 2 || len(want) != 2 {
				t.Fatalf("file:\n%s\nlive:\n%s\n%s", file.out, w.out.String(), w.errs.String())
			}
			for i := range got {
				for _, key := range []string{`"server_name":"live.example"`, `"ja4":"`, `"outcome":"established"`} {
					if !strings.Contains(got[i], key) || !strings.Contains(want[i], key) {
						t.Errorf("no %s in\n%s\n%s", key, got[i], want[i])
					}
				}
			}
			if len(saved) > 100_000 {
				t.Errorf("%d bytes were saved", len(saved))
			}
			if bytes.Contains(saved, []byte("CLIENT_RANDOM")) || bytes.Contains(saved, []byte{0x0a, 0, 0, 0, 'K', 'S', 'L', 'T'}) || bytes.Contains(saved, []byte("TRAFFIC_SECRET")) {
				t.Error("the file has secrets")
			}
			if !bytes.Contains(saved, []byte("only handshakes")) {
				t.Error("the file does not say what it is")
			}
			if strings.Contains(file.out, `"udp"`) || strings.Contains(file.out, "tunnel-truncated") {
				t.Error(file.out)
			}
		})
	}
}

// writable returns a folder that the user who reads packets can write to.
func writable(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "live") // t.TempDir cannot be searched by others
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return dir
}

// TestLiveLateKeys follows a key log that is not there when capture begins, and
// once more when it was emptied.
func TestLiveLateKeys(t *testing.T) {
	network(t)
	serve(t)
	log := filepath.Join(writable(t), "keys.txt")
	w := watch(t, "-i", "lo", "-T", "jsonl", "-k", log)
	w.opened(log, 1)
	shell(t, ": >"+log)
	w.opened(log, 2)
	w.stop(syscall.SIGINT, 0)
	tlslens(t, nil, "live", "-i", "lo", "-k", "/no/such/folder/keys.txt").want(t, 2, "--keylog /no/such/folder/keys.txt: no such file or directory")
}

// TestLiveFullDisk lets a small disk run full: capture and report go on, what
// was saved before is whole, and the status says that not all was.
func TestLiveFullDisk(t *testing.T) {
	network(t)
	serve(t)
	dir := writable(t)
	if err := syscall.Mount("none", dir, "tmpfs", 0, "size=128k,mode=0777"); err != nil {
		t.Skipf("a tmpfs takes root: %v", err)
	}
	defer syscall.Unmount(dir, syscall.MNT_DETACH)
	saved := filepath.Join(dir, "a.pcapng")
	w := watch(t, "-i", "lo", "-T", "jsonl", "-w", saved)
	connect := "openssl s_client -connect 127.0.0.1:4433 -servername live.example </dev/null >/dev/null 2>&1 || true"
	for range 60 {
		shell(t, connect)
	}
	w.until(&w.errs, "cannot be written: no space left on device; capture goes on")
	time.Sleep(time.Second)
	w.stop(syscall.SIGINT, 3)
	if n := len(objects(w.out.String())); n != 60 {
		t.Errorf("%d connections were shown, want 60", n)
	}
	for _, text := range []string{"could not be written all the time", "packets dropped (not written)"} {
		if !strings.Contains(w.errs.String(), text) {
			t.Errorf("no %q in %s", text, w.errs.String())
		}
	}
	file := tlslens(t, nil, "-T", "jsonl", saved)
	// Status 3 where there was room in the end for the counts, which say so.
	if n := len(objects(file.out)); file.status != 0 && file.status != 3 || n < 5 || n >= 60 {
		t.Errorf("status %d, %d connections in the file\n%s", file.status, n, file.errors)
	}
}

// TestLiveStream writes packets to a pipe and reads them from there; without
// --output there is no report.
func TestLiveStream(t *testing.T) {
	network(t)
	serve(t)
	w := watch(t, "-i", "lo", "-w", "-", "--write-handshakes", "tcp port 4433")
	shell(t, "openssl s_client -connect 127.0.0.1:4433 -servername live.example </dev/null >/dev/null 2>&1 || true")
	time.Sleep(500 * time.Millisecond)
	w.stop(syscall.SIGINT, 0)
	file := tlslens(t, strings.NewReader(w.out.String()), "-T", "jsonl", "-")
	if n := len(objects(file.out)); file.status != 0 || n != 1 {
		t.Errorf("status %d, %d connections\n%s%s", file.status, n, file.out, file.errors)
	}
}

// TestLiveSeveral watches two interfaces at once: both are in the order of time
// and in the file by name.
func TestLiveSeveral(t *testing.T) {
	network(t)
	serve(t)
	shell(t, "ip addr add 10.1.1.1/24 dev vb; ip neigh add 10.1.1.2 lladdr 02:00:00:00:00:02 dev vb")
	saved := filepath.Join(writable(t), "a.pcapng")
	w := watch(t, "-i", "lo", "-i", "va", "-T", "jsonl", "-w", saved)
	shell(t, "openssl s_client -connect 127.0.0.1:4433 -servername live.example </dev/null >/dev/null 2>&1 || true")
	datagrams(t, "10.1.1.2:9", 3)
	time.Sleep(500 * time.Millisecond)
	w.stop(syscall.SIGINT, 0)
	if !slices.Equal(objects(w.out.String()), objects(tlslens(t, nil, "-T", "jsonl", saved).out)) {
		t.Error("the file differs from what was shown")
	}
	for _, text := range []string{"lo: ", "va: ", " packets received by the filter, 0 dropped by the kernel"} {
		if !strings.Contains(w.errs.String(), text) {
			t.Errorf("no %q in %s", text, w.errs.String())
		}
	}
	b := readFile(t, saved)
	if !bytes.Contains(b, []byte("\x02\x00\x02\x00lo")) || !bytes.Contains(b, []byte("\x02\x00\x02\x00va")) {
		t.Error("the names of the interfaces are not in the file")
	}
}

// TestLiveChromium watches a browser, with the key log that it writes: what is
// shown equals what the saved file gives, and it was opened.
func TestLiveChromium(t *testing.T) {
	browser, err := exec.LookPath("chromium")
	if err != nil {
		t.Skip("chromium is not here")
	}
	network(t)
	serve(t)
	for try := 1; ; try++ {
		live, want := browse(t, browser)
		d := cmp.Diff(want, live)
		opened := slices.ContainsFunc(live, func(l string) bool {
			return strings.Contains(l, `"server_name":"live.example"`) && strings.Contains(l, "CN=live.example") && strings.Contains(l, `"version":"TLS 1.3"`)
		})
		switch {
		case d == "" && opened:
			return
		case try < 3: // on a busy machine the browser may write its secrets too late
			continue
		case d != "":
			t.Errorf("(-file +live):\n%.4000s", d)
		}
		t.Fatalf("opened %v:\n%s", opened, strings.Join(live, ""))
	}
}

// browse lets a browser fetch a page and returns the connections as they were
// shown live and as the saved file gives them.
func browse(t *testing.T, browser string) (live, file []string) {
	t.Helper()
	dir := writable(t)
	log, saved := filepath.Join(dir, "keys.txt"), filepath.Join(dir, "saved.pcapng")
	w := watch(t, "-i", "lo", "-T", "jsonl", "-k", log, "-w", saved, "tcp port 4433")
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, browser, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--ignore-certificate-errors", "--user-data-dir="+filepath.Join(dir, "profile"), "--ssl-key-log-file="+log,
		"--host-resolver-rules=MAP live.example 127.0.0.1", "--dump-dom", "https://live.example:4433/")
	cmd.WaitDelay = 5 * time.Second
	page, err := cmd.Output()
	if err != nil || !bytes.Contains(page, []byte("s_server")) {
		t.Fatalf("chromium: %v\n%.500s", err, page)
	}
	time.Sleep(time.Second)
	w.stop(syscall.SIGINT, 0)
	return objects(w.out.String()), objects(tlslens(t, nil, "-T", "jsonl", "-k", log, saved).out)
}
