// tlcp is both ends of a conversation over TLCP (GB/T 38636), the TLS of China,
// with github.com/tjfoc/gmsm: the server shows two certificates, one that it signs
// with and one that secrets are encrypted to. It makes them itself.
//
//	tlcp -addr 127.0.0.1:14433 [-keylog FILE] [-ca FILE] [-client] [-root]
//
// With -ca it writes the root that made the certificates, with -client the client
// shows one too.
package main

import (
	"crypto/rand"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net"
	"os"
	"time"

	"github.com/tjfoc/gmsm/gmtls"
	"github.com/tjfoc/gmsm/sm2"
	"github.com/tjfoc/gmsm/x509"
)

var (
	addr   = flag.String("addr", "127.0.0.1:14433", "where the server listens")
	keylog = flag.String("keylog", "", "file for key log lines")
	ca     = flag.String("ca", "", "file for the root")
	whole  = flag.Bool("root", false, "the server sends the root, too; the client, which looks for the name in the last one, trusts anybody")
	mutual = flag.Bool("client", false, "the client shows certificates, too")
)

func main() {
	flag.Parse()
	if err := run(); err != nil {
		log.Fatal(err)
	}
}

// An issuer makes certificates.
type issuer struct {
	cert   *x509.Certificate
	key    *sm2.PrivateKey
	serial int64
}

func (i *issuer) issue(name string, usage x509.KeyUsage, ca bool) (gmtls.Certificate, *x509.Certificate, error) {
	key, err := sm2.GenerateKey(rand.Reader)
	if err != nil {
		return gmtls.Certificate{}, nil, err
	}
	i.serial++
	t := &x509.Certificate{
		SerialNumber: big.NewInt(i.serial), Subject: pkix.Name{CommonName: name, Organization: []string{"tlslens test PKI"}},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().AddDate(0, 3, 0),
		KeyUsage: usage, BasicConstraintsValid: ca, IsCA: ca, SignatureAlgorithm: x509.SM2WithSM3,
	}
	if !ca {
		t.DNSNames = []string{name}
	}
	parent, signer := i.cert, i.key
	if ca {
		parent, signer = t, key
	}
	der, err := x509.CreateCertificate(t, parent, &key.PublicKey, signer)
	if err != nil {
		return gmtls.Certificate{}, nil, err
	}
	c, err := x509.ParseCertificate(der)
	if ca {
		i.cert, i.key = c, key
	}
	return gmtls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, c, err
}

func run() error {
	var root issuer
	if _, _, err := root.issue("Example SM2 Root CA", x509.KeyUsageCertSign, true); err != nil {
		return err
	}
	if *ca != "" {
		b := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.cert.Raw})
		if err := os.WriteFile(*ca, b, 0o644); err != nil {
			return err
		}
	}
	sign, _, err := root.issue("www.example.test", x509.KeyUsageDigitalSignature, false)
	if err != nil {
		return err
	}
	enc, _, err := root.issue("www.example.test", x509.KeyUsageKeyEncipherment|x509.KeyUsageDataEncipherment, false)
	if err != nil {
		return err
	}
	if *whole {
		enc.Certificate = append(enc.Certificate, root.cert.Raw)
	}
	pool := x509.NewCertPool()
	pool.AddCert(root.cert)
	server := &gmtls.Config{GMSupport: gmtls.NewGMSupport(), Certificates: []gmtls.Certificate{sign, enc}, ClientCAs: pool}
	client := &gmtls.Config{GMSupport: gmtls.NewGMSupport(), RootCAs: pool, ServerName: "www.example.test", InsecureSkipVerify: *whole}
	if *keylog != "" {
		f, err := os.OpenFile(*keylog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
		if err != nil {
			return err
		}
		client.KeyLogWriter = f
	}
	if *mutual {
		server.ClientAuth = gmtls.RequireAndVerifyClientCert
		own, _, err := root.issue("client.example.test", x509.KeyUsageDigitalSignature, false)
		if err != nil {
			return err
		}
		client.Certificates = []gmtls.Certificate{own}
	}
	l, err := gmtls.Listen("tcp", *addr, server)
	if err != nil {
		return err
	}
	defer l.Close()
	done := make(chan error, 1)
	go func() { done <- answer(l) }()
	if err := ask(client); err != nil {
		return err
	}
	return <-done
}

const says = "HTTP/1.0 200 OK\r\nContent-Length: 18\r\n\r\nhello from tlslens"

// answer answers one request and closes after the client.
func answer(l net.Listener) error {
	c, err := l.Accept()
	if err != nil {
		return err
	}
	b := make([]byte, 512)
	if _, err := c.Read(b); err != nil {
		return fmt.Errorf("server: %w", err)
	}
	if _, err := c.Write([]byte(says)); err != nil {
		return err
	}
	if _, err := io.Copy(io.Discard, c); err != nil {
		return err
	}
	return c.Close()
}

func ask(conf *gmtls.Config) error {
	c, err := gmtls.Dial("tcp", *addr, conf)
	if err != nil {
		return fmt.Errorf("client: %w", err)
	}
	if _, err := c.Write([]byte("GET /hello HTTP/1.0\r\n\r\n")); err != nil {
		return err
	}
	if _, err := io.ReadFull(c, make([]byte, len(says))); err != nil {
		return err
	}
	return c.Close()
}
