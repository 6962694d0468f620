package conn

import (
	"fmt"
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// FTPData tells that a connection is a data connection of FTP (RFC 959, RFC
// 4217).
type FTPData struct {
	Of      uint64 // number of its control connection; 0 if that is not TLS
	Passive bool   // the client connected to the server, else the other way round
	Command string // "RETR"; "" if it was not seen
	// Fits says that the announcement is sealed, and the connection fits one:
	// the others are not known then, but for Of.
	Fits bool
}

// String words it: "FTP data of #1, passive, RETR".
func (d *FTPData) String() string {
	if d.Fits {
		return fmt.Sprintf("fits FTP data of #%d", d.Of)
	}
	parts := []string{"FTP data"}
	if d.Of != 0 {
		parts[0] += fmt.Sprintf(" of #%d", d.Of)
	}
	return strings.Join(append(parts, d.how()...), ", ")
}

func (d *FTPData) how() []string {
	how := []string{"active"}
	if d.Passive {
		how[0] = "passive"
	}
	if d.Command != "" {
		how = append(how, d.Command)
	}
	return how
}

// DataInTheClear tells the control connection of FTP that a data connection
// which it announced is not TLS; side is the client, at the data connection's
// first packet.
func (b *Builder) DataInTheClear(d FTPData, side flow.Side, at flow.Mark) {
	t := &b.c.Tunnel.Phase
	if len(t.Steps) >= mostSteps {
		return
	}
	t.Steps = append(t.Steps, step(side, at, "data in the clear", "ftp_data_in_the_clear", 0, "a data connection of its own without TLS: "+strings.Join(d.how(), ", ")))
}
