package sandbox

import (
	"fmt"
	"os"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"unsafe"

	"github.com/elastic/go-seccomp-bpf"
	"github.com/elastic/go-seccomp-bpf/arch"
	"github.com/landlock-lsm/go-landlock/landlock"
	ll "github.com/landlock-lsm/go-landlock/landlock/syscall"
	"golang.org/x/sys/unix"
	"kernel.org/pub/linux/libs/security/libcap/psx"
)

// Enter takes the privileges away. It fails if one that the process has stays;
// what the kernel does not know is left out and told in Done.
func Enter(o Options) (Done, error) {
	var d Done
	// psx reaches every thread, also those that C code started.
	if _, _, e := psx.Syscall6(unix.SYS_PRCTL, unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0, 0); e != 0 {
		return d, fmt.Errorf("PR_SET_NO_NEW_PRIVS: %w", e)
	}
	// In a user namespace that has no such user, root is one already who is an
	// ordinary user outside: unshare -r makes it so.
	if unix.Geteuid() == 0 && mapped("/proc/self/uid_map", o.UID) && mapped("/proc/self/gid_map", o.GID) {
		if err := become(o.UID, o.GID); err != nil {
			return d, err
		}
		d.User = true
	}
	if err := dropCapabilities(); err != nil {
		return d, err
	}
	var err error
	if d.Landlock, err = restrictFiles(o.Folders); err != nil {
		return d, err
	}
	d.Seccomp, err = filterCalls()
	return d, err
}

// mapped reports whether a user or group exists in this user namespace, by its
// map (user_namespaces(7)): lines of first number inside, first outside, length.
func mapped(file string, id int) bool {
	b, err := os.ReadFile(file)
	if err != nil {
		return true // no namespaces
	}
	return inMap(string(b), id)
}

func inMap(lines string, id int) bool {
	for line := range strings.Lines(lines) {
		var inside, outside, n int64
		if _, err := fmt.Sscan(line, &inside, &outside, &n); err == nil && int64(id) >= inside && int64(id) < inside+n {
			return true
		}
	}
	return false
}

// become changes the user of all threads.
func become(uid, gid int) error {
	if err := syscall.Setgroups([]int{}); err != nil {
		return fmt.Errorf("leaving all groups: %w", err)
	}
	if err := syscall.Setresgid(gid, gid, gid); err != nil {
		return fmt.Errorf("becoming group %d: %w", gid, err)
	}
	if err := syscall.Setresuid(uid, uid, uid); err != nil {
		return fmt.Errorf("becoming user %d: %w", uid, err)
	}
	return nil
}

// dropCapabilities clears the permitted, effective, inheritable and, by that,
// ambient sets of all threads (capabilities(7)).
func dropCapabilities() error {
	hdr := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var none [2]unix.CapUserData
	_, _, e := psx.Syscall3(unix.SYS_CAPSET, uintptr(unsafe.Pointer(&hdr)), uintptr(unsafe.Pointer(&none[0])), 0)
	runtime.KeepAlive(&hdr)
	runtime.KeepAlive(&none)
	if e != 0 {
		return fmt.Errorf("dropping capabilities: %w", e)
	}
	return nil
}

// restrictFiles leaves only the folders to be opened, and no network. Files and
// sockets that are open stay so.
func restrictFiles(folders []string) (int, error) {
	abi, err := ll.LandlockGetABIVersion()
	if err != nil || abi == 0 {
		return 0, nil
	}
	var rules []landlock.Rule
	if len(folders) > 0 {
		rules = append(rules, landlock.RWDirs(folders...))
	}
	if err := landlock.V7.BestEffort().Restrict(rules...); err != nil {
		return abi, fmt.Errorf("landlock: %w", err)
	}
	return abi, nil
}

// calls are the system calls that the runtime of Go and what is done after
// Enter make: reading the ring, files that are open, files in the folders, the
// terminal's size, signals, time, memory, threads, the end.
func calls() []string {
	return []string{
		"read", "write", "readv", "writev", "pread64", "pwrite64", "lseek", "_llseek", "close", "dup", "dup3",
		"fstat", "fstat64", "newfstatat", "fstatat64", "stat", "lstat", "statx", "open", "openat", "fcntl", "fcntl64", "ftruncate", "ftruncate64",
		"fsync", "fdatasync", "unlink", "unlinkat", "rename", "renameat", "renameat2", "getdents64", "readlink", "readlinkat", "faccessat", "faccessat2",
		"ioctl", "poll", "ppoll", "ppoll_time64", "epoll_create1", "epoll_ctl", "epoll_wait", "epoll_pwait", "epoll_pwait2", "eventfd2", "pipe2",
		"getsockopt", "getsockname", "shutdown",
		"mmap", "mmap2", "munmap", "mprotect", "mremap", "madvise", "mincore", "brk", "membarrier",
		"rt_sigaction", "rt_sigprocmask", "rt_sigreturn", "rt_sigpending", "rt_sigtimedwait", "sigaltstack", "sigreturn", "restart_syscall",
		"tgkill", "tkill", "gettid", "getpid", "getppid", "getuid", "geteuid", "getgid", "getegid", "getpgrp",
		"clone", "clone3", "exit", "exit_group", "set_robust_list", "rseq", "set_tid_address", "arch_prctl", "set_tls", "set_thread_area",
		"futex", "futex_time64", "sched_yield", "sched_getaffinity", "nanosleep", "clock_nanosleep", "clock_gettime", "clock_gettime64", "clock_getres", "gettimeofday",
		"timer_create", "timer_settime", "timer_delete", "setitimer", "getrandom", "getrusage", "getrlimit", "ugetrlimit", "prlimit64", "uname", "getcpu",
	}
}

// known returns those of calls that an architecture has.
func known(info *arch.Info) []string {
	return slices.DeleteFunc(calls(), func(name string) bool {
		_, ok := info.SyscallNames[name]
		return !ok
	})
}

// What socketcall(2) does, as its first argument says (linux/net.h).
const (
	getsockname = 6
	shutdown    = 13
	getsockopt  = 15
)

// filterCalls lets all threads make only the listed system calls; any other
// fails with EPERM. Where the architecture or the kernel has no such filters
// it does nothing.
func filterCalls() (bool, error) {
	info, err := arch.GetInfo("")
	if err != nil || !seccomp.Supported() {
		return false, nil
	}
	allowed := seccomp.SyscallGroup{Action: seccomp.ActionAllow, Names: known(info)}
	if _, ok := info.SyscallNames["socketcall"]; ok { // 386: one call for all that sockets do, told by its first argument
		for _, what := range []uint64{getsockname, shutdown, getsockopt} {
			allowed.NamesWithCondtions = append(allowed.NamesWithCondtions, seccomp.NameWithConditions{
				Name: "socketcall", Conditions: seccomp.ArgumentConditions{{Argument: 0, Operation: seccomp.Equal, Value: what}},
			})
		}
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err = seccomp.LoadFilter(seccomp.Filter{
		NoNewPrivs: true, Flag: seccomp.FilterFlagTSync,
		Policy: seccomp.Policy{
			DefaultAction: seccomp.ActionErrno, // with EPERM
			Syscalls:      []seccomp.SyscallGroup{allowed},
		},
	})
	if err != nil {
		return false, fmt.Errorf("seccomp: %w", err)
	}
	return true, nil
}

// Features says what of the sandbox this kernel supports.
func Features() []Feature {
	fs := []Feature{{"another user", "if root"}, {"no new privileges", "yes"}}
	if v, err := unix.PrctlRetInt(unix.PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0); err != nil {
		fs[1].State = "no"
	} else if v == 1 {
		fs[1].State = "yes, set already"
	}
	if abi, err := ll.LandlockGetABIVersion(); err != nil || abi == 0 {
		fs = append(fs, Feature{"landlock", "no"})
	} else {
		fs = append(fs, Feature{"landlock", fmt.Sprintf("yes, version %d", abi)})
	}
	state := "no"
	if _, err := arch.GetInfo(""); err != nil {
		state = "not on this architecture"
	} else if seccomp.Supported() {
		state = "yes"
	}
	return append(fs, Feature{"seccomp", state})
}
