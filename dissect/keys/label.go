package keys

import "strconv"

// A Label is the kind of secret in a line of a key log (RFC 9850, Section 2).
type Label uint8

// Labels. The QUIC_ labels of older programs are read as those without.
const (
	ClientRandom    Label = iota // master secret of TLS 1.2 and before
	PMSClientRandom              // premaster secret, by client random
	RSAPremaster                 // premaster secret, by the head of the encrypted one
	SessionMaster                // master secret, by session ID
	ClientEarly
	ClientHandshake
	ServerHandshake
	ClientTraffic // of generation 0 or a later one
	ServerTraffic
	Exporter
	EarlyExporter
	ECHSecret
	ECHConfig
	labels int = iota
)

var labelNames = [...]string{
	"CLIENT_RANDOM", "PMS_CLIENT_RANDOM", "RSA", "RSA Session-ID",
	"CLIENT_EARLY_TRAFFIC_SECRET", "CLIENT_HANDSHAKE_TRAFFIC_SECRET", "SERVER_HANDSHAKE_TRAFFIC_SECRET",
	"CLIENT_TRAFFIC_SECRET_0", "SERVER_TRAFFIC_SECRET_0", "EXPORTER_SECRET", "EARLY_EXPORTER_SECRET",
	"ECH_SECRET", "ECH_CONFIG",
}

// String returns the label as files have it, "CLIENT_RANDOM".
func (l Label) String() string {
	if int(l) < len(labelNames) {
		return labelNames[l]
	}
	return "label " + strconv.Itoa(int(l))
}

// anyGeneration is the generation of the labels that end in a literal "_N",
// which OpenSSL writes for every key update.
const anyGeneration = -1

// parseLabel reads a label in upper case. gen is 0 but for traffic secrets.
func parseLabel(b []byte) (l Label, gen int, ok bool) {
	const q = "QUIC_"
	if len(b) > len(q) && string(b[:len(q)]) == q {
		b = b[len(q):]
	}
	for i, name := range labelNames {
		if string(b) == name {
			return Label(i), 0, Label(i) != SessionMaster
		}
	}
	// Forms of QUIC drafts, of drafts and of generations after the first.
	switch string(b) {
	case "EARLY_EXPORTER_MASTER_SECRET":
		return EarlyExporter, 0, true
	case "EXPORTER_MASTER_SECRET":
		return Exporter, 0, true
	case "CLIENT_0RTT_SECRET", "CLIENT_EARLY_SECRET":
		return ClientEarly, 0, true
	case "CLIENT_HANDSHAKE_SECRET":
		return ClientHandshake, 0, true
	case "SERVER_HANDSHAKE_SECRET":
		return ServerHandshake, 0, true
	case "CLIENT_1RTT_SECRET":
		return ClientTraffic, 0, true
	case "SERVER_1RTT_SECRET":
		return ServerTraffic, 0, true
	}
	const stem = "_TRAFFIC_SECRET_"
	if len(b) <= 6+len(stem) || string(b[6:6+len(stem)]) != stem {
		return 0, 0, false
	}
	switch string(b[:6]) {
	case "CLIENT":
		l = ClientTraffic
	case "SERVER":
		l = ServerTraffic
	default:
		return 0, 0, false
	}
	n := string(b[6+len(stem):])
	if n == "N" {
		return l, anyGeneration, true
	}
	g, err := strconv.ParseUint(n, 10, 31)
	return l, int(g), err == nil
}

// labelText is the inverse of parseLabel.
func labelText(l Label, gen int) string {
	if l != ClientTraffic && l != ServerTraffic {
		return l.String()
	}
	n := "N"
	if gen != anyGeneration {
		n = strconv.Itoa(gen)
	}
	return l.String()[:len(l.String())-1] + n
}
