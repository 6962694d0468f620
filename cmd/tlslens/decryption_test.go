package main

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const decryptionPage = "../../docs/decryption.md"

// A tally counts connections of the same suite, version and peers.
type tally struct {
	version, suite, peers    string
	sealed, opened, finished int
	signatures, signaturesOK int
	captures                 []string
}

// peersOf reads who made a capture from its recipe, "" if it was made out of
// another one.
func peersOf(t *testing.T, base string) string {
	t.Helper()
	var found []string
	for line := range strings.Lines(string(readFile(t, pcaps+base+".recipe"))) {
		text, isComment := strings.CutPrefix(strings.TrimSpace(line), "# ")
		if !isComment {
			if found != nil {
				break
			}
			continue
		}
		if after, ok := strings.CutPrefix(text, "Peers: "); ok {
			found = append(found, after)
		} else if found != nil {
			found = append(found, text)
		}
	}
	peers, _, _ := strings.Cut(strings.Join(found, " "), " Debian package")
	for _, how := range []string{", two hosts", ", four times two hosts", "; between them"} { // is not who
		peers, _, _ = strings.Cut(peers, how)
	}
	return strings.TrimSuffix(strings.TrimSpace(peers), ".")
}

// tallies reads every capture that was recorded with its keys.
func tallies(t *testing.T) []*tally {
	t.Helper()
	all := map[string]*tally{}
	for log, name := range withKeys(t) {
		base := strings.TrimSuffix(filepath.Base(log), ".keys")
		peers := peersOf(t, base)
		if peers == "" {
			continue
		}
		r := tlslens(t, nil, "-T", "jsonl", "--ca", pcaps+"pki/root.pem", "-k", log, name)
		for _, c := range connections(t, r.out) {
			if c.Decryption.Status == "" || c.Carrier == "quic" {
				continue
			}
			key := c.Version + "|" + c.Suite + "|" + peers
			x := all[key]
			if x == nil {
				x = &tally{version: c.Version, suite: c.Suite, peers: peers}
				all[key] = x
			}
			x.sealed++
			if c.Decryption.Status == "full" {
				x.opened++
			}
			if c.verified() == "client and server" {
				x.finished++
			}
			for _, s := range []*shownSignature{c.Phases.KeyExchange.Signature, c.Phases.KeyExchange.ClientSignature} {
				if s != nil {
					x.signatures++
				}
				if s != nil && s.Verified == true {
					x.signaturesOK++
				}
			}
			if !slices.Contains(x.captures, base) {
				x.captures = append(x.captures, base)
			}
		}
	}
	var list []*tally
	for _, x := range all {
		slices.Sort(x.captures)
		list = append(list, x)
	}
	slices.SortFunc(list, func(a, b *tally) int {
		return strings.Compare(a.version+"|"+a.suite+"|"+a.peers, b.version+"|"+b.suite+"|"+b.peers)
	})
	return list
}

// TestDecryptionPage holds the table of docs/decryption.md: what of which suite,
// version and peer is opened and verified. With -update it is written anew.
func TestDecryptionPage(t *testing.T) {
	var b bytes.Buffer
	b.WriteString("| Version | Cipher suite | Peers | Connections | Opened | Both Finished right | Signatures right |\n|---|---|---|--:|--:|--:|--:|\n")
	var sum tally
	for _, x := range tallies(t) {
		fmt.Fprintf(&b, "| %s | %s | %s | %d | %d | %d | %d of %d |\n", x.version, x.suite, x.peers, x.sealed, x.opened, x.finished, x.signaturesOK, x.signatures)
		sum.sealed, sum.opened, sum.finished = sum.sealed+x.sealed, sum.opened+x.opened, sum.finished+x.finished
		sum.signatures, sum.signaturesOK = sum.signatures+x.signatures, sum.signaturesOK+x.signaturesOK
	}
	fmt.Fprintf(&b, "| | | all | %d | %d | %d | %d of %d |\n", sum.sealed, sum.opened, sum.finished, sum.signaturesOK, sum.signatures)
	b.WriteString("\nOf these captures, not opened or not verified:\n\n")
	var rest []string
	for id, why := range notOpened {
		if !strings.HasPrefix(why, "nothing sealed") {
			rest = append(rest, "- "+hashed(id)+", not opened: "+strings.TrimPrefix(why, "none: "))
		}
	}
	for id, why := range notVerified {
		what, why, _ := strings.Cut(why, ": ")
		if what != "none" {
			what = "only that of the " + what
		}
		rest = append(rest, "- "+hashed(id)+", Finished verified: "+what+"; "+why)
	}
	slices.Sort(rest)
	b.WriteString(strings.Join(rest, ".\n") + ".\n")

	const begin, end = "<!-- begin: written by go test ./cmd/tlslens -run TestDecryptionPage -update -->\n", "<!-- end -->\n"
	page := string(readFile(t, decryptionPage))
	before, after, ok := strings.Cut(page, begin)
	_, after, ok2 := strings.Cut(after, end)
	if !ok || !ok2 {
		t.Fatal("the page has no place for the table")
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(decryptionPage, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if d := cmp.Diff(page, want); d != "" {
		t.Errorf("%s is not up to date; go test ./cmd/tlslens -run TestDecryptionPage -update writes it anew (-file, +captures):\n%s", decryptionPage, d)
	}
}

// hashed writes "tour 8" as "tour #8".
func hashed(id string) string {
	i := strings.LastIndexByte(id, ' ')
	return id[:i] + " #" + id[i+1:]
}
