package main

import (
	"os"

	"golang.org/x/sys/windows"
)

// takesEscapes reports whether the console that f is takes escape sequences. It
// shows them as characters unless it is asked to take them, which consoles
// before Windows 10 cannot.
func takesEscapes(f any) bool {
	file, ok := f.(*os.File)
	if !ok {
		return false
	}
	var mode uint32
	h := windows.Handle(file.Fd())
	if windows.GetConsoleMode(h, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(h, mode|windows.ENABLE_PROCESSED_OUTPUT|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
