package tls

import "testing"

func BenchmarkServerHello(b *testing.B) {
	in := body(b, "server_hello_tls13")
	var m ServerHello
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Decode(in)
		m.NegotiatedVersion()
	}
}

func BenchmarkCertificate(b *testing.B) {
	in := body(b, "certificate_tls13")
	var m Certificate
	b.ReportAllocs()
	for b.Loop() {
		_ = m.Decode(in, tls13)
	}
}

func BenchmarkTrace(b *testing.B) {
	in := body(b, "client_hello_tls13")
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		_ = Trace(TypeClientHello, in, Context{}, func(string, int, int) { n++ })
	}
}
