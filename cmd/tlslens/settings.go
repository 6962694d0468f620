package main

import (
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tlslens/tlslens/dissect"
	"github.com/tlslens/tlslens/dissect/conn"
)

// settings are the values of all flags.
type settings struct {
	now func() time.Time
	err error // the first flag whose value is wrong

	named bool // the command was typed, not left out

	files   []string
	filter  string
	packets uint64 // 0: all

	keys    keySettings
	export  exportSettings
	live    liveSettings
	anchors []string
	at      dissect.CheckTime
	verify  dissect.Verify

	conns []span   // nil: all
	only  string   // "", "failed", "warn" or "fail"
	names []string // in lower case; nil: all

	format, output string
	verbose        int
	quiet, hex     bool
	zone           string
	width          int // -1: not given
	color          string
	ascii          bool

	memory  int64 // bytes; 0: not given
	flows   int
	workers int
	failOn  conn.Severity // Info: never

	golden        string
	ignored       []*regexp.Regexp // keys that check passes over
	update        bool
	page          string
	help, version bool
}

func newSettings(now func() time.Time) *settings {
	return &settings{now: now, width: -1, color: "auto", zone: "relative", page: "man"}
}

// check refuses flags that contradict each other.
func (s *settings) check() error {
	if s.hex {
		s.verbose = max(s.verbose, 2)
	}
	switch {
	case s.quiet && s.hex:
		return failf("-q and -x contradict each other").or("-q shows less, -x shows more")
	case s.format == "lines" && s.only != "":
		return failf("--only and -T lines contradict each other").or("--only goes by how a connection ends, lines are written before")
	case s.format == "lines" && s.names != nil:
		return failf("--name and -T lines contradict each other").or("lines are written before the name is known; -T list has one line for each connection")
	case s.quiet && s.verbose > 0:
		return failf("-q and -v contradict each other").or("-q shows less, -v shows more")
	}
	return nil
}

// idle words the flags that change nothing beside others, one note for each.
func (s *settings) idle() []string {
	var out []string
	if s.quiet && (s.format == "json" || s.format == "jsonl") {
		out = append(out, "-q changes nothing of -T "+s.format+"; --only fail leaves connections out")
	}
	if s.verbose > 0 && s.format != "" && s.format != "table" {
		flag := "-v"
		if s.hex {
			flag = "-x"
		}
		out = append(out, flag+" changes nothing of -T "+s.format)
	}
	if s.keys.sealed && len(s.keys.logs)+len(s.keys.private)+len(s.keys.psks) > 0 {
		out = append(out, "with --no-decrypt the given keys are not used")
	}
	return out
}

// A span is a range of connection numbers, both ends included.
type span struct{ from, to uint64 }

// numbered reports whether --conn lets the connection of that number through.
func (s *settings) numbered(n uint64) bool {
	for _, r := range s.conns {
		if n >= r.from && n <= r.to {
			return true
		}
	}
	return s.conns == nil
}

// wanted reports whether --only and --name let a connection through.
func (s *settings) wanted(c *conn.Conn) bool {
	if s.names != nil && !slices.ContainsFunc(s.names, func(n string) bool {
		return strings.Contains(strings.ToLower(c.ServerName), n) || strings.Contains(strings.ToLower(c.Name()), n)
	}) {
		return false
	}
	switch s.only {
	case "failed":
		return failed(c.Outcome)
	case "warn":
		return worst(c) >= conn.Warn
	case "fail":
		return worst(c) >= conn.Fail
	}
	return true
}

// failed reports whether a connection did not come to stand, as the summary
// counts it.
func failed(o conn.Outcome) bool {
	switch o {
	case conn.Established, conn.OneSided, conn.Incomplete, conn.NotTLS, conn.StartTLSUnused:
		return false
	}
	return true
}

// worst returns the gravest severity of the findings, Info if there is none. A
// connection that did not come to be one of TLS is as grave as any.
func worst(c *conn.Conn) conn.Severity {
	var w conn.Severity
	if failed(c.Outcome) || c.Outcome == conn.NotTLS || c.Outcome == conn.StartTLSUnused {
		return conn.Fail
	}
	for i := range c.Findings {
		w = max(w, c.Findings[i].Severity)
	}
	return w
}

// choice words --conn, --only and --name, "" if all are chosen.
func (s *settings) choice() string {
	var parts []string
	if s.conns != nil {
		var nums []string
		for _, r := range s.conns {
			switch {
			case r.to == math.MaxUint64:
				nums = append(nums, fmt.Sprintf("%d-", r.from))
			case r.from == r.to:
				nums = append(nums, fmt.Sprint(r.from))
			default:
				nums = append(nums, fmt.Sprintf("%d-%d", r.from, r.to))
			}
		}
		parts = append(parts, "--conn "+strings.Join(nums, ","))
	}
	if s.only != "" {
		parts = append(parts, "--only "+s.only)
	}
	for _, n := range s.names {
		parts = append(parts, "--name "+n)
	}
	return strings.Join(parts, " ")
}

// parseCount reads a number of at least lowest.
func parseCount(v string, lowest uint64) (uint64, error) {
	n, err := strconv.ParseUint(v, 10, 63)
	switch {
	case err != nil && errors.Is(err, strconv.ErrRange):
		return 0, fmt.Errorf("%s is too large", v)
	case err != nil:
		if i, err := strconv.ParseInt(v, 10, 64); err == nil && i < 0 {
			return 0, fmt.Errorf("%d is too small: the least is %d", i, lowest)
		}
		return 0, fmt.Errorf("%q is not a whole number", v)
	case n < lowest:
		return 0, fmt.Errorf("%d is too small: the least is %d", n, lowest)
	}
	return n, nil
}

// parseSpans reads "3,7-9,12-".
func parseSpans(v string) ([]span, error) {
	var spans []span
	for _, part := range strings.Split(v, ",") {
		part = strings.TrimPrefix(strings.TrimSpace(part), "#")
		from, to, isRange := strings.Cut(part, "-")
		r := span{to: math.MaxUint64}
		var err error
		if r.from, err = parseCount(from, 1); err != nil {
			return nil, fmt.Errorf("%q is not like 3,7-9", v)
		}
		switch {
		case !isRange:
			r.to = r.from
		case to != "":
			if r.to, err = parseCount(strings.TrimPrefix(to, "#"), 1); err != nil {
				return nil, fmt.Errorf("%q is not like 3,7-9", v)
			}
		}
		if r.to < r.from {
			return nil, fmt.Errorf("%s is a range that ends before it begins", part)
		}
		spans = append(spans, r)
	}
	return spans, nil
}

// Sizes of --max-memory.
const (
	defaultMemory = 512 << 20
	leastMemory   = 32 << 20
)

// parseSize reads the value of --max-memory.
func parseSize(v string) (int64, error) { return parseBytes(v, v, leastMemory) }

// parseBytes reads a number of bytes: "512MiB", "1.5GiB", "64M". All units are
// powers of two. typed is what was typed, for the message.
func parseBytes(v, typed string, least int64) (int64, error) {
	digits := strings.TrimRight(strings.TrimSpace(v), "BbiIKkMmGgTt ")
	var factor float64
	switch strings.ToLower(strings.TrimSpace(v[len(digits):])) {
	case "", "b":
		factor = 1
	case "k", "kb", "kib":
		factor = 1 << 10
	case "m", "mb", "mib":
		factor = 1 << 20
	case "g", "gb", "gib":
		factor = 1 << 30
	case "t", "tb", "tib":
		factor = 1 << 40
	}
	n, err := strconv.ParseFloat(digits, 64)
	if err != nil || factor == 0 || !(n >= 0) || n*factor > 1<<60 {
		return 0, fmt.Errorf("%q is not a size such as 512MiB", typed)
	}
	if n *= factor; n < float64(least) {
		return 0, fmt.Errorf("%s is too small: the least is %dMiB", typed, least>>20)
	}
	return int64(n), nil
}

// parseTime reads the value of --at.
func parseTime(v string, now func() time.Time) (dissect.CheckTime, error) {
	switch v {
	case "capture":
		return dissect.CheckTime{}, nil
	case "now":
		return dissect.CheckTime{Fixed: now().UTC(), Label: "now"}, nil
	}
	for _, layout := range []string{time.DateOnly, time.RFC3339Nano} {
		if t, err := time.Parse(layout, v); err == nil && !t.IsZero() {
			return dissect.CheckTime{Fixed: t.UTC(), Label: "at " + v}, nil
		}
	}
	return dissect.CheckTime{}, fmt.Errorf("%q is neither capture nor now, nor a time like 2026-11-23 or 2026-11-23T09:06:03Z", v)
}
