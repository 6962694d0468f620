package filter_test

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/capture/filter"
)

const (
	perFile = 200   // packets taken of a capture
	perLink = 20000 // packets of a link type
)

type real struct {
	data []byte
	wire int
}

// collect reads the first packets of every capture of the corpus.
func collect(t *testing.T, root string) (byLink map[uint32][]real, files int) {
	t.Helper()
	byLink = make(map[uint32][]real)
	_ = filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return nil
		}
		f, err := capture.Open(path)
		if err != nil {
			return nil
		}
		defer func() { _ = f.Close() }()
		files++
		var p capture.Packet
		for n := 0; n < perFile && f.Next(&p) == nil; n++ {
			link := uint32(p.Link)
			if len(byLink[link]) < perLink && !foreignLoopback(p) {
				byLink[link] = append(byLink[link], real{bytes.Clone(p.Data), p.WireLen})
			}
		}
		return nil
	})
	return byLink, files
}

// foreignLoopback: where a verdict differs from libpcap's on purpose.
func foreignLoopback(p capture.Packet) bool {
	if p.Link != capture.LinkNull && p.Link != capture.LinkLoop || len(p.Data) < 4 {
		return false
	}
	linux := [][]byte{{2, 0, 0, 0}, {10, 0, 0, 0}}
	if p.Link == capture.LinkLoop {
		linux = [][]byte{{0, 0, 0, 2}, {0, 0, 0, 10}}
	}
	return !bytes.Equal(p.Data[:4], linux[0]) && !bytes.Equal(p.Data[:4], linux[1])
}

// TestCorpus compares verdicts on real captures with libpcap's.
func TestCorpus(t *testing.T) {
	root := os.Getenv("TLSLENS_CORPUS")
	if root == "" {
		t.Skip("TLSLENS_CORPUS is not set")
	}
	filter.NeedTcpdump(t)
	byLink, files := collect(t, filepath.Join(root, "captures"))
	if files == 0 || len(byLink[1]) == 0 {
		t.Fatalf("%d captures under %s, %d Ethernet packets", files, root, len(byLink[1]))
	}
	for link, list := range byLink {
		t.Run(filter.LinkName(link), func(t *testing.T) {
			exprs := filter.Expressions
			if link == 1 {
				exprs = append(exprs[:len(exprs):len(exprs)], filter.EtherExpressions...)
			}
			compiled, matched := 0, 0
			for _, e := range exprs {
				ours, err := filter.Compile(e, link, filter.Options{})
				if err != nil {
					continue
				}
				compiled++
				theirs, err := filter.Oracle(t, e, link, false)
				if err != nil {
					t.Fatalf("%q: libpcap says %v", e, err)
				}
				for _, p := range list {
					got := ours.Match(p.data, p.wire)
					if got != theirs.Match(p.data, p.wire) {
						t.Fatalf("%q on %x: %v, libpcap says otherwise\n%s\n%s", e, p.data, got, ours, theirs)
					}
					if got {
						matched++
					}
				}
			}
			t.Logf("%d expressions on %d packets: %d matches", compiled, len(list), matched)
		})
	}
}
