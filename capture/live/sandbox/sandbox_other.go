//go:build !unix

package sandbox

// Enter does nothing: this system has nothing of the kind.
func Enter(Options) (Done, error) { return Done{}, nil }

// Features says what of the sandbox this system supports.
func Features() []Feature { return nil }
