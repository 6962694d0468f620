// Package sandbox takes from this process what it will not need any more.
//
// Capturing needs privileges, understanding hostile packets needs none. Once
// the interfaces and files are open, [Enter] makes the whole process, all its
// threads, an ordinary user's without capabilities, and, where the kernel can,
// keeps it from opening files, making network connections and starting
// programs. There is no way back.
package sandbox

// Options say what stays allowed.
type Options struct {
	// UID and GID are the user to become if the process is root's.
	UID, GID int
	// Folders are those in which files may still be created, read, written and
	// removed.
	Folders []string
}

// Nobody is the user to become if there is no better one.
const Nobody = 65534

// A Done says what a call of [Enter] has done.
type Done struct {
	User     bool // the process is another user's
	Landlock int  // version of Landlock that the kernel has, 0 for none
	Seccomp  bool // system calls are filtered
}

// A Feature is something that the sandbox uses if the kernel has it.
type Feature struct{ Name, State string }
