package main

import (
	"crypto/ecdh"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"os"
)

// readECH gives c the key or the list of configurations that file holds, if any.
func readECH(c *tls.Config, file string, server bool) error {
	if file == "" {
		return nil
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	key, rest := pem.Decode(text)
	config, _ := pem.Decode(rest)
	if key == nil || config == nil || len(config.Bytes) < 2 {
		return fmt.Errorf("%s: want a private key and an ECHCONFIG", file)
	}
	if !server {
		c.EncryptedClientHelloConfigList = config.Bytes
		return nil
	}
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		return err
	}
	of, ok := private.(*ecdh.PrivateKey)
	if !ok {
		return fmt.Errorf("%s: %T", file, private)
	}
	c.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{Config: config.Bytes[2:], PrivateKey: of.Bytes(), SendAsRetry: true}}
	return nil
}
