package sandbox

import (
	"slices"
	"testing"

	"github.com/elastic/go-seccomp-bpf/arch"
)

// TestCalls holds that on each architecture with system call filters what the
// runtime and the reading of a ring need is allowed, and what a process that was taken over
// must not do is not.
func TestCalls(t *testing.T) {
	for i, n := range calls() {
		if slices.Contains(calls()[:i], n) {
			t.Errorf("%s is listed twice", n)
		}
	}
	everywhere := []string{
		"read", "write", "pread64", "close", "openat", "fstat", "lseek", "ftruncate", "unlinkat", "ppoll", "epoll_pwait", "epoll_ctl", "eventfd2",
		"getsockopt", "getsockname", "ioctl", "mmap", "munmap", "madvise", "futex", "rt_sigaction", "rt_sigreturn", "rt_sigprocmask", "sigaltstack",
		"tgkill", "gettid", "getpid", "clone", "exit", "exit_group", "sched_yield", "sched_getaffinity", "nanosleep", "clock_gettime", "getrandom", "prlimit64",
	}
	for _, name := range []string{"amd64", "arm64"} {
		t.Run(name, func(t *testing.T) {
			info, err := arch.GetInfo(name)
			if err != nil {
				t.Fatal(err)
			}
			names := known(info)
			for _, n := range everywhere {
				if !slices.Contains(names, n) {
					t.Errorf("%s is not allowed", n)
				}
			}
			for _, n := range []string{"socket", "socketcall", "connect", "bind", "listen", "accept", "accept4", "sendto", "sendmsg", "execve", "execveat", "fork", "vfork",
				"ptrace", "process_vm_readv", "process_vm_writev", "kill", "setuid", "setresuid", "setgid", "capset", "mount", "unshare", "setns", "bpf",
				"perf_event_open", "init_module", "finit_module", "keyctl", "io_uring_setup", "userfaultfd", "chmod", "fchmod", "chown", "fchown", "symlinkat", "linkat", "mknodat", "prctl", "setsockopt"} {
				if slices.Contains(names, n) {
					t.Errorf("%s is allowed", n)
				}
			}
		})
	}
}
