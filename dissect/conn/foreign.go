package conn

import (
	"bytes"
	"fmt"

	"github.com/tlslens/tlslens/dissect/app"
	"github.com/tlslens/tlslens/dissect/flow"
)

// greetings are the first words of protocols that turn up where TLS is
// expected, and what they are called.
var greetings = [...]struct{ start, name string }{
	{"SSH-", "SSH"}, {"HTTP/", "HTTP"}, {"GET ", "HTTP"}, {"POST ", "HTTP"}, {"HEAD ", "HTTP"}, {"PUT ", "HTTP"},
	{"DELETE ", "HTTP"}, {"OPTIONS ", "HTTP"}, {"CONNECT ", "HTTP"}, {"PATCH ", "HTTP"}, {"PRI * HTTP/2", "HTTP/2"},
	{"<!DOCTYPE", "HTML"}, {"<html", "HTML"}, {"220 ", "SMTP or FTP"}, {"220-", "SMTP or FTP"}, {"EHLO ", "SMTP"},
	{"HELO ", "SMTP"}, {"+OK", "POP3"}, {"* OK", "IMAP"}, {"* PREAUTH", "IMAP"}, {"<?xml", "XMPP"}, {"<stream:", "XMPP"},
	{"RTSP/", "RTSP"}, {"SIP/", "SIP"}, {"INVITE sip", "SIP"}, {"REGISTER sip", "SIP"}, {"AMQP", "AMQP"}, {"RFB ", "VNC"},
	{"\x04\x01", "SOCKS 4"}, {"\x05\x01", "SOCKS 5"}, {"\x05\x02", "SOCKS 5"}, {"\x13BitTorrent", "BitTorrent"},
	{"PROXY ", "the PROXY protocol"}, {"\r\n\r\n\x00\r\nQUIT\n", "the PROXY protocol"}, {"*1\r\n", "Redis"}, {"\xffSMB", "SMB"}, {"\xfeSMB", "SMB"},
}

// Identify names the protocol whose first bytes of a side these are, with its
// first line if it is text that can be shown: `HTTP ("HTTP/1.1 400 Bad
// Request")`. It returns "" if it does not know.
func Identify(head []byte, side flow.Side) string {
	line := firstLine(head, side)
	if name := Protocol(head); name != "" {
		if line != "" {
			return fmt.Sprintf("%s (%q)", name, line)
		}
		return name
	}
	if len(line) >= 8 {
		return fmt.Sprintf("text (%q)", line)
	}
	return ""
}

// Protocol names the protocol whose first bytes these are, "" if it is not known.
func Protocol(head []byte) string {
	for _, g := range greetings {
		if bytes.HasPrefix(head, []byte(g.start)) {
			return g.name
		}
	}
	return sealedOpenVPN(head)
}

// sealedOpenVPN recognises the first packet of OpenVPN over TCP whose control
// channel is sealed by tls-crypt: the length before it, the opcode of the
// client's reset, a session id, the first packet id, a time, 32 bytes of HMAC and
// a sealed acknowledgement of 5 bytes; with tls-crypt-v2 the client's own key
// follows. There is TLS in it that cannot be seen.
func sealedOpenVPN(b []byte) string {
	const (
		sealed = 1 + 8 + 8 + 32 + 5
		clear  = "\x00\x00\x00\x00\x00" // what tls-auth, with an HMAC of the same size, leaves readable
	)
	if len(b) < 2+sealed || string(b[11:15]) != "\x00\x00\x00\x01" && string(b[11:15]) != "\x0f\x00\x00\x01" {
		return ""
	}
	switch n := int(b[0])<<8 | int(b[1]); {
	case n == sealed && b[2] == 7<<3 && string(b[2+sealed-5:2+sealed]) != clear:
		return "OpenVPN (tls-crypt)"
	case n > sealed && n < 2048 && b[2] == 10<<3:
		return "OpenVPN (tls-crypt-v2)"
	}
	return ""
}

// firstLine returns the first line of what is printable text, without what may
// be secret, "" for anything else.
func firstLine(b []byte, side flow.Side) string {
	if i := bytes.IndexAny(b, "\r\n"); i >= 0 {
		b = b[:i]
	}
	return cut(app.FirstLine(b, side), 60)
}
