package filter

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// oracle has libpcap compile expr through tcpdump, with or without its
// optimiser. The program is not held to validate: it runs on Match only.
func oracle(t testing.TB, expr string, link uint32, optimise bool) (Program, error) {
	t.Helper()
	args := []string{"-y", tcpdumpLink(link), "-ddd"}
	if !optimise {
		args = append(args, "-O")
	}
	out, err := exec.Command("tcpdump", append(args, "--", expr)...).CombinedOutput()
	if err != nil {
		return Program{}, fmt.Errorf("%s", strings.TrimSpace(string(out)))
	}
	text := string(out)
	if i := strings.Index(text, "Warning:"); i >= 0 {
		text = text[strings.Index(text[i:], "\n")+i+1:]
	}
	return parseListing(text, true)
}

func needTcpdump(t testing.TB) {
	t.Helper()
	if _, err := exec.LookPath("tcpdump"); err != nil {
		t.Skip("tcpdump is not installed: no libpcap to compare with")
	}
}
