package conn

import (
	"cmp"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/tls"
)

// An EncryptedHello is what keys showed of the ClientHello that
// encrypted_client_hello seals (RFC 9849).
type EncryptedHello struct {
	Accepted   Tristate // the server took the inner hello and not the outer one
	Source     string   // how the inner hello came to be known: "ech_secret", "private_key" or "rebuilt"; "" if it is not
	ServerName string   // that the inner hello asks for; "" if it names none, or is not known
	ALPN       []string // that it offers
	Fault      string   // what is wrong with what was opened

	told string // what the row of the outer hello says of it
}

// innerSources are the names of keys.InnerSource, and their words.
var innerSources = [...][2]string{
	keys.InnerFromLog: {"ech_secret", "opened with ECH_SECRET of the key log"},
	keys.InnerFromKey: {"private_key", "opened with the private key of the ECHConfig"},
	keys.InnerRebuilt: {"rebuilt", "rebuilt out of the outer one and the random in the key log"},
}

// Name returns the server name that the client really asked for: that of the
// inner ClientHello if the server accepted it and it is known.
func (c *Conn) Name() string {
	if c.innerCounts() && c.ECH.Source != "" {
		return c.ECH.ServerName
	}
	return c.ServerName
}

// innerCounts reports whether the server accepted an inner hello.
func (c *Conn) innerCounts() bool { return c.ECH != nil && c.ECH.Accepted == Yes }

// offersECH reports whether the ClientHello in the clear has the extension.
func (b *Builder) offersECH() bool {
	return b.c.Offered != nil && slices.Contains(b.c.Offered.Extensions, tls.ExtEncryptedClientHello)
}

// takeInner takes what the keys told so far of the sealed ClientHello.
func (b *Builder) takeInner() {
	if b.keys == nil || !b.offersECH() {
		return
	}
	e, ok := b.keys.ECH()
	if !ok || !e.Known && e.Inner == nil && e.Fault == "" {
		return
	}
	x := b.c.ECH
	if x == nil {
		x = new(EncryptedHello)
		b.c.ECH = x
	}
	accepted := Unknown
	if e.Known {
		accepted = TristateOf(e.Accepted)
	}
	if x.Accepted == accepted && (x.Source != "") == (e.Inner != nil) && x.Fault == e.Fault {
		return
	}
	x.Accepted, x.Fault = accepted, e.Fault
	if x.Fault != "" {
		b.Note(flow.Client, "encrypted_client_hello opens, but "+x.Fault, b.lastCH)
	}
	if e.Inner != nil {
		b.innerRows(e)
	}
	b.outerRow()
}

// innerRows adds the inner hello behind the outer one in phases 1 and 2, or
// completes it there.
func (b *Builder) innerRows(e keys.ECH) {
	x := b.c.ECH
	var m tls.ClientHello
	_ = m.Decode(e.Inner) // it was read before
	if x.Source == "" {
		b.log(Message{At: b.firstCH(), Side: flow.Client, Name: "inner ClientHello", Size: len(e.Inner) + handshakeHeader,
			Type: tls.TypeClientHello, Body: b.keep(e.Inner)})
	}
	x.Source = innerSources[e.Source][0]
	name, ok := m.ServerName()
	x.ServerName = string(name)
	asks := "names no server (no SNI)"
	if ok {
		asks = "asks for " + cut(x.ServerName, 80) + " (SNI)"
	}
	o := new(Offered)
	sizes := b.shareSizes
	b.takeExtensions(o, &m)
	b.shareSizes = sizes
	if x.ALPN = o.ALPN; len(o.ALPN) > 0 {
		asks += ", ALPN " + strings.Join(cutAll(o.ALPN), " ")
	}
	came := innerSources[e.Source][1]
	switch x.Accepted {
	case Yes:
		came += "; the server accepted it, verified by its acceptance confirmation"
		b.offered = resumableOf(&m)
	case No:
		came += "; the server did not accept it: the outer ClientHello counts"
	}
	b.innerRow(&b.c.CertificateCheck.Phase, len(e.Inner), asks, came).
		fact("inner_server_name", x.ServerName, "RFC 9849, Section 5.1")
	if x.Accepted == Yes {
		b.innerRow(&b.c.KeyExchange.Phase, len(e.Inner), "takes the place of the outer one in what is hashed; key share "+
			few(noGrease(o.KeyShares), 3, "share")+"; "+b.offered.says(), "")
	}
}

// firstCH returns where the first ClientHello stands.
func (b *Builder) firstCH() flow.Mark {
	for _, s := range b.c.CertificateCheck.Steps {
		if s.Name == "client_hello" {
			return s.At
		}
	}
	return b.lastCH
}

const innerHello = "client_hello_inner" // the name of its rows

// innerRow finds or makes the row of the inner hello behind that of the last
// outer one.
func (b *Builder) innerRow(p *Phase, size int, says ...string) *Step {
	says = slices.DeleteFunc(says, func(s string) bool { return s == "" })
	last := -1
	for i := range p.Steps {
		switch s := &p.Steps[i]; s.Name {
		case innerHello:
			s.Says, s.Facts, s.Bytes = says, nil, size+handshakeHeader
			return s
		case "client_hello":
			last = i
		}
	}
	if last < 0 {
		s := step(flow.Client, b.lastCH, "inner ClientHello", innerHello, size+handshakeHeader, says...)
		return b.addTo(p, s)
	}
	s := step(flow.Client, p.Steps[last].At, "inner ClientHello", innerHello, size+handshakeHeader, says...)
	s.order = p.Steps[last].order
	p.Steps = slices.Insert(p.Steps, last+1, s)
	return &p.Steps[last+1]
}

const maybeECH = "; encrypted_client_hello: unless it is a dummy (GREASE), the real name is sealed in it"

// outerRow corrects what the row of the outer hello says of the sealed one.
func (b *Builder) outerRow() {
	x := b.c.ECH
	known := "; that host opens encrypted_client_hello, in which the real name is sealed"
	switch {
	case x.Accepted == No && x.Source == "":
		known = "; encrypted_client_hello, which the server did not accept or which is a dummy (GREASE)"
	case x.Accepted == No:
		known = "; encrypted_client_hello, which the server did not accept"
	case x.Accepted == Unknown:
		known = "; encrypted_client_hello, in which another name is sealed"
	}
	for i := range b.c.CertificateCheck.Steps {
		s := &b.c.CertificateCheck.Steps[i]
		for j := range s.Says {
			s.Says[j] = strings.Replace(s.Says[j], cmp.Or(x.told, maybeECH), known, 1)
		}
	}
	x.told = known
}

// innerNotes says below phase 1 what is not shown of a sealed ClientHello.
func (b *Builder) innerNotes() {
	if !b.c.innerCounts() || b.c.ECH.Source != "" {
		return
	}
	cc := &b.c.CertificateCheck
	cc.Notes = append(cc.Notes, "The server accepted encrypted_client_hello: the keys belong to the ClientHello sealed in it, whose server name is not shown. What asks for "+
		cut(b.c.ServerName, 80)+" is the outer one. The inner one opens with a key log that has ECH_SECRET and ECH_CONFIG, or with --private-key and the server's ECH key (RFC 9934).")
}

// retryConfigs words what a server sends that could not read the inner hello.
func retryConfigs(m *tls.EncryptedExtensions) string {
	data, ok := m.Extensions.Get(tls.ExtEncryptedClientHello)
	var list tls.ECHRetryConfigs
	if !ok || list.Decode(data) != nil {
		return ""
	}
	var names []string
	n := 0
	for c := range list.All() {
		var x tls.ECHConfigContents
		if n++; c.Version == tls.ECHVersion && x.Decode(c.Contents) == nil {
			names = append(names, cut(string(x.PublicName), 80))
		}
	}
	s := ": could not read encrypted_client_hello, and sends " + count(n, "configuration") + " to try again with"
	if len(names) > 0 {
		s += ", for the public name " + strings.Join(names[:min(len(names), 3)], ", ")
	}
	return s
}
