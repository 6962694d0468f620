// Package keys opens what TLS has sealed, with secrets that the user gives: a
// key log, private keys of RSA key exchanges, pre-shared keys.
//
// In go, for each connection, the handshake messages of both sides and the
// sealed records in the order they were sent; out come the content of records,
// whether every tag, MAC and Finished message is right, and, where a record
// stays closed, the reason. All decryption of the program is here, and nothing
// else is.
//
// # Secrets
//
// Nothing secret leaves the package but the plaintext that [Session.Open]
// returns, the text that [Provider.WriteUsed] writes into a writer of the
// caller, and the traffic secrets that [Session.Secret] hands to package quic,
// which protects packets by itself. No error, no String, no Format of any verb and no
// panic shows one; types that hold secrets format as "[secret]".
//
// # Ownership
//
// Bytes given to a method are only read and not kept beyond the call, except
// keys and key log lines, which are copied. [Opened.Plain] is valid until the
// next Open of the same Session.
//
// # What cannot happen
//
// No input makes the package panic, loop or hold memory without bound: a
// handshake transcript is at most 1 MiB, tries of keys and of sequence numbers
// are counted, lines of a key log are limited in length and number. It reads
// no clock and writes no log.
package keys
