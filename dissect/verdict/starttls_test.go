package verdict

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/conn"
	"github.com/tlslens/tlslens/dissect/flow"
)

// inTheClear makes a connection with rows about what went in the clear, in
// packets 5, 6, ...
func inTheClear(o conn.Outcome, rows ...string) *conn.Conn {
	c := &conn.Conn{Outcome: o}
	c.CertificateCheck.Steps = []conn.Step{{Name: "plaintext", At: flow.Mark{Packet: 4, Time: time.Unix(4, 0)}}}
	for i, name := range rows {
		c.CertificateCheck.Steps = append(c.CertificateCheck.Steps, conn.Step{Name: name, Says: []string{"its login (PASS)"}, Bytes: 7,
			Side: flow.Client, At: flow.Mark{Packet: uint64(5 + i), Time: time.Unix(5, 0)}})
	}
	return c
}

// clearCases are what the rules about the words before TLS say.
func clearCases() []ruleCase {
	return []ruleCase{
		{"refused", inTheClear(conn.StartTLSRefused), []string{"warn starttls-refused: The server refused TLS when the client asked for it."}},
		{"stripped", inTheClear(conn.StartTLSStripped, "cleartext_data"), []string{"fail starttls-stripped: The server's offer of TLS did not reach the client."}},
		{"not used", inTheClear(conn.StartTLSUnused, "cleartext_data"), []string{"warn starttls-unused: The server offered TLS and the client went on without it."}},
		{"a login before TLS", inTheClear(conn.Established, "cleartext_login"), []string{"fail starttls-cleartext-login: The client sent its login (PASS) in the clear: everybody on the way can read it."}},
		{"a hashed login", inTheClear(conn.Established, "cleartext_login_hashed"), []string{"warn starttls-cleartext-login: The client sent its login (PASS) in the clear: no password is shown, but what is can be tried against lists of them."}},
		{"a login at a proxy", inTheClear(conn.Established, "cleartext_proxy_login"), []string{"warn starttls-cleartext-login: The client sent its login (PASS) in the clear: everybody on the way can read it."}},
		{"the gravest login counts", inTheClear(conn.Established, "cleartext_login_hashed", "cleartext_login"), []string{"fail starttls-cleartext-login: The client sent its login (PASS) in the clear: everybody on the way can read it."}},
		{"data before TLS", inTheClear(conn.Established, "cleartext_data"), nil},
		{"data of FTP in the clear", ftpData(), []string{"warn ftp-data-clear: 2 data connections went without TLS: whoever is on the way could read and change what was transferred."}},
		{"bytes behind the request", inTheClear(conn.Established, "cleartext_injected"), []string{"fail starttls-injection: The client sent 7 bytes in the clear where only TLS may stand."}},
	}
}

func TestClearEvidence(t *testing.T) {
	for _, tc := range []struct {
		name string
		conn *conn.Conn
		want map[string]uint64
	}{
		{"refused", inTheClear(conn.StartTLSRefused), map[string]uint64{"starttls-refused": 4}},
		{"not used, data", inTheClear(conn.StartTLSUnused, "cleartext_data"), map[string]uint64{"starttls-unused": 5}},
		{"not used, a login", inTheClear(conn.StartTLSUnused, "cleartext_login_hashed", "cleartext_login"), map[string]uint64{"starttls-unused": 6, "starttls-cleartext-login": 6}},
		{"injected", inTheClear(conn.Established, "cleartext_data", "cleartext_injected"), map[string]uint64{"starttls-injection": 6}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			Judge(tc.conn, Rules())
			got := map[string]uint64{}
			for _, f := range tc.conn.Findings {
				got[f.ID] = f.Evidence[0].Packet
			}
			if d := cmp.Diff(tc.want, got); d != "" {
				t.Errorf("(-want +got)\n%s", d)
			}
		})
	}
}

// ftpData is a control connection with two data connections in the clear.
func ftpData() *conn.Conn {
	c := inTheClear(conn.Established)
	c.Tunnel.Steps = []conn.Step{{Name: "alert"}, {Name: "ftp_data_in_the_clear"}, {Name: "ftp_data_in_the_clear"}}
	return c
}
