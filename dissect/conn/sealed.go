package conn

import (
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
	"github.com/tlslens/tlslens/dissect/tls"
	"github.com/tlslens/tlslens/dissect/tls/iana"
)

// sealedRecord is the size of a record that could not be opened, and its place.
type sealedRecord struct {
	at    flow.Mark
	n     int
	order int
}

// mostSealed bounds how many sealed records are kept to tell by their sizes
// what they were.
const mostSealed = 32

// sealedRun is what one side sealed since the TLS 1.3 keys are there, until it
// is told which of it belongs to the handshake.
type sealedRun struct {
	records []sealedRecord
	told    bool
}

// Sealed implements [Input].
func (b *Builder) Sealed(side flow.Side, typ tls.ContentType, n int, at flow.Mark) {
	b.order++
	b.level = Plain
	switch {
	case b.ssl2 != nil:
		b.ssl2Sealed(side, n, at)
		return
	case typ == tls.ContentAlert:
		if len(b.c.Alerts) < 64 {
			b.c.Alerts = append(b.c.Alerts, Alert{At: at, Side: side, Encrypted: true})
		}
		b.log(Message{At: at, Side: side, Name: "sealed alert", Level: Application, Size: n})
	case typ == tls.ContentHandshake:
		b.log(Message{At: at, Side: side, Name: "sealed handshake", Level: Application, Size: n})
		if b.sealsFinished(side) && !b.finished[side].Seen() {
			b.sealedFinished(side, n, at)
			return
		}
		b.resealed[side]++
	case b.c.Version.IsTLS13():
		b.sealed13(side, n, at)
		return
	case b.c.EarlyData == "offered" && !b.chosen && side == flow.Client:
		b.early.records++
		b.early.bytes += int64(n)
		b.onWire(side, n)
		return
	}
	b.traffic(side, typ, n, at)
}

// sealsFinished reports whether the next handshake record that a side seals is
// its Finished: it said ChangeCipherSpec, or did all that comes before.
func (b *Builder) sealsFinished(side flow.Side) bool {
	return b.ccs[side].Seen() || b.isDTLS() && b.chosen || b.chosen && b.seen[flow.Client][tls.TypeClientKeyExchange] > 0
}

// overhead13 is what TLS 1.3 adds to a message in a record of its own: the
// inner content type and the tag (RFC 9846, Section 5.2).
func (b *Builder) overhead13() int {
	if b.kx.TagLen > 0 {
		return 1 + b.kx.TagLen
	}
	return 17
}

// hashLen is the size of the hash of the suite's key schedule.
func (b *Builder) hashLen() int {
	switch b.kx.PRF {
	case "SHA384":
		return 48
	case "SHA256", "SM3":
		return 32
	}
	return 0
}

// sealed13 takes a sealed record of TLS 1.3. Which message it is can be told
// only by its size, and is always worded so.
func (b *Builder) sealed13(side flow.Side, n int, at flow.Mark) {
	b.onWire(side, n)
	run := &b.sealed[side]
	if run.told {
		b.tunnelRecord(side, n, at)
		return
	}
	run.records = append(run.records, sealedRecord{at, n, b.order})
	if side == flow.Client {
		b.tellServer()
		b.tellClient(false)
	} else if len(run.records) >= mostSealed {
		b.tellServer()
	}
}

// tellServer decides which of the server's sealed records are its flight of the
// handshake, now that the client has answered them.
func (b *Builder) tellServer() {
	run := &b.sealed[flow.Server]
	if run.told || len(run.records) == 0 {
		return
	}
	run.told = true
	rs := run.records
	fin := b.headerLen() + b.hashLen() + b.overhead13()
	at := -1
	for i, r := range rs {
		if i > 0 && r.n == fin {
			at = i
			break
		}
	}
	end := len(rs)
	if at >= 0 {
		end = at + 1
		b.beforeFinishedRow(rs[:at])
		b.finishedRow(flow.Server, rs[at])
	} else {
		answered := b.flightAnswered()
		b.flightRow(rs, answered)
		if answered {
			b.finished[flow.Server] = rs[len(rs)-1].at
			b.c.KeyExchange.Finished[flow.Server] = true
		}
	}
	for _, r := range rs[end:] {
		b.tunnelRecord(flow.Server, r.n, r.at)
	}
	run.records = nil
}

// beforeFinishedRow words the sealed records before the server's Finished.
func (b *Builder) beforeFinishedRow(rs []sealedRecord) {
	message, total := recordsOf(rs)
	sizes := func(i int) int { return rs[i].n - b.overhead13() }
	var says string
	switch {
	case b.c.Resumption != nil && len(rs) == 1:
		b.keRow13(flow.Server, rs[0], message, total, fmt.Sprintf("size fits EncryptedExtensions (%d)", sizes(0)))
		return
	case b.c.Resumption != nil:
		b.keRow13(flow.Server, rs[0], message, total, "before Finished: EncryptedExtensions and more")
		return
	case len(rs) == 3 && !b.dgram.acked:
		says = fmt.Sprintf("sizes fit EncryptedExtensions (%d), Certificate (%d) and CertificateVerify (%d)", sizes(0), sizes(1), sizes(2))
	case len(rs) == 4 && sizes(1) < sizes(2) && !b.dgram.acked:
		says = fmt.Sprintf("sizes fit EncryptedExtensions (%d), CertificateRequest (%d), Certificate (%d) and CertificateVerify (%d)", sizes(0), sizes(1), sizes(2), sizes(3))
	default:
		says = "hold EncryptedExtensions, Certificate and CertificateVerify, which of them where is not shown"
		if len(rs) == 1 {
			says = "holds EncryptedExtensions, Certificate and CertificateVerify"
		}
	}
	b.ccRow13(flow.Server, rs[0], message, total, says)
	b.c.CertificateCheck.reach(rs[len(rs)-1].at)
}

// flightAnswered reports whether the client said anything after the server's
// sealed records: only then is the flight known to have come to its end.
func (b *Builder) flightAnswered() bool {
	run := &b.sealed[flow.Client]
	return run.told || len(run.records) > 0
}

// flightRow words a flight whose Finished shares a record with others. If its end
// was not seen, it is only what there is of one.
func (b *Builder) flightRow(rs []sealedRecord, whole bool) {
	message, total := recordsOf(rs)
	hold := "hold "
	if len(rs) == 1 {
		hold = "holds "
	}
	if !whole {
		b.partFlight = true
		hold += "what there is of "
	}
	if b.c.Resumption != nil {
		b.keRow13(flow.Server, rs[0], message, total, hold+"EncryptedExtensions and Finished")
		return
	}
	b.ccRow13(flow.Server, rs[0], message, total, hold+"EncryptedExtensions, Certificate, CertificateVerify and Finished")
	b.c.CertificateCheck.reach(rs[len(rs)-1].at)
	if whole {
		b.keRow13(flow.Server, rs[len(rs)-1], message, total, "the server's Finished is in here; the sizes do not tell it apart")
	}
}

// recordsOf names sealed records and adds up their sizes.
func recordsOf(rs []sealedRecord) (message string, total int) {
	for _, r := range rs {
		total += r.n
	}
	if len(rs) == 1 {
		return "sealed record", total
	}
	return count(len(rs), "sealed record"), total
}

// finishedRow adds the row of a record that fits Finished.
func (b *Builder) finishedRow(side flow.Side, r sealedRecord) {
	b.finished[side] = r.at
	b.c.KeyExchange.Finished[side] = true
	says := "fits Finished"
	if h := hashOf(b.hashLen()); h != "" {
		says += " with " + h
	}
	if side == flow.Client {
		says += "; application keys from here on"
	}
	b.keRow13(side, r, "sealed record", r.n, says)
}

// tellClient decides which of the client's sealed records belong to the
// handshake. Without more to come (last) it decides on what is there.
func (b *Builder) tellClient(last bool) {
	run := &b.sealed[flow.Client]
	if run.told || len(run.records) == 0 {
		return
	}
	fin := b.headerLen() + b.hashLen() + b.overhead13()
	alert := 2 + b.overhead13()
	eoed := b.headerLen() + b.overhead13()
	rs := run.records
	for i, r := range rs {
		switch {
		case r.n == fin:
			b.clientFlight(rs, i, eoed)
			return
		case r.n == alert && i == 0 && b.lossy(flow.Client):
			b.lostFlight(rs)
			return
		case r.n == alert && i == 0:
			b.sealedRefusal(r)
			run.told = true
			return
		}
	}
	if last && b.lossy(flow.Client) {
		b.lostFlight(rs)
		return
	}
	if last || len(rs) >= 8 && b.c.EarlyData == "" || len(rs) >= mostSealed {
		// Finished shares a record with the client's certificate, or is padded.
		run.told = true
		b.finished[flow.Client] = rs[0].at
		b.c.KeyExchange.Finished[flow.Client] = true
		b.ccRow13(flow.Client, rs[0], "sealed record", rs[0].n, "size fits no single message; the client's Finished must be in here or behind it")
		for _, r := range rs[1:] {
			b.tunnelRecord(flow.Client, r.n, r.at)
		}
		b.keysDone13()
	}
}

// lostFlight takes records of the client behind a hole in which its Finished may
// be: they say nothing of the handshake.
func (b *Builder) lostFlight(rs []sealedRecord) {
	run := &b.sealed[flow.Client]
	run.told, run.records = true, nil
	for _, r := range rs {
		b.tunnelRecord(flow.Client, r.n, r.at)
	}
}

// emptyCertificate is the size of a Certificate message without a certificate and
// without its header
// (RFC 9846, Section 4.4.2).
const emptyCertificate = 1 + 3

// clientFlight settles the client's flight, whose Finished is rs[i].
func (b *Builder) clientFlight(rs []sealedRecord, i, eoed int) {
	run := &b.sealed[flow.Client]
	run.told, run.records = true, nil
	before := rs[:i]
	if b.c.EarlyData != "" && i > 0 {
		for _, r := range before {
			if r.n == eoed {
				b.keRow13(flow.Client, r, "sealed record", r.n, "fits EndOfEarlyData: the server accepted the early data")
				b.c.EarlyData = "accepted"
				continue
			}
			b.early.records++
			b.early.bytes += int64(r.n)
		}
	} else if i > 0 {
		b.c.CertificateCheck.Client.At = before[0].at
		total := 0
		for _, r := range before {
			total += r.n
		}
		message := count(i, "sealed record")
		says := "fit the client's Certificate and CertificateVerify: the server must have asked for them"
		switch {
		case i == 1 && before[0].n == b.headerLen()+emptyCertificate+b.overhead13():
			b.emptyCertificate = true
			message, says = "sealed record", "fits an empty Certificate: the server asked for one and the client has none to show"
		case i == 1:
			message, says = "sealed record", "fits a client's Certificate, with or without one in it"
		}
		b.ccRow13(flow.Client, before[0], message, total, says)
	}
	fin := rs[i]
	if b.c.Resumption == nil {
		b.ccRow13(flow.Client, fin, "sealed record", fin.n, "fits Finished: the client accepted what it saw")
	}
	b.finishedRow(flow.Client, fin)
	b.keysDone13()
	for _, r := range rs[i+1:] {
		b.tunnelRecord(flow.Client, r.n, r.at)
	}
}

// sealedRefusal takes a first record of the client that fits an alert.
func (b *Builder) sealedRefusal(r sealedRecord) {
	b.refusal = r.at
	b.ccRow13(flow.Client, r, "sealed record", r.n, "fits an alert: the client refused what it saw; which alert is not shown")
}

// keysDone13 ends phases 1 and 2 of TLS 1.3.
func (b *Builder) keysDone13() {
	cc, ke := &b.c.CertificateCheck.Phase, &b.c.KeyExchange.Phase
	if cc.State == Running {
		cc.State, cc.Headline, cc.AfterKeys = Hidden, "hidden: TLS 1.3 encrypts it", true
	}
	ke.State = Done
	b.sealed[flow.Server].told = true // whatever was not captured of its flight
	b.phaseEnded(CertificateCheckPhase)
	b.phaseEnded(KeyExchangePhase)
}

// ccRow13 adds a row to phase 1 that stands where r does.
func (b *Builder) ccRow13(side flow.Side, r sealedRecord, message string, n int, says string) {
	s := b.ccStep(side, r.at, message, "sealed", n, says)
	s.Level, s.order = Handshake, r.order
}

// keRow13 adds a row to phase 2 that stands where r does.
func (b *Builder) keRow13(side flow.Side, r sealedRecord, message string, n int, says string) {
	s := b.keStep(side, r.at, message, "sealed", n, says)
	s.Level, s.order = Handshake, r.order
}

// explicitOverhead returns what protection up to TLS 1.2 adds to a record and
// whether it adds exactly that: CBC pads.
func explicitOverhead(s iana.Suite, v tls.Version) (n int, exact bool) {
	switch s.Mode {
	case iana.ModeAEAD:
		return s.ExplicitNonceLen + s.TagLen, true
	case iana.ModeStream, iana.ModeNull:
		return s.MACLen, true
	case iana.ModeCBC:
		n = s.MACLen + 1 // at least one byte of padding length
		if v.ExplicitIV() {
			n += s.BlockSize // the IV (RFC 4346, Section 6.2.3.2)
		}
		return n, false
	}
	return 0, false
}
