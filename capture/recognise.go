package capture

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"unicode/utf8"
)

// recognise sets the format of the file by its first bytes.
func (f *File) recognise() *OpenError {
	c := &f.c
	if !c.need(4) {
		return f.noHeader("capture", len(c.buf), 4)
	}
	if _, _, ok := pcapMagic(c.buf); ok {
		format, bad := newPcap(f)
		f.format = format
		return bad
	}
	if bytes.HasPrefix(c.buf, magicPcapng) {
		format, bad := newPcapng(f)
		f.format = format
		return bad
	}
	c.need(512) // whatever of it there is
	return foreign(c.buf[:min(len(c.buf), 512)], f.compressed)
}

// noHeader is the error for an input that ends inside its file header.
func (f *File) noHeader(kind string, have, need int) *OpenError {
	switch err := f.c.err; {
	case !f.c.cutShort() && f.compressed != "":
		return badCompression(f.compressed, err)
	case !f.c.cutShort():
		return &OpenError{What: "cannot be read", Err: err}
	case f.compressed != "" && have == 0:
		return &OpenError{What: "this is " + f.compressed + " data that holds nothing, or is cut short at its start",
			hint: "copy or download the file again"}
	}
	return &OpenError{
		What: fmt.Sprintf("cut short in the %s file header: %d of %d bytes are there", kind, have, need),
		hint: "copy or download the file again",
	}
}

// A signature is how files of a format start that is not read here.
type signature struct {
	magic string
	is    string
	hint  string
}

const decompressHint = "decompress it first: "

// signatures returns the formats that people mistake for pcap, as far as they
// start with something that tells them.
func signatures() []signature {
	return []signature{
		{"snoop\x00\x00\x00", "a Sun snoop file", editcapHint},
		{"btsnoop\x00", "a Bluetooth btsnoop file", editcapHint},
		{"GMBU", "a Microsoft Network Monitor 2 file", editcapHint},
		{"RTSS", "a Microsoft Network Monitor 1 file", editcapHint},
		{"XCP\x00", "a NetXRay or Sniffer (Windows) file", editcapHint},
		{"TRSNIFF data    \x1a", "a Sniffer (DOS) file", editcapHint},
		{"ObserverPktBuffe", "a Network Instruments Observer file", editcapHint},
		{"iptrace ", "an AIX iptrace file", editcapHint},
		{"\x7fver", "a Savvius OmniPeek file", editcapHint},
		{"\xd4\xc3\xb2\x00", "a pcap file with a damaged magic number", ""},
		{"\xfd7zXZ\x00", "xz data", decompressHint + "xz -dc IN | tlslens read -"},
		{"BZh", "bzip2 data", decompressHint + "bzip2 -dc IN | tlslens read -"},
		{"\x1f\x9d", "compress (.Z) data", decompressHint + "gzip -dc IN | tlslens read -"},
		{"\x1f\x8b", "gzip data of an unknown method", ""},
		{"PK\x03\x04", "a zip archive", "unpack it first: unzip -p IN | tlslens read -"},
		{"7z\xbc\xaf\x27\x1c", "a 7-Zip archive", "unpack it first: 7z x -so IN | tlslens read -"},
		{"Rar!\x1a\x07", "a RAR archive", "unpack it first"},
		{"\x7fELF", "a program", ""},
		{"MZ", "a Windows program", ""},
		{"-----BEGIN ", "a PEM file (certificates or keys)", ""},
		{"CLIENT_RANDOM ", "a TLS key log", "give it with -k, together with the capture"},
		{"CLIENT_HANDSHAKE_TRAFFIC_SECRET ", "a TLS key log", "give it with -k, together with the capture"},
		{"# SSL/TLS secrets log file", "a TLS key log", "give it with -k, together with the capture"},
		{"{", "JSON", ""},
		{"<?xml", "XML", "the capture itself is needed, not an export of it"},
		{"<!DOCTYPE", "a web page", "the download gave a page, not the file"},
		{"<html", "a web page", "the download gave a page, not the file"},
		{"version https://git-lfs", "a Git LFS pointer", "fetch the file itself: git lfs pull"},
	}
}

// foreign is the error for a file that is none of the formats read here.
func foreign(b []byte, compressed string) *OpenError {
	wrap := ""
	if compressed != "" {
		wrap = " inside " + compressed
	}
	if kind := compression(b); kind != "" {
		return &OpenError{What: "this is " + kind + wrap + ", compressed twice",
			hint: decompressHint + compressed + " -dc IN | tlslens read -"}
	}
	for _, s := range signatures() {
		if bytes.HasPrefix(b, []byte(s.magic)) {
			return &OpenError{What: "this is " + s.is + wrap + ", not a pcap or pcapng file", hint: s.hint}
		}
	}
	switch {
	case isText(b):
		return &OpenError{What: "this is text" + wrap + ", not a pcap or pcapng file",
			hint: "a hex dump becomes a capture with: text2pcap IN OUT"}
	case isERF(b):
		return &OpenError{What: "this may be an Endace ERF file" + wrap + ", which is not read", hint: editcapHint}
	}
	return &OpenError{What: fmt.Sprintf("this is not a pcap or pcapng file%s: it starts with % x", wrap, b[:min(len(b), 8)]),
		hint: "if Wireshark opens it, " + editcapHint}
}

// isERF reports whether two records at the start look like Endace ERF, which
// has no magic number: a little-endian time stamp that does not run back, a
// type, a record length that holds the header.
func isERF(b []byte) bool {
	const header, types = 16, 48
	var last uint64
	for n := 0; n < 2; n++ {
		if len(b) < header {
			return n > 0
		}
		ts, kind, length := binary.LittleEndian.Uint64(b), b[8]&0x7f, int(binary.BigEndian.Uint16(b[10:]))
		if kind == 0 || kind > types || length < header || ts>>32 < 1e8 || ts < last {
			return false
		}
		last = ts
		b = b[min(length, len(b)):]
	}
	return true
}

func isText(b []byte) bool {
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r == utf8.RuneError && n == 1 && len(b) >= utf8.UTFMax {
			return false
		}
		if r < ' ' && r != '\n' && r != '\r' && r != '\t' && r != '\f' && r != 0x1b {
			return false
		}
		b = b[n:]
	}
	return true
}
