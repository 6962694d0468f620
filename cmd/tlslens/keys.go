package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/report/text"
)

// keySettings are the secrets that the user names.
type keySettings struct {
	logs, private []string
	psks          []pskSetting
	sealed        bool // --no-decrypt
}

type pskSetting struct{ identity, key []byte }

func keyFlags() []*flagDef {
	file := func(into func(*settings) *[]string) func(*settings, string) error {
		return func(s *settings, v string) error {
			if v == "" {
				return errors.New("the name of the file is empty")
			}
			list := into(s)
			*list = append(*list, v)
			return nil
		}
	}
	return []*flagDef{
		{name: "keylog", short: "k", arg: "FILE", group: groupKeys, repeat: true, complete: "file", doc: "key log in the format of SSLKEYLOGFILE",
			more: "As written by browsers, curl, OpenSSL, GnuTLS, NSS, Go and others (RFC 9850). It is followed while it grows, by live, which makes it if it is not there yet, and while packets come through a pipe. The file that SSLKEYLOGFILE names is read if there is no --keylog, and secrets that a pcapng file carries are used by themselves.",
			set:  file(func(s *settings) *[]string { return &s.keys.logs })},
		{name: "private-key", arg: "FILE", group: groupKeys, repeat: true, complete: "file", doc: "key of a server: RSA, for RSA key exchange; or of ECH",
			more: "PEM or DER: PKCS #1, PKCS #8, PKCS #12. The password of an encrypted one is taken from TLSLENS_KEY_PASSWORD. It opens connections whose premaster secret was encrypted to that key; no other key exchange can be opened with it. A PEM file with the key of Encrypted Client Hello and its ECHCONFIG (RFC 9934) opens the ClientHellos that were sealed to it, and nothing behind them.",
			set:  file(func(s *settings) *[]string { return &s.keys.private })},
		{name: "psk", arg: "IDENTITY:HEX", group: groupKeys, repeat: true, doc: "pre-shared key of an identity",
			more: "The key is the part behind the last colon. With an empty identity it is tried with every one.",
			set:  setPSK},
		{name: "no-decrypt", group: groupKeys, doc: "leave sealed what is sealed",
			more: "Even if the capture carries its own keys, or SSLKEYLOGFILE is set.",
			set:  flag(func(s *settings, on bool) { s.keys.sealed = on })},
	}
}

func setPSK(s *settings, v string) error {
	i := strings.LastIndexByte(v, ':')
	if i < 0 {
		return errors.New("the value is to be IDENTITY:HEX")
	}
	key, err := hex.DecodeString(v[i+1:])
	if err != nil || len(key) == 0 {
		return errors.New("what stands behind the last colon is no key in hexadecimal")
	}
	s.keys.psks = append(s.keys.psks, pskSetting{[]byte(v[:i]), key})
	return nil
}

// provider loads the keys, so that a wrong one is told before anything is read.
// It is nil with --no-decrypt.
func (p *program) provider(s *settings) (*keys.Provider, error) {
	if s.keys.sealed {
		return nil, nil
	}
	log := keys.NewLog()
	for _, name := range s.keys.logs {
		if err := p.loadLog(log, name); err != nil {
			return nil, err
		}
	}
	if name := p.getenv("SSLKEYLOGFILE"); name != "" && len(s.keys.logs) == 0 {
		if _, err := os.Stat(name); err == nil { // programs make it when they first write to it
			if err := p.loadLog(log, name); err != nil {
				return nil, err
			}
		}
	}
	out := keys.NewProvider(log)
	if len(s.keys.logs) > 0 {
		out.Expect()
	}
	var password []byte
	if v := p.getenv("TLSLENS_KEY_PASSWORD"); v != "" {
		password = []byte(v)
	}
	for _, name := range s.keys.private {
		ks, err := keys.LoadPrivateKeys(name, password)
		if err != nil {
			return nil, keyFailure("--private-key", name, err)
		}
		out.AddPrivateKey(ks...)
	}
	for _, k := range s.keys.psks {
		out.AddPSK(k.identity, k.key)
	}
	return out, nil
}

// loadLog reads a key log and tells of lines in it that are none.
func (p *program) loadLog(log *keys.Log, name string) error {
	f, err := os.Open(name)
	if err != nil {
		return failf("--keylog %s: %v", name, reason(err))
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && info.IsDir() {
		return failf("--keylog %s: this is a folder, not a key log", name).or("a key log is what programs write to the file named by SSLKEYLOGFILE")
	}
	before := log.Stats()
	if err := log.Load(f, name); err != nil {
		// What it has is no reason not to read the capture without it.
		p.complain("", keyFailure("--keylog", name, err))
		return nil
	}
	if st := log.Stats(); st.Junk > before.Junk {
		first := ""
		if len(st.FirstJunk) > len(before.FirstJunk) {
			first = fmt.Sprintf("; the first is %s", st.FirstJunk[len(before.FirstJunk)])
		}
		n := uint64(st.Junk - before.Junk)
		p.message(name, fmt.Sprintf("%s %s not understood%s", text.Count(n, "line"), are(n), first))
	}
	return nil
}

// keyFailure words why a file with secrets cannot be used.
func keyFailure(flag, name string, err error) *failure {
	f := failf("%s %s: %v", flag, name, reason(err))
	var key *keys.KeyError
	var log *keys.LogError
	switch { // both begin with the name
	case errors.As(err, &key) && key.What != "":
		f = failf("%s %s: %s", flag, name, key.What)
	case errors.As(err, &key):
		f = failf("%s %s: %v", flag, name, reason(key.Err))
	case errors.As(err, &log) && log.Err == nil:
		f = failf("%s %s: %s", flag, name, log.What)
	}
	var h interface{ Hint() string }
	if errors.As(err, &h) && h.Hint() != "" {
		return f.or("%s", h.Hint())
	}
	return f
}

// embedded adds the secrets that a capture file carries, wherever they stand in
// it. Standard input can be read only once: its secrets serve the packets
// behind them.
func embedded(in *input, into *keys.Provider) {
	if into == nil || in.name == "-" || !mayCarrySecrets(in.name) {
		return
	}
	src, err := in.open()
	if err != nil {
		return // reading it will say so
	}
	defer src.Close()
	sec, ok := src.(capture.Secrets)
	if !ok {
		return
	}
	var pkt capture.Packet
	for err == nil {
		err = src.Next(&pkt)
		if text := sec.Secrets(); text != nil {
			into.Log().Add(text, in.name)
		}
	}
}

// mayCarrySecrets reports whether a file is a regular one and not a pcap file,
// which has no room for secrets.
func mayCarrySecrets(name string) bool {
	info, err := os.Stat(name)
	if err != nil || !info.Mode().IsRegular() {
		return false
	}
	f, err := os.Open(name)
	if err != nil {
		return false
	}
	defer f.Close()
	var magic [4]byte
	if n, _ := f.Read(magic[:]); n < len(magic) {
		return false
	}
	switch string(magic[:]) {
	case "\xd4\xc3\xb2\xa1", "\xa1\xb2\xc3\xd4", "\x4d\x3c\xb2\xa1", "\xa1\xb2\x3c\x4d":
		return false
	}
	return true
}
