package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/tlslens/tlslens/capture/live/sandbox"
)

// TestLivePrivileges holds that the process is nobody's when it reads packets,
// and the file the user's who called sudo.
func TestLivePrivileges(t *testing.T) {
	network(t)
	dir := t.TempDir()
	for _, tt := range []struct {
		name, sudo string
		args       []string
		uid        string
	}{
		{"root", "", nil, "65534"},
		{"sudo", "1234", nil, "1234"},
		{"sudo by root", "0", nil, "65534"},
		{"no sandbox", "1234", []string{"--no-sandbox"}, "0"},
	} {
		t.Setenv("SUDO_UID", tt.sudo)
		t.Setenv("SUDO_GID", tt.sudo)
		saved := filepath.Join(dir, tt.name+".pcapng")
		w := watch(t, append([]string{"-i", "va", "-w", saved}, tt.args...)...)
		status := string(readFile(t, "/proc/"+itoa(w.cmd.Process.Pid)+"/status"))
		if tt.uid != "0" {
			unprivileged(t, w.cmd.Process.Pid)
		}
		caps := "CapEff:\t0000000000000000"
		if !strings.Contains(status, "Uid:\t"+tt.uid+"\t"+tt.uid) || strings.Contains(status, caps) != (tt.uid != "0") {
			t.Errorf("%s: want user %s:\n%s", tt.name, tt.uid, status)
		}
		info, err := os.Stat(saved)
		if err != nil {
			t.Fatal(err)
		}
		if st := info.Sys().(*syscall.Stat_t); itoa(int(st.Uid)) != tt.uid || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: the file is user %d's, mode %v", tt.name, st.Uid, info.Mode())
		}
		w.stop(syscall.SIGINT, 0)
	}
}

// unprivileged holds that no thread of a process has a privilege left, or can
// get one. What such a process tries in vain, package sandbox tests.
func unprivileged(t *testing.T, pid int) {
	t.Helper()
	want := []string{"CapInh:\t0000000000000000", "CapPrm:\t0000000000000000", "CapEff:\t0000000000000000", "CapAmb:\t0000000000000000", "NoNewPrivs:\t1"}
	for _, f := range sandbox.Features() {
		if f.Name == "seccomp" && f.State == "yes" {
			want = append(want, "Seccomp:\t2")
		}
	}
	tasks, err := filepath.Glob("/proc/" + itoa(pid) + "/task/*/status")
	if err != nil || len(tasks) == 0 {
		t.Fatal(len(tasks), err)
	}
	for _, task := range tasks {
		b, err := os.ReadFile(task)
		if err != nil {
			continue // it ended
		}
		for _, line := range want {
			if !strings.Contains(string(b), line) {
				t.Errorf("%s: no %q in\n%s", task, line, b)
			}
		}
	}
}

// reachable copies this program to where anybody can run it.
func reachable(t *testing.T, name string) string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() != 0 {
		t.Skip("it takes root to become somebody else")
	}
	name = filepath.Join("/tmp", name+itoa(os.Getpid()))
	if err := os.WriteFile(name, readFile(t, self), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.Remove(name) })
	return name
}

// asNobody makes a command of a user without privileges.
func asNobody(name string, args ...string) *exec.Cmd {
	cmd := exec.Command(name, args...)
	cmd.Env = append(os.Environ(), "TLSLENS_TEST_MAIN=1")
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: 65534, Gid: 65534}}
	cmd.Dir = "/"
	return cmd
}

// TestLiveSetcap does what the hint of a refusal says, and needs no root then;
// the capability is given up as well.
func TestLiveSetcap(t *testing.T) {
	network(t)
	name := reachable(t, "tlslens-setcap-")
	// What setcap cap_net_raw+ep writes: struct vfs_cap_data, revision 2, with
	// the effective bit and capability 13 permitted (linux/capability.h).
	if err := unix.Setxattr(name, "security.capability", []byte{1, 0, 0, 2, 0, 0x20, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}, 0); err != nil {
		t.Skipf("files have no capabilities here, or it takes root: %v", err)
	}
	w := &watcher{t: t, cmd: asNobody(name, "live", "-i", "lo", "-T", "jsonl")}
	w.cmd.Stdout, w.cmd.Stderr = &w.out, &w.errs
	if err := w.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { w.cmd.Process.Kill() })
	w.until(&w.errs, "Ctrl-C ends it")
	unprivileged(t, w.cmd.Process.Pid)
	serve(t)
	time.Sleep(500 * time.Millisecond)
	w.stop(syscall.SIGINT, 0)
	if len(objects(w.out.String())) == 0 {
		t.Errorf("nothing was seen\n%s", w.errs.String())
	}
	out, err := asNobody(name, "interfaces").Output()
	if err != nil || bytes.Contains(out, []byte("cannot be opened")) {
		t.Errorf("%v\n%s", err, out)
	}
}

// TestNoPermission holds the very line that lets this program capture.
func TestNoPermission(t *testing.T) {
	name := reachable(t, "tlslens test ")
	for _, args := range [][]string{{"live", "-i", "lo"}, {"live"}, {"interfaces"}} {
		out, _ := asNobody(name, args...).CombinedOutput()
		if !strings.Contains(string(out), "sudo setcap cap_net_raw+ep '"+name+"'") || !strings.Contains(string(out), "no permission to capture on ") || bytes.Contains(out, []byte("goroutine")) {
			t.Errorf("%q: %s", args, out)
		}
	}
}
