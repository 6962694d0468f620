// quicpeer is a server or a client of QUIC with quic-go. The client says a line on
// a stream of its own and reads the server's answer.
//
//	quicpeer server -addr :14433 -cert CHAIN -key KEY -keylog FILE [-versions 1,2] [-retry] [-early] [-n 2] [-refuse] [-ech PEM] [-p256]
//	quicpeer client -addr HOST:14433 -ca ROOT -keylog FILE [-versions 2,1] [-early] [-migrate] [-classic] [-ech PEM]
//
// With -early the client comes twice, and the second time its line goes as 0-RTT
// data; a server with -refuse knows how to resume the session but takes no early
// data any more. With -ech, a PEM file of RFC 9934 that peers/gopeer wrote, the
// hello is encrypted; a client whose key the server does not know comes back with
// the one that it was sent. A server with -p256 takes no other group.
package main

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"net"
	"os"
	"strings"
	"time"

	"github.com/quic-go/quic-go"
)

var (
	addr     = flag.String("addr", "127.0.0.1:14433", "where the server is")
	cert     = flag.String("cert", "", "the server's certificate and its chain")
	key      = flag.String("key", "", "its key")
	ca       = flag.String("ca", "", "the root that the client trusts")
	keylog   = flag.String("keylog", "", "file that key log lines are added to")
	versions = flag.String("versions", "1", "versions, the best first")
	retry    = flag.Bool("retry", false, "make each client show that it gets what is sent to it")
	early    = flag.Bool("early", false, "early data")
	refuse   = flag.Bool("refuse", false, "no early data from the second connection on")
	n        = flag.Int("n", 1, "connections to serve")
	classic  = flag.Bool("classic", false, "X25519 alone, so that the ClientHello fits one datagram")
	echFile  = flag.String("ech", "", "PEM file: the server's key for Encrypted Client Hello, the client's list of configurations")
	p256     = flag.Bool("p256", false, "no group but secp256r1")
	migrate  = flag.Bool("migrate", false, "go on from another port in the middle")
)

func main() {
	if len(os.Args) < 2 {
		log.Fatal("server or client?")
	}
	if err := flag.CommandLine.Parse(os.Args[2:]); err != nil {
		log.Fatal(err)
	}
	run := client
	if os.Args[1] == "server" {
		run = server
	}
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

func config() *quic.Config {
	c := &quic.Config{Allow0RTT: *early, MaxIdleTimeout: 5 * time.Second, DisablePathMTUDiscovery: true}
	for v := range strings.SplitSeq(*versions, ",") {
		c.Versions = append(c.Versions, map[string]quic.Version{"1": quic.Version1, "2": quic.Version2}[v])
	}
	return c
}

func lines() (io.Writer, error) {
	if *keylog == "" {
		return nil, nil
	}
	return os.OpenFile(*keylog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
}

func server() error {
	pair, err := tls.LoadX509KeyPair(*cert, *key)
	if err != nil {
		return err
	}
	w, err := lines()
	if err != nil {
		return err
	}
	pc, err := net.ListenPacket("udp", *addr)
	if err != nil {
		return err
	}
	t := &quic.Transport{Conn: pc, VerifySourceAddress: func(net.Addr) bool { return *retry }}
	conf := &tls.Config{Certificates: []tls.Certificate{pair}, NextProtos: []string{"tlslens"}, KeyLogWriter: w}
	conf.SetSessionTicketKeys([][32]byte{{1}})
	if *p256 {
		conf.CurvePreferences = []tls.CurveID{tls.CurveP256}
	}
	if err := readECH(conf, *echFile, true); err != nil {
		return err
	}
	for i := range *n {
		c := config()
		c.Allow0RTT = c.Allow0RTT && (i == 0 || !*refuse)
		l, err := t.ListenEarly(conf.Clone(), c)
		if err != nil {
			return err
		}
		conn, err := l.Accept(context.Background())
		if err != nil {
			return err
		}
		if err := answer(conn); err != nil {
			return err
		}
		if err := l.Close(); err != nil {
			return err
		}
	}
	return nil
}

// answer answers lines until the client closes, or gives up for want of ECH.
func answer(conn *quic.Conn) error {
	for {
		s, err := conn.AcceptStream(context.Background())
		var closed *quic.ApplicationError
		var failed *quic.TransportError
		if errors.As(err, &closed) || errors.As(err, &failed) && failed.ErrorCode == 0x100+121 {
			return nil
		}
		if err != nil {
			return err
		}
		if _, err := io.ReadAll(s); err != nil {
			return err
		}
		if _, err := s.Write([]byte("hello from tlslens\n")); err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
}

func client() error {
	pem, err := os.ReadFile(*ca)
	if err != nil {
		return err
	}
	w, err := lines()
	if err != nil {
		return err
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	conf := &tls.Config{RootCAs: roots, ServerName: "www.example.test", NextProtos: []string{"tlslens"}, KeyLogWriter: w, ClientSessionCache: tls.NewLRUClientSessionCache(4)}
	if *classic {
		conf.CurvePreferences = []tls.CurveID{tls.X25519}
	}
	if err := readECH(conf, *echFile, false); err != nil {
		return err
	}
	times := 1
	if *early {
		times = 2
	}
	for i := range times {
		err := once(conf, i == 1)
		var rejected *tls.ECHRejectionError
		if errors.As(err, &rejected) && len(rejected.RetryConfigList) > 0 {
			conf.EncryptedClientHelloConfigList = rejected.RetryConfigList
			time.Sleep(200 * time.Millisecond)
			err = once(conf, false)
		}
		if err != nil {
			return err
		}
		time.Sleep(200 * time.Millisecond)
	}
	return nil
}

func once(conf *tls.Config, again bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	to, err := net.ResolveUDPAddr("udp", *addr)
	if err != nil {
		return err
	}
	t, err := transport(to)
	if err != nil {
		return err
	}
	defer t.Close()
	conn, err := t.DialEarly(ctx, to, conf, config())
	if err != nil {
		return err
	}
	if !again {
		select {
		case <-conn.HandshakeComplete():
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err = ask(ctx, conn, "hello from the client\n")
	if errors.Is(err, quic.Err0RTTRejected) {
		if conn, err = conn.NextConnection(ctx); err == nil {
			err = ask(ctx, conn, "hello once more\n")
		}
	}
	if err != nil {
		return err
	}
	if *migrate {
		other, err := transport(to)
		if err != nil {
			return err
		}
		defer other.Close()
		path, err := conn.AddPath(other)
		if err != nil {
			return err
		}
		if err := path.Probe(ctx); err != nil {
			return err
		}
		if err := path.Switch(); err != nil {
			return err
		}
		if err := ask(ctx, conn, "hello from another port\n"); err != nil {
			return err
		}
	}
	time.Sleep(50 * time.Millisecond)
	fmt.Printf("ech=%v\n", conn.ConnectionState().TLS.ECHAccepted)
	return conn.CloseWithError(0, "")
}

func transport(to *net.UDPAddr) (*quic.Transport, error) {
	network := "udp4"
	if to.IP.To4() == nil {
		network = "udp6"
	}
	pc, err := net.ListenPacket(network, ":0")
	return &quic.Transport{Conn: pc}, err
}

func ask(ctx context.Context, conn *quic.Conn, say string) error {
	s, err := conn.OpenStreamSync(ctx)
	if err != nil {
		return err
	}
	if _, err := s.Write([]byte(say)); err != nil {
		return err
	}
	if err := s.Close(); err != nil {
		return err
	}
	b, err := io.ReadAll(s)
	if err == nil && len(b) == 0 {
		err = fmt.Errorf("no answer")
	}
	return err
}
