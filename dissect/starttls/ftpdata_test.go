package starttls

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/tlslens/tlslens/dissect/flow"
)

func TestFTPControl(t *testing.T) {
	for _, tc := range []struct {
		name  string
		turns []turn
		want  []string
	}{
		{"PASV", []turn{c("PASV\r\n"), s("227 Entering Passive Mode (192,0,2,7,56,171).\r\n"), c("RETR " + secret + "\r\n")}, []string{"server 192.0.2.7 14507 RETR"}},
		{"PASV without parentheses", []turn{s("227 Entering Passive Mode 192,0,2,7,0,20\r\n"), c("LIST\r\n")}, []string{"server 192.0.2.7 20 LIST"}},
		{"EPSV", []turn{c("EPSV\r\n"), s("229 Entering Extended Passive Mode (|||14500|)\r\n"), c("STOR x\r\n")}, []string{"server invalid IP 14500 STOR"}},
		{"PORT", []turn{c("PORT 192,0,2,1,164,43\r\n"), s("200 ok\r\n"), c("mlsd\r\n")}, []string{"client 192.0.2.1 42027 MLSD"}},
		{"EPRT", []turn{c("EPRT |2|2001:db8::1|5282|\r\n"), c("NLST\r\n")}, []string{"client 2001:db8::1 5282 NLST"}},
		{"two", []turn{s("229 x (|||1|)\r\n"), c("RETR a\r\n"), s("226 done\r\n229 x (!!!2!)\r\n"), c("APPE a\r\n")}, []string{"server invalid IP 1 RETR", "server invalid IP 2 APPE"}},
		{"no command", []turn{s("229 x (|||1|)\r\n"), c("ABOR\r\n")}, []string{"server invalid IP 1 "}},
		{"nonsense", []turn{c("PORT 1,2,3\r\nPORT 1,2,3,4,5,256\r\nPORT\r\nEPRT\r\nEPRT |1|\r\nEPRT |1||1|\r\nEPRT |1|x|1|\r\nEPRT |2|fe80::1%eth0|1|\r\n"),
			s("227\r\n229\r\n229 ()\r\n229 (|||0|)\r\n229 (|||99999|)\r\n227 (,,,,,)\r\n22\r\n")}, nil},
		{"said by the wrong side", []turn{s("PORT 192,0,2,1,164,43\r\n"), c("229 x (|||1|)\r\n")}, nil},
		{"a line that is too long", []turn{c("PORT " + strings.Repeat(" ", 600) + "192,0,2,1,164,43\r\n"), c("PORT 192,0,2,1,0,9\r\n")}, []string{"client 192.0.2.1 9 "}},
		{"too many", []turn{s(strings.Repeat("229 x (|||1|)\r\n", 40))}, strings.Split(strings.Repeat("server invalid IP 1 ,", mostPorts-1)+"server invalid IP 1 ", ",")},
	} {
		t.Run(tc.name, func(t *testing.T) {
			for _, piece := range []int{1 << 20, 1, 7} {
				var f FTPControl
				for _, tn := range tc.turns {
					for b := tn.b; b != ""; b = b[min(piece, len(b)):] {
						f.Data(tn.by, []byte(b[:min(piece, len(b))]))
					}
				}
				var got []string
				for _, p := range f.Announced() {
					got = append(got, fmt.Sprintf("%s %s %d %s", p.Listens, p.Addr, p.Port, p.Command))
				}
				if d := cmp.Diff(tc.want, got); d != "" {
					t.Errorf("in pieces of %d (-want +got)\n%s", piece, d)
				}
				if len(f.lines[flow.Client]) > mostControlLine || len(f.Announced()) != 0 {
					t.Errorf("%d bytes of a line are kept", len(f.lines[flow.Client]))
				}
			}
		})
	}
}

func FuzzFTPControl(f *testing.F) {
	f.Add([]byte("PORT 192,0,2,1,164,43\r\nEPRT |1|192.0.2.1|9|\r\n"), []byte("227 (1,2,3,4,5,6)\r\n229 (|||7|)\r\n"))
	f.Fuzz(func(t *testing.T, client, server []byte) {
		var a, b FTPControl
		a.Data(flow.Client, client)
		a.Data(flow.Server, server)
		for i := range client {
			b.Data(flow.Client, client[i:i+1])
		}
		for i := range server {
			b.Data(flow.Server, server[i:i+1])
		}
		x, y := a.Announced(), b.Announced()
		if len(x) != len(y) || len(x) > mostPorts {
			t.Fatalf("%d ports at once, %d byte by byte", len(x), len(y))
		}
		for i := range x {
			if *x[i] != *y[i] {
				t.Fatalf("%+v at once, %+v byte by byte", *x[i], *y[i])
			}
		}
	})
}
