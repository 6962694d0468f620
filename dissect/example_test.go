package dissect_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
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
			fmt.Printf("#%d %s\n", c.Conn.Number, c.Conn.Outcome)
		}
	}
	fmt.Println(stats.Connections, "connections in", stats.Packets, "packets")
	// Output:
	// #8 rejected_by_client
	// #9 rejected_by_server
	// #10 rejected_by_client
	// 10 connections in 198 packets
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
