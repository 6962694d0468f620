//go:build unix && !linux

package sandbox

import (
	"fmt"
	"os"
	"syscall"
)

// Enter makes the process another user's, which is all that these systems
// offer without C.
func Enter(o Options) (Done, error) {
	if os.Geteuid() != 0 {
		return Done{}, nil
	}
	if err := syscall.Setgroups([]int{}); err != nil {
		// Some systems want the list to name the process' own group.
		if err := syscall.Setgroups([]int{o.GID}); err != nil {
			return Done{}, fmt.Errorf("leaving all groups: %w", err)
		}
	}
	if err := syscall.Setgid(o.GID); err != nil {
		return Done{}, fmt.Errorf("becoming group %d: %w", o.GID, err)
	}
	if err := syscall.Setuid(o.UID); err != nil {
		return Done{}, fmt.Errorf("becoming user %d: %w", o.UID, err)
	}
	return Done{User: true}, nil
}

// Features says what of the sandbox this system supports.
func Features() []Feature { return []Feature{{"another user", "if root"}} }
