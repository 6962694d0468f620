package dtls

import (
	"testing"

	"github.com/tlslens/tlslens/dissect/record"
	"github.com/tlslens/tlslens/dissect/tls"
)

func TestProbe(t *testing.T) {
	bad := msg(tls.TypeClientHello, 0, hello1)
	old := append([]byte(nil), bad...)
	old[1], old[2], old[25], old[26] = 1, 0, 1, 0
	overlong := append([]byte(nil), bad...)
	overlong[24] = 0xff // the fragment claims more than the message has
	tests := []struct {
		name string
		b    []byte
		want record.Verdict
	}{
		{"ClientHello", msg(tls.TypeClientHello, 0, hello1), record.Client},
		{"ClientHello, early OpenSSL", old, record.Client},
		{"ClientHello, cut", msg(tls.TypeClientHello, 0, hello1)[:40], record.Client},
		{"ClientHello, CAPWAP", cat([]byte(capwapPreamble), msg(tls.TypeClientHello, 0, hello1)), record.Client},
		{"ClientHello, last fragment", rec(tls.ContentHandshake, 0, 1, frag(tls.TypeClientHello, 0, hello1, 20, 10)), record.Client},
		{"ClientHello, contradictory", overlong, record.Not},
		{"ClientHello of TLS", append([]byte{22, 3, 1, 0, 60, 1, 0, 0, 56, 3, 3}, hello1...), record.Not},
		{"ServerHello", msg(tls.TypeServerHello, 1, sHello), record.Server},
		{"HelloVerifyRequest", msg(tls.TypeHelloVerifyRequest, 0, verify), record.Server},
		{"Certificate", msg(tls.TypeCertificate, 1, cert), record.Either},
		{"Certificate and ServerKeyExchange", cat(msg(tls.TypeCertificate, 1, cert), msg(tls.TypeServerKeyExchange, 2, cert)), record.Server},
		{"Certificate and ClientKeyExchange", cat(msg(tls.TypeCertificate, 1, cert), msg(tls.TypeClientKeyExchange, 2, cert)), record.Client},
		{"Certificate and ChangeCipherSpec", cat(msg(tls.TypeCertificate, 1, cert), ccs), record.Either},
		{"Certificate and something else", cat(msg(tls.TypeCertificate, 1, cert), []byte("xyz")), record.Either},
		{"data", app, record.Either},
		{"two records", cat(app, app), record.Either},
		{"data, cut", app[:30], record.Incomplete},
		{"data and something else", cat(app, []byte("xyz")), record.Not},
		{"data in epoch 0", rec(tls.ContentApplicationData, 0, 1, []byte("abc")), record.Not},
		{"ChangeCipherSpec", ccs, record.Either},
		{"alert", rec(tls.ContentAlert, 0, 1, []byte{2, 40}), record.Either},
		{"no alert", rec(tls.ContentAlert, 0, 1, []byte{9, 40}), record.Not},
		{"unified header", append([]byte{0x2e, 0, 1, 0, 20}, make([]byte, 20)...), record.Not},
		{"STUN", []byte{0, 1, 0, 0, 0x21, 0x12, 0xa4, 0x42, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}, record.Not},
		{"header, cut", app[:9], record.Incomplete},
		{"two bytes", app[:2], record.Not},
		{"nothing", nil, record.Not},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Probe(tt.b); got != tt.want {
				t.Errorf("%v, want %v", got, tt.want)
			}
		})
	}
}

func TestNearestEpoch(t *testing.T) {
	tests := []struct {
		name           string
		now, low, want int
	}{
		{"handshake first", 0, 2, 2},
		{"early data", 0, 1, 1},
		{"the handshake was missed", 0, 3, 3},
		{"the key was changed before", 0, 0, 4},
		{"handshake behind early data", 1, 2, 2},
		{"application", 2, 3, 3},
		{"the same", 3, 3, 3},
		{"late handshake", 3, 2, 2},
		{"key update", 3, 0, 4},
		{"late record", 4, 3, 3},
		{"third key update", 6, 3, 7},
		{"two behind", 6, 0, 4},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := nearestEpoch(tt.now, tt.low); got != tt.want {
				t.Errorf("%d, want %d", got, tt.want)
			}
		})
	}
}

func TestNumbers(t *testing.T) {
	tests := []struct {
		name        string
		seqs        []uint64
		lost, twice uint64
	}{
		{"in order", []uint64{0, 1, 2, 3}, 0, 0},
		{"from the middle", []uint64{700, 701}, 0, 0},
		{"a hole", []uint64{0, 1, 4}, 2, 0},
		{"out of order", []uint64{0, 2, 1, 3}, 0, 0},
		{"twice", []uint64{0, 1, 1, 0}, 0, 2},
		{"long jump", []uint64{0, 1 << 40}, 1<<40 - 1, 0},
		{"before the first", []uint64{5, 3, 4}, 0, 0},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var n numbers
			for _, seq := range tt.seqs {
				n.add(header{epoch: 1, seq: seq})
			}
			if got := n.missing(); got != tt.lost || n.twice != tt.twice {
				t.Errorf("lost %d, twice %d; want %d and %d", got, n.twice, tt.lost, tt.twice)
			}
		})
	}
}
