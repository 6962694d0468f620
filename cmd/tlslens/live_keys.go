package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/tlslens/tlslens/dissect/keys"
)

// A keyTail follows a key log that a program writes while its connections are
// watched. The file was opened before privileges were given up.
type keyTail struct {
	name string
	f    *os.File
	read int64
	feed *keys.Feed
	said bool // why it cannot be read
}

// A keyTails follows all key logs, for all sources.
type keyTails struct {
	say func(name, what string)

	mu  sync.Mutex
	all []*keyTail
	at  time.Time // when they were read
}

// followKeys opens the key logs again, to hear what is added to them. Lines
// that were read already make no difference.
func (p *program) followKeys(s *settings, into *keys.Provider) *keyTails {
	if into == nil {
		return nil
	}
	names := slices.Clone(s.keys.logs)
	if name := p.getenv("SSLKEYLOGFILE"); name != "" && len(names) == 0 {
		names = append(names, name)
	}
	if len(names) > 0 {
		into.Expect()
	}
	k := &keyTails{say: p.message}
	for _, name := range names {
		if info, err := os.Stat(name); err != nil || !info.Mode().IsRegular() {
			continue // it was read once; a pipe has no more
		}
		if f, err := os.Open(name); err == nil {
			k.all = append(k.all, &keyTail{name: name, f: f, feed: into.Log().Feed(name)})
		}
	}
	if len(k.all) == 0 {
		return nil
	}
	return k
}

// makeLogs makes key logs that are not there yet, empty and readable by the user
// who watches: later this process could not open what others have made. What
// writes key logs appends to them.
func (p *program) makeLogs(s *settings) error {
	names := slices.Clone(s.keys.logs)
	if name := p.getenv("SSLKEYLOGFILE"); name != "" && len(names) == 0 {
		names = append(names, name)
	}
	for _, name := range names {
		f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
		if errors.Is(err, os.ErrExist) || err != nil && len(s.keys.logs) == 0 {
			continue // there, or only named by the environment
		}
		if err != nil {
			return failf("--keylog %s: %v", name, reason(err))
		}
		uid, gid := p.unprivileged()
		if os.Geteuid() == 0 && p.getenv("SUDO_UID") != "" {
			err = f.Chown(uid, gid)
		}
		if err := errors.Join(err, f.Close()); err != nil {
			return failf("--keylog %s: %v", name, reason(err))
		}
		p.message(name, "made, for there was no such key log; programs may write to it now")
	}
	return nil
}

// keysEvery is how often, by the clock of the packets, key logs are looked at.
// keysWait is how old a packet is before it is read where there are some: a client
// writes its secrets when it has read the ServerHello, a moment after the server's
// sealed messages passed by, and on a busy machine that takes time.
const (
	keysEvery = 5 * time.Millisecond
	keysWait  = 250 * time.Millisecond
)

// keysBacklog is the part of the buffer beyond which packets are not kept waiting.
const keysBacklog = 0.25

// ripen waits until a packet is old enough.
func (t *tap) ripen(at time.Time) {
	if t.tails == nil {
		return
	}
	if wait := keysWait - time.Since(at); wait > 0 && t.src.Backlog() < keysBacklog {
		time.Sleep(min(wait, keysWait))
	}
}

// read takes what was added to the key logs.
func (t *keyTails) read(at time.Time) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	if at.Sub(t.at).Abs() < keysEvery {
		return
	}
	t.at = at
	for _, k := range t.all {
		if err := k.take(); err != nil && !k.said {
			k.said = true
			t.say(k.name, fmt.Sprintf("this key log cannot be read any more: %v", reason(err)))
		}
	}
}

// close closes the files.
func (t *keyTails) close() {
	if t == nil {
		return
	}
	for _, k := range t.all {
		k.f.Close()
	}
}

// take reads what was added to a key log, all of it if it was emptied.
func (k *keyTail) take() error {
	if info, err := k.f.Stat(); err == nil && info.Size() < k.read {
		if _, err := k.f.Seek(0, io.SeekStart); err != nil {
			return err
		}
		k.read = 0
	}
	n, err := io.Copy(k.feed, k.f)
	k.read += n
	return err
}
