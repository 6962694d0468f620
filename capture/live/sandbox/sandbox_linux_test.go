package sandbox

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
)

// TestMain lets the test binary enter the sandbox: there is no way back, so it
// takes a process of its own.
func TestMain(m *testing.M) {
	if dir := os.Getenv("TLSLENS_TEST_SANDBOX"); dir != "" {
		confined(dir)
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// What a confined process found out: the error of each attempt, "" for none.
type attempts map[string]string

// confined enters the sandbox with threads about and says what it can still do.
func confined(dir string) {
	hold := make(chan struct{})
	ready := make(chan struct{})
	for range 8 {
		go func() {
			runtime.LockOSThread()
			ready <- struct{}{}
			<-hold
		}()
		<-ready
	}
	if os.Getenv("TLSLENS_TEST_NO_LANDLOCK") != "" {
		if err := withoutLandlock(); err != nil {
			panic(err)
		}
	}
	kept, err := os.Open("/etc/hostname")
	got := attempts{"open before": text(err)}
	done, err := Enter(Options{UID: Nobody, GID: Nobody, Folders: []string{dir}})
	got["enter"] = text(err)
	got["user"] = fmt.Sprint(done.User)
	got["landlock"] = fmt.Sprint(done.Landlock > 0)
	_, err = kept.Read(make([]byte, 1))
	got["read what is open"] = text(err)
	_, err = os.Open("/etc/shadow")
	got["/etc/shadow"] = text(err)
	_, err = os.Open("/etc/hostname")
	got["/etc/hostname"] = text(err)
	_, err = os.Create("/tmp/tlslens-sandbox-test")
	got["file elsewhere"] = text(err)
	name := filepath.Join(dir, "new")
	got["file in the folder"] = text(os.WriteFile(name, []byte("x"), 0o600))
	got["remove it"] = text(os.Remove(name))
	got["exec"] = text(exec.Command("/bin/true").Run())
	_, err = net.Dial("tcp", "127.0.0.1:1")
	got["connect"] = text(err)
	_, err = unix.Socket(unix.AF_PACKET, unix.SOCK_RAW, 0)
	got["packet socket"] = text(err)
	got["become root"] = text(unix.Setuid(0))
	got["kill the parent"] = text(unix.Kill(os.Getppid(), 0))
	// Memory, threads and signals work on.
	sum := make(chan int)
	for range 50 {
		go func() { sum <- len(make([]byte, 1<<20)) }()
	}
	for range 50 {
		<-sum
	}
	runtime.GC()
	_ = json.NewEncoder(os.Stdout).Encode(got)
	_, _ = os.Stdin.Read(make([]byte, 1)) // until the parent has looked
	close(hold)
}

// withoutLandlock makes this kernel one that has no Landlock.
func withoutLandlock() error {
	return seccomp.LoadFilter(seccomp.Filter{NoNewPrivs: true, Flag: seccomp.FilterFlagTSync, Policy: seccomp.Policy{
		DefaultAction: seccomp.ActionAllow,
		Syscalls: []seccomp.SyscallGroup{{
			Action: seccomp.ActionErrno | seccomp.Action(unix.ENOSYS),
			Names:  []string{"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"},
		}},
	}})
}

func text(err error) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, unix.EPERM), errors.Is(err, unix.EACCES):
		return "denied"
	}
	return err.Error()
}

// TestEnter holds what a confined process can do, and that no thread of it has
// a privilege left; the same on a kernel without Landlock, where ordinary
// permissions are what keeps files closed.
func TestEnter(t *testing.T) {
	t.Run("all", func(t *testing.T) { enter(t, true) })
	t.Run("without landlock", func(t *testing.T) { enter(t, false) })
}

func enter(t *testing.T, landlock bool) {
	if os.Geteuid() != 0 {
		t.Skip("it takes root to have privileges to give up")
	}
	dir, err := os.MkdirTemp("", "sandbox")
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	if err := os.Chown(dir, Nobody, Nobody); err != nil {
		t.Fatal(err)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self)
	cmd.Env = append(os.Environ(), "TLSLENS_TEST_SANDBOX="+dir)
	if !landlock {
		if info, err := arch.GetInfo(""); err != nil || info.SyscallNames["landlock_create_ruleset"] == 0 || !seccomp.Supported() {
			t.Skip("nothing here can take Landlock away")
		}
		cmd.Env = append(cmd.Env, "TLSLENS_TEST_NO_LANDLOCK=1")
	}
	cmd.Stderr = os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadBytes('\n')
	if err != nil {
		t.Fatal(err)
	}
	threads(t, cmd.Process.Pid)
	in.Close()
	if err := cmd.Wait(); err != nil {
		t.Error(err)
	}
	var got attempts
	if err := json.Unmarshal(line, &got); err != nil {
		t.Fatal(err)
	}
	want := attempts{
		"open before": "", "enter": "", "user": "true", "read what is open": "",
		"/etc/shadow": "denied", "file in the folder": "", "remove it": "",
		"packet socket": "denied", "become root": "denied", "kill the parent": "denied",
	}
	for _, f := range Features() {
		switch {
		case f.Name == "landlock":
			landlock = landlock && strings.HasPrefix(f.State, "yes")
			want["landlock"] = fmt.Sprint(landlock)
			if !landlock {
				continue
			}
			want["/etc/hostname"], want["file elsewhere"] = "denied", "denied"
		case f.Name == "seccomp" && f.State == "yes":
			want["exec"], want["connect"] = "denied", "denied"
		}
	}
	for _, what := range []string{"/etc/hostname", "file elsewhere", "exec", "connect"} {
		if _, ok := want[what]; !ok {
			delete(got, what) // this kernel cannot
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("(-want +got):\n%s", d)
	}
}

func TestInMap(t *testing.T) {
	for _, tt := range []struct {
		name, lines string
		id          int
		want        bool
	}{
		{"whole system", "         0          0 4294967295\n", Nobody, true},
		{"only root", "         0       1000          1\n", Nobody, false},
		{"only root, root", "         0       1000          1\n", 0, true},
		{"subordinate users", "0 1000 1\n1 100000 65536\n", Nobody, true},
		{"last of a range", "0 1000 1\n1 100000 10\n", 10, true},
		{"behind a range", "0 1000 1\n1 100000 10\n", 11, false},
		{"empty", "", 0, false},
		{"not a map", "x y z\n", 0, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := inMap(tt.lines, tt.id); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

// threads holds that every thread of a process is without privileges.
func threads(t *testing.T, pid int) {
	t.Helper()
	names, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/status", pid))
	if err != nil || len(names) < 8 {
		t.Fatalf("%d threads, %v", len(names), err)
	}
	for _, name := range names {
		b, err := os.ReadFile(name)
		if err != nil {
			continue // it ended
		}
		got := map[string]string{}
		for line := range strings.Lines(string(b)) {
			k, v, _ := strings.Cut(line, ":")
			got[k] = strings.Join(strings.Fields(v), " ")
		}
		none := "0000000000000000"
		want := map[string]string{"Uid": "65534 65534 65534 65534", "Gid": "65534 65534 65534 65534", "Groups": "",
			"CapInh": none, "CapPrm": none, "CapEff": none, "CapAmb": none, "NoNewPrivs": "1"}
		for _, f := range Features() {
			if f.Name == "seccomp" && f.State == "yes" {
				want["Seccomp"] = "2"
			}
		}
		for k, v := range want {
			if got[k] != v {
				t.Errorf("%s: %s is %q, want %q", name, k, got[k], v)
			}
		}
	}
}
