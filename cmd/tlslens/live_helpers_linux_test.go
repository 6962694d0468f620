package main

import (
	"bytes"
	"errors"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// network moves the test into a network namespace of its own, where lo and a
// pair of interfaces va and vb are up.
func network(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // the thread ends with the test
	if err := syscall.Unshare(syscall.CLONE_NEWNET); err != nil {
		t.Skipf("a network namespace takes root: %v", err)
	}
	shell(t, "ip link add va type veth peer name vb; ip link set lo up; ip link set va up; ip link set vb up")
}

func shell(t *testing.T, script string) {
	t.Helper()
	cmd := exec.Command("sh", "-ec", script)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v\n%s", script, err, out)
	}
}

// A watcher is a running tlslens live.
type watcher struct {
	t    *testing.T
	cmd  *exec.Cmd
	out  locked
	errs locked
}

// A locked buffer can be read while a process writes to it.
type locked struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *locked) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *locked) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// watch starts tlslens live in the test's namespace and waits until it watches.
func watch(t *testing.T, args ...string) *watcher {
	t.Helper()
	w := &watcher{t: t, cmd: process(t, append([]string{"live"}, args...)...)}
	w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.errs
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.cmd.Process.Kill() })
	w.until(&w.errs, "Ctrl-C ends it")
	return w
}

// until waits for a text.
func (w *watcher) until(l *locked, text string) {
	w.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !strings.Contains(l.String(), text); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("no %q in 20 seconds\n%s\n%s", text, w.out.String(), w.errs.String())
		}
	}
}

// ended waits for the process and checks its status.
func (w *watcher) ended(status int) {
	w.t.Helper()
	timer := time.AfterFunc(20*time.Second, func() { w.cmd.Process.Kill() })
	defer timer.Stop()
	err := w.cmd.Wait()
	got := 0
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		got = exit.ExitCode()
	}
	if got != status {
		w.t.Errorf("status %d, want %d\n%s\n%s", got, status, w.out.String(), w.errs.String())
	}
}

func (w *watcher) stop(sig syscall.Signal, status int) {
	w.t.Helper()
	if err := w.cmd.Process.Signal(sig); err != nil {
		w.t.Fatal(err)
	}
	w.ended(status)
}

// serve starts an openssl server on 127.0.0.1:4433 with a certificate of its own.
func serve(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("openssl"); err != nil {
		t.Skip("openssl is not installed")
	}
	dir := t.TempDir()
	shell(t, "cd "+dir+" && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -days 30 -subj /CN=live.example -addext subjectAltName=DNS:live.example -keyout key.pem -out cert.pem 2>/dev/null")
	cmd := exec.Command("openssl", append([]string{"s_server", "-quiet", "-accept", "127.0.0.1:4433", "-www", "-cert", "cert.pem", "-key", "key.pem"}, args...)...)
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 100 {
		if exec.Command("sh", "-c", "openssl s_client -connect 127.0.0.1:4433 </dev/null >/dev/null 2>&1").Run() == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatal("the server does not answer")
}

// opened makes connections with a key log until some more were opened. On a
// busy machine a client may write its secrets too late for one.
func (w *watcher) opened(log string, more int) {
	w.t.Helper()
	// Only with keys the certificate of TLS 1.3 can be seen.
	opened := func() int { return strings.Count(w.out.String(), `CN=live.example`) }
	want := opened() + more
	for range 10 * more {
		shell(w.t, "SSLKEYLOGFILE="+log+" curl -sk --http1.1 --resolve live.example:4433:127.0.0.1 https://live.example:4433/ >/dev/null")
		for deadline := time.Now().Add(time.Second); time.Now().Before(deadline) && opened() < want; {
			time.Sleep(20 * time.Millisecond)
		}
		if opened() >= want {
			return
		}
	}
	w.t.Errorf("%d connections were opened, want %d:\n%s\n%s", opened(), want, w.out.String(), w.errs.String())
}
