//go:build !windows

package main

// takesEscapes reports whether the terminal that f is takes escape sequences.
func takesEscapes(any) bool { return true }
