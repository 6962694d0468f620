package main

import (
	"crypto/ecdh"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"encoding/pem"
	"fmt"
	"os"
)

// writeECHKeys writes a new X25519 private key and its ECHConfigList (RFC 9849,
// section 4) into a PEM file (RFC 9934).
func writeECHKeys(file, publicName string) error {
	private, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	public := private.PublicKey().Bytes()
	contents := []byte{7, 0, 0x20} // config_id, DHKEM(X25519, HKDF-SHA256)
	contents = append(binary.BigEndian.AppendUint16(contents, uint16(len(public))), public...)
	contents = append(contents, 0, 4, 0, 1, 0, 1)            // HKDF-SHA256, AES-128-GCM
	contents = append(contents, 32, byte(len(publicName)))   // maximum_name_length
	contents = append(append(contents, publicName...), 0, 0) // no extensions
	config := binary.BigEndian.AppendUint16([]byte{0xfe, 0x0d}, uint16(len(contents)))
	config = append(config, contents...)
	list := append(binary.BigEndian.AppendUint16(nil, uint16(len(config))), config...)
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		return err
	}
	text := append(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "ECHCONFIG", Bytes: list})...)
	return os.WriteFile(file, text, 0o600)
}

// readECHKeys gives c what writeECHKeys wrote.
func readECHKeys(c *tls.Config, file string, server bool) error {
	text, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	key, rest := pem.Decode(text)
	config, _ := pem.Decode(rest)
	if key == nil || config == nil || len(config.Bytes) < 2 {
		return fmt.Errorf("%s: want a private key and an ECHCONFIG", file)
	}
	private, err := x509.ParsePKCS8PrivateKey(key.Bytes)
	if err != nil {
		return err
	}
	if server {
		c.EncryptedClientHelloKeys = []tls.EncryptedClientHelloKey{{Config: config.Bytes[2:], PrivateKey: private.(*ecdh.PrivateKey).Bytes(), SendAsRetry: true}}
		return nil
	}
	c.EncryptedClientHelloConfigList = config.Bytes
	return nil
}
