package main

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/tlslens/tlslens/capture/live/sandbox"
)

// version prints what this binary is.
func (p *program) version(_ context.Context, s *settings, args []string) error {
	if len(args) > 0 {
		return failf("version takes no argument, not %q", args[0])
	}
	b := build()
	_, err := fmt.Fprintf(p.stdout, "tlslens %s\ncommit   %s\ngo       %s\nplatform %s/%s\n", b.version, b.commit, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	if err != nil || s.verbose == 0 {
		return err
	}
	for _, f := range sandbox.Features() {
		if _, err := fmt.Fprintf(p.stdout, "sandbox  %s: %s\n", f.Name, f.State); err != nil {
			return err
		}
	}
	return nil
}

// A buildInfo says which source this binary is made of.
type buildInfo struct{ version, commit string }

func build() buildInfo {
	b := buildInfo{version: "of unknown version", commit: "not known"}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" && v != "(devel)" {
		b.version = v
	} else {
		b.version = "(built from a checkout)"
	}
	var when, dirty string
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.commit = s.Value
		case "vcs.time":
			when = " of " + s.Value
		case "vcs.modified":
			if s.Value == "true" {
				dirty = ", with changes"
			}
		}
	}
	b.commit += when + dirty
	return b
}
