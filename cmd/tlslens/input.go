package main

import (
	"context"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/pki"
)

// An input is one capture to read.
type input struct {
	name string
	open func() (capture.Source, error)
	// blocks says that reading may wait for somebody, so that an interrupt
	// must close the source from outside; its Close allows that.
	blocks bool
	size   int64 // bytes to read if they are known and not compressed, else -1
}

// inputs returns the captures of these names without opening them.
func (p *program) inputs(names []string) ([]*input, error) {
	if len(names) == 0 {
		return nil, noCapture()
	}
	if i := slices.IndexFunc(names, isFilter); i > 0 {
		return nil, failf("%q is no file", names[i]).or("a packet filter goes behind -f: -f '%s'", strings.Join(names[i:], " "))
	}
	var all []*input
	standard := 0
	for _, name := range expanded(names) {
		in := &input{name: name, size: -1, open: func() (capture.Source, error) { return opened(capture.Open(name)) }, blocks: true}
		if name == "-" {
			if standard++; standard > 1 {
				return nil, failf("standard input (-) is given twice").or("it can be read only once")
			}
			if _, isTerminal := p.terminal(p.stdin); isTerminal {
				return nil, failf("standard input is a terminal, and nobody types a capture").or("tcpdump -w - ... | tlslens -, or tlslens - < FILE")
			}
			if p.stdin != io.Reader(os.Stdin) {
				in.open = func() (capture.Source, error) { return opened(capture.NewReader(p.stdin, "-")) }
				in.blocks = false
			}
		} else {
			in.size = plainSize(name)
		}
		all = append(all, in)
	}
	return all, nil
}

// expanded puts the files in the place of a pattern that no shell has expanded,
// as on Windows, where no name has a "*" or "?". A pattern of no file stays.
func expanded(names []string) (all []string) {
	for _, name := range names {
		files := []string{name}
		if runtime.GOOS == "windows" && strings.ContainsAny(name, "*?") {
			if found, err := filepath.Glob(name); err == nil && len(found) > 0 {
				files = found
			}
		}
		all = append(all, files...)
	}
	return all
}

// isFilter reports whether a name is rather the first word of a packet filter,
// which tcpdump takes as arguments.
func isFilter(name string) bool {
	switch name {
	case "tcp", "udp", "ip", "ip6", "port", "portrange", "host", "net", "src", "dst", "vlan", "not", "proto":
		_, err := os.Stat(name)
		return err != nil
	}
	return false
}

// opened makes an interface of a file, nil if there is an error.
func opened(f *capture.File, err error) (capture.Source, error) {
	if err != nil {
		return nil, err
	}
	return f, nil
}

// plainSize returns the size of a regular file that is not compressed, else -1.
func plainSize(name string) int64 {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return -1
	}
	f, err := os.Open(name)
	if err != nil {
		return -1
	}
	defer f.Close()
	var magic [4]byte
	if _, err := io.ReadFull(f, magic[:]); err != nil {
		return -1
	}
	switch string(magic[:2]) {
	case "\x1f\x8b", "\x28\xb5", "\x04\x22": // gzip, zstd, lz4
		return -1
	}
	return info.Size()
}

// options turns the settings into those of the dissection. It loads the trust
// anchors, so that a wrong --ca is told before anything is read.
func (s *settings) options() (dissect.Options, error) {
	opt := dissect.Options{
		Workers: s.workers, MaxPackets: s.packets, At: s.at, Verify: s.verify,
		Limits: flow.Limits{Flows: s.flows, TotalBytes: int(s.memory / 8)},
	}
	opt.Detail = detail(s.verbose)
	opt.Phases = s.format == "lines"
	var stores []*pki.Store
	for _, name := range s.anchors {
		var store *pki.Store
		switch name {
		case "mozilla":
			store = pki.Mozilla()
		case "system":
			store = pki.System()
			if err := store.Err(); err != nil {
				return opt, failf("--ca system: %v", err).or("SSL_CERT_FILE names the file of the system's roots; --ca mozilla uses those that are built in")
			}
		default:
			var err error
			if store, err = pki.LoadPEM(name); err != nil {
				return opt, failf("--ca %s: %v", name, reason(err)).or("it is to be a file of PEM certificates, or one in DER, or a folder of them; or system, or mozilla")
			}
		}
		stores = append(stores, store)
	}
	if stores != nil {
		opt.Roots = pki.Join(stores...)
	}
	return opt, nil
}

// limitMemory tells the runtime how much memory to get by with, and returns
// what undoes it.
func (p *program) limitMemory(s *settings) (undo func()) {
	limit := s.memory
	if limit == 0 {
		if p.getenv("GOMEMLIMIT") != "" {
			return func() {}
		}
		limit = defaultMemory
	}
	before := debug.SetMemoryLimit(limit)
	return func() { debug.SetMemoryLimit(before) }
}

// closeOnInterrupt makes a Next that waits return when ctx ends. The function
// that it returns is to be called when reading is over.
func (in *input) closeOnInterrupt(ctx context.Context, src capture.Source) (done func()) {
	if !in.blocks {
		return func() {}
	}
	stop := context.AfterFunc(ctx, func() { src.Close() })
	return func() { stop() }
}
