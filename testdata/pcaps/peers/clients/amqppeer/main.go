// amqppeer begins a connection of AMQP 1.0 with the TLS header (OASIS AMQP 1.0,
// Part 5, Section 5.2), with github.com/Azure/go-amqp.
//
//	amqppeer -addr amqp://127.0.0.1:14433 -ca ROOT -keylog FILE
package main

import (
	"crypto/tls"
	"crypto/x509"
	"flag"
	"log"
	"os"
	"time"

	"github.com/Azure/go-amqp"
)

func main() {
	addr := flag.String("addr", "amqp://127.0.0.1:14433", "the server")
	ca := flag.String("ca", "", "the root that is trusted")
	keylog := flag.String("keylog", "", "file that key log lines are added to")
	flag.Parse()
	pem, err := os.ReadFile(*ca)
	if err != nil {
		log.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	w, err := os.OpenFile(*keylog, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		log.Fatal(err)
	}
	c, err := amqp.Dial(*addr, amqp.ConnTLS(true), amqp.ConnConnectTimeout(5*time.Second),
		amqp.ConnTLSConfig(&tls.Config{RootCAs: roots, ServerName: "www.example.test", KeyLogWriter: w}))
	if err != nil {
		log.Fatal(err)
	}
	if err := c.Close(); err != nil {
		log.Fatal(err)
	}
}
