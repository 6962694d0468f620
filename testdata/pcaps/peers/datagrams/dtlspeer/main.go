// dtlspeer is both ends of a conversation over DTLS 1.2 with connection ids (RFC
// 9146), with pion/dtls. The client changes its port in the middle.
//
//	dtlspeer -addr 127.0.0.1:14433 -cert CHAIN -key KEY -ca ROOT -keylog FILE [-suite NAME] [-pad N] [-srtp]
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"fmt"
	"log"
	"net"
	"os"
	"sync"
	"time"

	"github.com/pion/dtls/v3"
)

var (
	addr   = flag.String("addr", "127.0.0.1:14433", "where the server listens")
	cert   = flag.String("cert", "", "the server's certificate and its chain")
	key    = flag.String("key", "", "its key")
	ca     = flag.String("ca", "", "the root that the client trusts")
	keylog = flag.String("keylog", "", "file that key log lines are added to")
	suite  = flag.String("suite", "", "the one cipher suite")
	pad    = flag.Uint("pad", 0, "bytes of padding in each record")
	cid    = flag.Int("cid", 8, "bytes of the server's connection id; the client's is 4")
	srtp   = flag.Bool("srtp", false, "agree on keys for media")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// A moving packet connection gets another local port when it is told to.
type moving struct {
	net.PacketConn
	mu  sync.Mutex
	old []net.PacketConn
}

func (m *moving) current() net.PacketConn {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.PacketConn
}

func (m *moving) WriteTo(b []byte, to net.Addr) (int, error) { return m.current().WriteTo(b, to) }

func (m *moving) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		c := m.current()
		n, from, err := c.ReadFrom(b)
		if err == nil || c == m.current() {
			return n, from, err
		}
	}
}

func (m *moving) move() error {
	c, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m.mu.Lock()
	old := m.PacketConn
	m.PacketConn = c
	m.mu.Unlock()
	return old.Close()
}

func run() error {
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		return err
	}
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	lines, err := os.OpenFile(*keylog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	common := dtls.Config{KeyLogWriter: lines, ExtendedMasterSecret: dtls.RequireExtendedMasterSecret}
	if *pad > 0 {
		common.PaddingLengthGenerator = func(uint) uint { return *pad }
	}
	if *srtp {
		common.SRTPProtectionProfiles = []dtls.SRTPProtectionProfile{dtls.SRTP_AEAD_AES_128_GCM}
	}
	for _, s := range dtls.CipherSuites() {
		if s.Name == *suite {
			common.CipherSuites = []dtls.CipherSuiteID{dtls.CipherSuiteID(s.ID)}
		}
	}
	server, client := common, common
	server.Certificates, server.ConnectionIDGenerator = []tls.Certificate{pair}, dtls.RandomCIDGenerator(*cid)
	client.RootCAs, client.ServerName, client.ConnectionIDGenerator = roots, "www.example.test", dtls.RandomCIDGenerator(4)

	to, err := net.ResolveUDPAddr("udp", *addr)
	if err != nil {
		return err
	}
	l, err := dtls.Listen("udp", to, &server)
	if err != nil {
		return err
	}
	done := make(chan error, 1)
	go func() { done <- serve(l) }()
	local, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	m := &moving{PacketConn: local}
	c, err := dtls.Client(m, to, &client)
	if err != nil {
		return err
	}
	if err := ask(c, "hello from the client\n"); err != nil {
		return err
	}
	if err := m.move(); err != nil {
		return err
	}
	if err := ask(c, "hello from another port\n"); err != nil {
		return err
	}
	if err := c.Close(); err != nil {
		return err
	}
	time.Sleep(100 * time.Millisecond)
	return <-done
}

func ask(c net.Conn, say string) error {
	b := make([]byte, 2048)
	if _, err := c.Write([]byte(say)); err != nil {
		return err
	}
	_, err := c.Read(b)
	return err
}

// serve answers two questions of one client.
func serve(l net.Listener) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	defer c.Close()
	b := make([]byte, 2048)
	for range 2 {
		if _, err := c.Read(b); err != nil {
			return fmt.Errorf("server: %w", err)
		}
		if _, err := c.Write([]byte("hello from tlslens\n")); err != nil {
			return err
		}
	}
	return nil
}
