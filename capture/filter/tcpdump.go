package filter

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/bpf"
)

const (
	tcpdumpTimeout = 5 * time.Second
	maxListing     = 256 << 10 // bytes: 4096 instructions take less than 128 KiB
)

// A ToolError says why tcpdump could not help.
type ToolError struct {
	What string
	Err  error // the cause, if there is one
	hint string
}

func (e *ToolError) Error() string {
	if e.Err == nil {
		return "filter: " + e.What
	}
	return "filter: " + e.What + ": " + e.Err.Error()
}

func (e *ToolError) Unwrap() error { return e.Err }

// Hint says what to do about it, or nothing.
func (e *ToolError) Hint() string { return e.hint }

// CompileAny compiles expr itself, or asks tcpdump if the expression has words
// or the packets a link type that only tcpdump knows. note is empty in the
// first case and in the second a sentence that says who compiled the filter. An
// expression that is wrong is not given to tcpdump.
func CompileAny(ctx context.Context, expr string, link uint32, opt Options) (p Program, note string, err error) {
	p, serr := compile(expr, link, opt)
	if serr == nil {
		return p, "", nil
	}
	if !serr.beyond {
		return Program{}, "", serr
	}
	p, err = CompileTcpdump(ctx, expr, link, opt)
	var te *ToolError
	if errors.As(err, &te) {
		te.What = fmt.Sprintf("column %d: %s; %s", serr.Pos+1, serr.What, te.What)
	}
	if err != nil {
		return Program{}, "", err
	}
	return p, "the filter was compiled by tcpdump, since " + serr.What, nil
}

// CompileTcpdump has "tcpdump -ddd" compile expr. It starts the program without
// a shell and with no environment but the language, waits at most 5 seconds and
// checks what comes back before it is run. Names of hosts are refused, since
// tcpdump would look them up. The error is a *ToolError or a *SyntaxError.
func CompileTcpdump(ctx context.Context, expr string, link uint32, opt Options) (Program, error) {
	if err := refuseHostNames(expr); err != nil {
		return Program{}, err
	}
	if opt.Live && hasWord(expr, "vlan") {
		return Program{}, &ToolError{What: "tcpdump cannot compile 'vlan' for a live capture from here: the kernel takes the tag out of the packet", hint: "use words that are compiled here, or filter what was captured"}
	}
	name := tcpdumpLink(link)
	if name == "" {
		return Program{}, &ToolError{What: "filters on " + linkName(link) + " cannot be compiled", hint: "leave the filter out"}
	}
	path, err := findTcpdump()
	if err != nil {
		return Program{}, &ToolError{What: "tcpdump is not installed", Err: err, hint: "install tcpdump, or write the filter without that word"}
	}
	ctx, cancel := context.WithTimeout(ctx, tcpdumpTimeout)
	defer cancel()
	// All that follows "--" is expression, whatever it begins with.
	cmd := exec.CommandContext(ctx, path, "-y", name, "-s", strconv.FormatUint(uint64(opt.snapLen()), 10), "-ddd", "--", expr)
	cmd.Env = []string{"LC_ALL=C"}
	cmd.WaitDelay = time.Second
	var out, complaint limited
	cmd.Stdout, cmd.Stderr = &out, &complaint
	if err := cmd.Run(); err != nil {
		if ctx.Err() != nil {
			err = ctx.Err()
		}
		e := &ToolError{What: "tcpdump refuses the filter", Err: err}
		if why := lastLine(complaint.String()); why != "" && ctx.Err() == nil {
			e.Err = errors.New(why) // more than its exit status says
		}
		return Program{}, e
	}
	p, err := parseListing(out.String(), opt.Live)
	if err != nil {
		return Program{}, &ToolError{What: "tcpdump's program cannot be used", Err: err}
	}
	return p, nil
}

// tcpdumpPlaces are where tcpdump is looked for besides PATH, which of users
// often lacks the folders of administrators.
var tcpdumpPlaces = []string{"/usr/sbin/tcpdump", "/sbin/tcpdump", "/usr/bin/tcpdump"}

// findTcpdump looks in the path and where systems keep it for administrators.
func findTcpdump() (string, error) {
	path, err := exec.LookPath("tcpdump")
	if err == nil {
		return filepath.Abs(path)
	}
	for _, p := range tcpdumpPlaces {
		if st, serr := os.Stat(p); serr == nil && st.Mode().IsRegular() && st.Mode()&0o111 != 0 {
			return p, nil
		}
	}
	return "", err
}

// limited keeps the first maxListing bytes of what a program writes.
type limited struct{ bytes.Buffer }

func (l *limited) Write(b []byte) (int, error) {
	l.Buffer.Write(b[:min(len(b), max(0, maxListing-l.Len()))])
	return len(b), nil
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	last := quote(strings.TrimPrefix(lines[len(lines)-1], "tcpdump: "))
	return strings.Trim(last, "'")
}

// refuseHostNames finds words that tcpdump would take for the name of a host or
// network: those that follow no qualifier which asks for something else.
func refuseHostNames(expr string) error {
	toks, err := lex(expr)
	if err != nil {
		return err
	}
	safe := false
	for _, t := range toks {
		switch {
		case t.kind == tName && !safe:
			return errAt(t, "write the address: a capture tool asks no name server", "%s is a name, and names of hosts and networks are not looked up", t)
		case t.kind == tWord:
			safe = takesName(t.text, safe)
		}
	}
	return nil
}

// hasWord reports whether word is among the tokens of an expression that lex
// takes.
func hasWord(expr, word string) bool {
	toks, _ := lex(expr)
	for _, t := range toks {
		if t.is(word) {
			return true
		}
	}
	return false
}

// takesName says whether a name behind the word is anything but a host's or a
// network's; operators between leave that as it was before.
func takesName(word string, before bool) bool {
	switch word {
	case "port", "portrange", "proto", "protochain", "type", "subtype", "direction", "dir", "llc",
		"on", "ifname", "rset", "ruleset", "reason", "action":
		return true
	case "and", "or", "not":
		return before
	}
	return false
}

// parseListing reads the output of "tcpdump -ddd": the number of instructions,
// then four decimal numbers for each.
func parseListing(s string, live bool) (Program, error) {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	n, err := strconv.Atoi(lines[0])
	if err != nil || n < 1 || n > maxProgram || n != len(lines)-1 {
		return Program{}, fmt.Errorf("it has %d lines and says %s", len(lines), quote(lines[0]))
	}
	raw := make([]bpf.RawInstruction, 0, n)
	for _, line := range lines[1:] {
		f := strings.Fields(line)
		if len(f) != 4 {
			return Program{}, fmt.Errorf("the line %s is not an instruction", quote(line))
		}
		var v [4]uint64
		for i, bits := range [4]int{16, 8, 8, 32} {
			if v[i], err = strconv.ParseUint(f[i], 10, bits); err != nil {
				return Program{}, fmt.Errorf("the line %s is not an instruction", quote(line))
			}
		}
		raw = append(raw, bpf.RawInstruction{Op: uint16(v[0]), Jt: uint8(v[1]), Jf: uint8(v[2]), K: uint32(v[3])})
	}
	if err := validate(raw, live); err != nil {
		return Program{}, err
	}
	return Program{raw: raw}, nil
}

// validate holds a program to what Match and the kernel can run: known
// instructions, forward jumps that stay inside, a return at the end, and for
// files no questions that only the kernel answers.
func validate(raw []bpf.RawInstruction, live bool) error {
	if _, all := bpf.Disassemble(raw); !all {
		return errors.New("it has an instruction that is not classic BPF")
	}
	for i, in := range raw {
		if err := validateOne(in, uint64(len(raw)-i-1), live); err != nil {
			return err
		}
	}
	if raw[len(raw)-1].Op&0x07 != retK&0x07 {
		return errors.New("it does not end with a return")
	}
	return nil
}

// validateOne checks an instruction that has the given number behind it.
func validateOne(in bpf.RawInstruction, behind uint64, live bool) error {
	class, mode := in.Op&0x07, in.Op&0xe0
	switch {
	case in.Op == ja && uint64(in.K) >= behind:
		return errors.New("it jumps backwards, which the kernel does not take ('protochain' needs it)")
	case class == jmp && in.Op != ja && (uint64(in.Jt) >= behind || uint64(in.Jf) >= behind):
		return errors.New("it jumps past its end")
	case class <= 1 && mode == ldAbs && in.K >= ancillary && !live:
		return errors.New("it asks for what only a live capture knows, such as the direction of a packet")
	case class <= 1 && mode == ldAbs && in.K >= 1<<31 && in.K < ancillary:
		return errors.New("it reads from a negative offset")
	case class <= 1 && mode == ldMem && in.K > 15, (class == 2 || class == 3) && in.K > 15:
		return errors.New("it uses a scratch cell that does not exist")
	case (in.Op == alu|0x30 || in.Op == alu|0x90) && in.K == 0:
		return errors.New("it divides by zero")
	}
	return nil
}
