package dissect_test

import (
	"context"
	"fmt"
	"log"
	"os"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/keys"
	"github.com/tlslens/tlslens/dissect/pki"
)

// Events yields what is learnt as soon as it is certain.
func ExampleEvents() {
	src, err := capture.Open("../testdata/pcaps/tour.pcapng")
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	var stats dissect.Stats
	for e, err := range dissect.Events(context.Background(), src, dissect.Options{Stats: &stats}) {
		if err != nil {
			log.Fatal(err) // the file is cut short or damaged
		}
		if c, ok := e.(dissect.Closed); ok && c.Conn.Why != "" {
			fmt.Printf("#%d %s %q %s\n", c.Conn.Number, c.Conn.ServerName, c.Conn.VersionName(), c.Conn.Outcome)
		}
	}
	fmt.Println(stats.Connections, "connections in", stats.Packets, "packets")
	// Output:
	// #8 www.example.test "TLS 1.3" rejected_by_client
	// #9 www.example.test "" rejected_by_server
	// #10 www.example.test "TLS 1.2" rejected_by_client
	// 10 connections in 198 packets
}

// A key log opens what is sealed; findings are verdicts about a connection.
func ExampleOptions_keys() {
	text, err := os.ReadFile("../testdata/pcaps/tls13-openssl.keys") // as SSLKEYLOGFILE names it
	if err != nil {
		log.Fatal(err)
	}
	secrets := keys.NewLog()
	secrets.Add(text, "tls13-openssl.keys")
	src, err := capture.Open("../testdata/pcaps/tls13-openssl.pcapng")
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	conns, err := dissect.Collect(context.Background(), src, dissect.Options{Keys: keys.NewProvider(secrets)})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range conns {
		fmt.Println(c.SuiteName(), "opened:", c.Decryption.Status)
		for _, cert := range c.CertificateCheck.Server.Chain {
			fmt.Println(" ", cert.Subject)
		}
		for _, f := range c.Findings {
			fmt.Println(" ", f.Severity, f.ID)
		}
	}
	// Output:
	// TLS_AES_128_GCM_SHA256 opened: full
	//   CN=www.example.test
	//   CN=Example Intermediate CA,O=tlslens test PKI
	//   warn cert-untrusted
}

// Collect returns the finished connections. Certificates of a private CA pass
// if its root is trusted.
func ExampleCollect() {
	src, err := capture.Open("../testdata/pcaps/tls12-ticket.pcapng")
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	roots, err := pki.LoadPEM("../testdata/pcaps/pki/root.pem")
	if err != nil {
		log.Fatal(err)
	}
	conns, err := dissect.Collect(context.Background(), src, dissect.Options{Roots: roots})
	if err != nil {
		log.Fatal(err)
	}
	for _, c := range conns {
		fmt.Println(c.Version, c.KeyExchange.Method)
		for _, p := range c.Phases() {
			fmt.Printf("  %s: %s\n", p.ID.Title(), p.Headline)
		}
	}
	// Output:
	// TLS 1.2 ECDHE
	//   Certificate check: passed
	//   Key exchange: done, ECDHE with X25519
	//   Encrypted tunnel: AES-256-GCM, closed cleanly
	// TLS 1.2 ticket
	//   Certificate check: skipped: resumption reuses the check of #1
	//   Key exchange: done, keys derived from the earlier connection (ticket)
	//   Encrypted tunnel: AES-256-GCM, closed cleanly
}
