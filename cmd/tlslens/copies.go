package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/pcapng"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/report/text"
)

// A privateFile is a new file that only its owner reads. It is removed unless
// it was finished.
type privateFile struct {
	*os.File
	done bool
}

// private creates a file that must not be there yet, for its owner only.
func private(flag, name string) (*privateFile, error) {
	f, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil, failf("%s %s is there already", flag, name).or("a file that may hold secrets is never overwritten; choose another name")
	}
	if err != nil {
		return nil, failf("%s %s cannot be written: %v", flag, name, reason(err))
	}
	return &privateFile{File: f}, nil
}

func (f *privateFile) finish() error {
	f.done = true
	return f.Close()
}

func (f *privateFile) abandon() {
	if !f.done {
		f.Close()
		os.Remove(f.Name())
	}
}

// A copying is a copy of the capture that is to be made.
type copying struct {
	file *privateFile
	keys *keys.Provider // whose used secrets go into it; nil for none
	bare bool           // none of them was used
}

// openCopies creates the files of the copies that were asked for, so that one
// that cannot be written is told before anything is read.
func openCopies(s *settings, k *keys.Provider) (all []*copying, err error) {
	for _, c := range []struct {
		flag, name string
		keys       *keys.Provider
	}{{"--embed-keys", s.export.embed, k}, {"--strip-keys", s.export.strip, nil}} {
		if c.name == "" {
			continue
		}
		f, err := private(c.flag, c.name)
		if err != nil {
			abandonCopies(all)
			return nil, err
		}
		all = append(all, &copying{file: f, keys: c.keys})
	}
	return all, nil
}

func abandonCopies(all []*copying) {
	for _, c := range all {
		c.file.abandon()
	}
}

// copies makes the copies, once the capture was read and it is known which
// secrets opened it.
func (p *program) copies(all []*copying, in *input) error {
	for _, c := range all {
		n, err := c.write(in)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("%s %s in %s", text.Count(n, "packet"), are(n), c.file.Name())
		if c.bare {
			what += "; no secret was embedded, for none was used"
		}
		p.message("", what)
	}
	return nil
}

// are is the verb for so many things.
func are(n uint64) string {
	if n == 1 {
		return "is"
	}
	return "are"
}

// write writes the capture again.
func (c *copying) write(in *input) (packets uint64, err error) {
	src, err := in.open()
	if err != nil {
		return 0, err
	}
	defer src.Close()
	w := pcapng.NewWriter(c.file, "tlslens")
	if c.keys != nil {
		var secrets bytes.Buffer
		if err := c.keys.WriteUsed(&secrets); err != nil {
			return 0, err
		}
		if c.bare = secrets.Len() == 0; !c.bare {
			if err := w.Secrets(secrets.Bytes()); err != nil {
				return 0, err
			}
		}
	}
	all := &copier{w: w, src: src, known: map[int]int{}}
	if packets, err = all.packets(); err != nil {
		return 0, err
	}
	if err := w.Flush(); err != nil {
		return 0, err
	}
	return packets, c.file.finish()
}

// A copier writes packets of a source, and their interfaces as they come up.
type copier struct {
	w     *pcapng.Writer
	src   capture.Source
	known map[int]int // interfaces of the file by those of the source
	n     uint64      // packets
}

// packets writes all packets of the source. A damaged end is no error here:
// whoever read the capture has told it.
func (c *copier) packets() (n uint64, err error) {
	var pkt capture.Packet
	for c.src.Next(&pkt) == nil {
		if err := c.packet(&pkt); err != nil {
			return c.n, err
		}
	}
	return c.n, nil
}

// packet writes a packet.
func (c *copier) packet(pkt *capture.Packet) (err error) {
	i, ok := c.known[pkt.Interface]
	if !ok {
		about := capture.Interface{Link: pkt.Link}
		if f, isFile := c.src.(*capture.File); isFile && pkt.Interface < len(f.Interfaces()) {
			about = f.Interfaces()[pkt.Interface]
		}
		if i, err = c.w.Interface(about); err != nil {
			return err
		}
		c.known[pkt.Interface] = i
	}
	c.n++
	return c.w.Packet(i, pkt.Time, pkt.Data, pkt.WireLen, string(pkt.Comment))
}
