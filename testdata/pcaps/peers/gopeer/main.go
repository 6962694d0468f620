// Gopeer is a TLS server or client of Go's crypto/tls for the recipes beside it:
// what Go does that OpenSSL's and GnuTLS's tools do not (post-quantum groups,
// Encrypted Client Hello, endings without close_notify, silence).
//
//	gopeer server|client -addr 127.0.0.1:14433 [flags]
//
// The server answers every line with a short HTTP response and closes; it ends
// after -count connections. The client asks GET /hello once.
package main

import (
	"bufio"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"strconv"
	"strings"
	"time"
)

// options are the flags of both sides.
type options struct {
	addr, name, cert, key, ca, keylog, ech, alpn, groups, suites, end string
	min, max                                                          string
	count, again                                                      int
	needCert, mute                                                    bool
	retried                                                           bool
}

func main() {
	if err := run(os.Args); err != nil {
		fmt.Fprintln(os.Stderr, "gopeer:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	if len(args) < 2 {
		return errors.New("server, client or ech-keys")
	}
	var o options
	f := flag.NewFlagSet("gopeer", flag.ExitOnError)
	f.StringVar(&o.addr, "addr", "127.0.0.1:14433", "where to listen, or connect to")
	f.StringVar(&o.name, "name", "www.example.test", "client: server name; ech-keys: public name")
	f.StringVar(&o.cert, "cert", "", "certificate chain file")
	f.StringVar(&o.key, "key", "", "private key file")
	f.StringVar(&o.ca, "ca", "", "file with the trusted root")
	f.StringVar(&o.keylog, "keylog", "", "key log, appended to")
	f.StringVar(&o.ech, "ech", "", "PEM file of ech-keys (RFC 9934): the server's keys, the client's list")
	f.StringVar(&o.alpn, "alpn", "", "protocols, comma separated")
	f.StringVar(&o.groups, "groups", "", "group numbers, comma separated")
	f.StringVar(&o.suites, "suites", "", "cipher suite numbers, comma separated")
	f.StringVar(&o.min, "min", "1.2", "lowest version")
	f.StringVar(&o.max, "max", "1.3", "highest version")
	f.StringVar(&o.end, "end", "clean", "clean, fin (no close_notify), rst, rst-hello or rst-certificate")
	f.IntVar(&o.again, "again", 1, "client: connections, the later ones with the tickets of the earlier")
	f.IntVar(&o.count, "count", 1, "server: connections to serve")
	f.BoolVar(&o.needCert, "need-cert", false, "server: ask for a client certificate and insist")
	f.BoolVar(&o.mute, "mute", false, "server: accept, read and never answer")
	if err := f.Parse(args[2:]); err != nil {
		return err
	}
	if args[1] == "ech-keys" {
		return writeECHKeys(o.ech, o.name)
	}
	config, err := o.config(args[1] == "server")
	if err != nil {
		return err
	}
	if args[1] == "server" {
		return o.serve(config)
	}
	for range o.again {
		if err := o.ask(config); err != nil {
			return err
		}
	}
	return nil
}

// serve accepts count connections, one after the other.
func (o *options) serve(config *tls.Config) error {
	l, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	for range o.count {
		c, err := l.Accept()
		if err != nil {
			return err
		}
		if o.mute {
			_, _ = io.Copy(io.Discard, c)
			_ = c.Close()
			continue
		}
		if err := o.answer(c.(*net.TCPConn), config); err != nil {
			fmt.Fprintln(os.Stderr, "gopeer: server:", err)
		}
	}
	return nil
}

func (o *options) answer(c *net.TCPConn, config *tls.Config) error {
	defer c.Close()
	if o.end == "rst-hello" {
		config = config.Clone()
		config.GetConfigForClient = func(*tls.ClientHelloInfo) (*tls.Config, error) { return nil, reset(c) }
	}
	t := tls.Server(c, config)
	line, err := bufio.NewReader(t).ReadString('\n')
	if err != nil {
		return err
	}
	body := "hello from tlslens"
	response := fmt.Sprintf("HTTP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	if _, err := io.WriteString(t, response); err != nil {
		return fmt.Errorf("answering %q: %w", line, err)
	}
	switch o.end {
	case "fin":
		return c.Close()
	case "rst":
		time.Sleep(50 * time.Millisecond)
		return reset(c)
	}
	if err := t.CloseWrite(); err != nil {
		return err
	}
	_, _ = io.Copy(io.Discard, t) // until the client's close_notify, so that the kernel sends no RST
	return t.Close()
}

// reset closes c so that the kernel sends RST.
func reset(c *net.TCPConn) error {
	if err := c.SetLinger(0); err != nil {
		return err
	}
	return errors.Join(errors.New("connection reset on purpose"), c.Close())
}

// ask sends GET /hello and reads until the server closes.
func (o *options) ask(config *tls.Config) error {
	c, err := net.DialTimeout("tcp", o.addr, 5*time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(10 * time.Second)); err != nil {
		return err
	}
	if o.end == "rst-certificate" {
		config.VerifyConnection = func(tls.ConnectionState) error { return reset(c.(*net.TCPConn)) }
	}
	t := tls.Client(c, config)
	_, err = io.WriteString(t, "GET /hello HTTP/1.0\r\n\r\n")
	var rejected *tls.ECHRejectionError
	if errors.As(err, &rejected) && len(rejected.RetryConfigList) > 0 && !o.retried {
		o.retried = true // once, as RFC 9849, Section 6.1.6 has it
		config.EncryptedClientHelloConfigList = rejected.RetryConfigList
		return o.ask(config)
	}
	if err != nil {
		return err
	}
	b, err := io.ReadAll(t)
	if err != nil {
		return err
	}
	s := t.ConnectionState()
	fmt.Printf("%s %s ech=%v resumed=%v %d bytes\n", tls.VersionName(s.Version), tls.CipherSuiteName(s.CipherSuite), s.ECHAccepted, s.DidResume, len(b))
	return t.Close()
}

func (o *options) config(server bool) (*tls.Config, error) {
	c := &tls.Config{ServerName: o.name}
	var err error
	if c.MinVersion, err = version(o.min); err != nil {
		return nil, err
	}
	if c.MaxVersion, err = version(o.max); err != nil {
		return nil, err
	}
	if o.alpn != "" {
		c.NextProtos = strings.Split(o.alpn, ",")
	}
	if err := numbers(o.groups, func(n uint16) { c.CurvePreferences = append(c.CurvePreferences, tls.CurveID(n)) }); err != nil {
		return nil, err
	}
	if err := numbers(o.suites, func(n uint16) { c.CipherSuites = append(c.CipherSuites, n) }); err != nil {
		return nil, err
	}
	if o.cert != "" {
		pair, err := tls.LoadX509KeyPair(o.cert, o.key)
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if o.ca != "" {
		pem, err := os.ReadFile(o.ca)
		if err != nil {
			return nil, err
		}
		c.RootCAs = x509.NewCertPool()
		c.RootCAs.AppendCertsFromPEM(pem)
		c.ClientCAs = c.RootCAs
	}
	if o.needCert {
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	if o.keylog != "" {
		w, err := os.OpenFile(o.keylog, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
		if err != nil {
			return nil, err
		}
		c.KeyLogWriter = w
	}
	if o.again > 1 {
		c.ClientSessionCache = tls.NewLRUClientSessionCache(1)
	}
	if o.ech != "" {
		return c, readECHKeys(c, o.ech, server)
	}
	return c, nil
}

func version(s string) (uint16, error) {
	minor, err := strconv.ParseUint(strings.TrimPrefix(s, "1."), 10, 8)
	if err != nil || minor > 3 {
		return 0, fmt.Errorf("version %q: 1.0 to 1.3", s)
	}
	return tls.VersionTLS10 + uint16(minor), nil
}

func numbers(list string, add func(uint16)) error {
	for s := range strings.SplitSeq(list, ",") {
		if s == "" {
			continue
		}
		n, err := strconv.ParseUint(s, 0, 16)
		if err != nil {
			return err
		}
		add(uint16(n))
	}
	return nil
}
