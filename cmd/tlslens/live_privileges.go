package main

import (
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"github.com/tlslens/tlslens/capture/live"
	"github.com/tlslens/tlslens/capture/live/sandbox"
)

// confine gives up all privileges that the capture does not need.
func (w *watching) confine() error {
	if w.s.live.noSandbox {
		return nil
	}
	uid, gid := w.p.unprivileged()
	if os.Geteuid() == 0 {
		for _, f := range w.created() {
			// Else its owner could not even read what sudo was to get.
			if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
				if err := f.Chown(uid, gid); err != nil {
					return failf("%s cannot be given to user %d: %v", f.Name(), uid, reason(err))
				}
			}
		}
	}
	var folders []string
	if w.s.live.ring != (live.RingFiles{}) {
		folders = append(folders, filepath.Dir(w.s.live.write))
	}
	_, _ = time.Now().Local().Zone() // reads the file of the time zone while it can be
	if _, err := sandbox.Enter(sandbox.Options{UID: uid, GID: gid, Folders: folders}); err != nil {
		return failf("privileges cannot be given up: %v", err).or("--no-sandbox keeps them: hostile packets are then read with all of them")
	}
	return nil
}

// created returns the files that were opened to be written.
func (w *watching) created() []*os.File {
	var all []*os.File
	if w.out != nil {
		all = append(all, w.out.file)
	}
	if w.saver != nil && w.saver.File() != nil {
		all = append(all, w.saver.File())
	}
	return all
}

// unprivileged returns the user who called sudo, or nobody.
func (p *program) unprivileged() (uid, gid int) {
	uid, errU := strconv.Atoi(p.getenv("SUDO_UID"))
	gid, errG := strconv.Atoi(p.getenv("SUDO_GID"))
	if errU == nil && errG == nil && uid > 0 && gid > 0 {
		return uid, gid
	}
	uid, gid = sandbox.Nobody, sandbox.Nobody
	if u, err := user.Lookup("nobody"); err == nil {
		if n, err := strconv.Atoi(u.Uid); err == nil && n > 0 {
			uid = n
		}
		if n, err := strconv.Atoi(u.Gid); err == nil && n > 0 {
			gid = n
		}
	}
	return uid, gid
}
