package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/report/text"
)

// An object is a JSON object.
type object = map[string]any

// differences says in words what differs between two expectations, a line for
// each value that is not ignored. It is an error if want is not one.
func differences(want, found []byte, ignored []*regexp.Regexp) ([]string, error) {
	wantConns, wantSummary, err := parseGolden(want)
	if err != nil {
		return nil, err
	}
	foundConns, foundSummary, err := parseGolden(found)
	if err != nil {
		return nil, err
	}
	var d differ
	pairs, gone, added := match(wantConns, foundConns)
	for _, p := range pairs {
		d.lead = label(p[1]) + ": "
		strip(p[0], "", ignored)
		strip(p[1], "", ignored)
		d.object("", p[0], p[1])
	}
	d.lead = ""
	d.whole("gone", gone)
	d.whole("new", added)
	d.lead = "summary: "
	strip(wantSummary, "", ignored)
	strip(foundSummary, "", ignored)
	d.object("", wantSummary, foundSummary)
	return d.lines, nil
}

// parseGolden reads an expectation: connections, then a summary.
func parseGolden(b []byte) (conns []object, summary object, err error) {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.UseNumber()
	var all []object
	if err := dec.Decode(&all); err != nil {
		return nil, nil, err
	}
	if _, err := dec.Token(); err != io.EOF {
		return nil, nil, errors.New("there is something behind the array")
	}
	for _, o := range all {
		if o["type"] == "summary" && summary == nil {
			summary = o
		} else {
			conns = append(conns, o)
		}
	}
	return conns, summary, nil
}

// match pairs connections: those between the same ends from the same moment,
// then, in order, those of the same number.
func match(want, found []object) (pairs [][2]object, gone, added []object) {
	partner := make([]int, len(found)) // place in want + 1
	taken := make([]bool, len(want))
	for _, key := range []func(object) string{identity, numberIn} {
		at := map[string][]int{}
		for i, o := range want {
			if !taken[i] {
				at[key(o)] = append(at[key(o)], i)
			}
		}
		for j, o := range found {
			if k := key(o); partner[j] == 0 && len(at[k]) > 0 {
				i := at[k][0]
				at[k] = at[k][1:]
				partner[j], taken[i] = i+1, true
			}
		}
	}
	for j, o := range found {
		if partner[j] == 0 {
			added = append(added, o)
		} else {
			pairs = append(pairs, [2]object{want[partner[j]-1], o})
		}
	}
	for i, o := range want {
		if !taken[i] {
			gone = append(gone, o)
		}
	}
	return pairs, gone, added
}

func identity(o object) string { return fmt.Sprint(o["client"], o["server"], o["start"]) }
func numberIn(o object) string { return fmt.Sprint(o["number"]) }

// label names a connection: "#3 www.example.test".
func label(o object) string {
	s := "#" + numberIn(o)
	if name, ok := o["server_name"].(string); ok {
		s += " " + name
	}
	return s
}

// A differ collects differences.
type differ struct {
	lead  string // what the lines are about
	lines []string
}

func (d *differ) line(path, format string, args ...any) {
	sep := " "
	if path == "" {
		sep = ""
	}
	d.lines = append(d.lines, d.lead+path+sep+fmt.Sprintf(format, args...))
}

// whole reports connections that only one side has.
func (d *differ) whole(what string, conns []object) {
	if len(conns) == 0 {
		return
	}
	var names []string
	for _, o := range conns {
		names = append(names, fmt.Sprintf("%s (%v)", label(o), o["outcome"]))
	}
	verb := "are"
	if len(conns) == 1 {
		verb = "is"
	}
	d.line("", "%s %s %s: %s", text.Count(len(conns), "connection"), verb, what, strings.Join(names, ", "))
}

// object compares two objects key by key.
func (d *differ) object(path string, want, found object) {
	var keys []string
	for k := range want {
		keys = append(keys, k)
	}
	for k := range found {
		if _, both := want[k]; !both {
			keys = append(keys, k)
		}
	}
	slices.Sort(keys)
	if i := slices.Index(keys, "outcome"); i > 0 { // first what matters most
		keys = append([]string{"outcome"}, slices.Delete(keys, i, i+1)...)
	}
	for _, k := range keys {
		at := k
		if path != "" {
			at = path + "." + k
		}
		w, hadIt := want[k]
		f, hasIt := found[k]
		switch {
		case !hadIt:
			d.line(at, "is new: %s", brief(f))
		case !hasIt:
			d.line(at, "is gone: was %s", brief(w))
		default:
			d.value(at, w, f)
		}
	}
}

// value compares two values of the same key.
func (d *differ) value(path string, want, found any) {
	switch w := want.(type) {
	case object:
		if f, ok := found.(object); ok {
			d.object(path, w, f)
			return
		}
	case []any:
		if f, ok := found.([]any); ok {
			d.list(path, w, f)
			return
		}
	}
	if !same(want, found) {
		d.line(path, "was %s, is %s", brief(want), brief(found))
	}
}

// list compares two lists: what is between their common beginning and their
// common end, item by item if there are as many.
func (d *differ) list(path string, want, found []any) {
	head := 0
	for head < min(len(want), len(found)) && same(want[head], found[head]) {
		head++
	}
	tail := 0
	for tail < min(len(want), len(found))-head && same(want[len(want)-1-tail], found[len(found)-1-tail]) {
		tail++
	}
	w, f := want[head:len(want)-tail], found[head:len(found)-tail]
	if len(w) == len(f) {
		for i := range w {
			d.value(fmt.Sprintf("%s[%d]", path, head+i), w[i], f[i])
		}
		return
	}
	if len(w) > 0 {
		d.line(path, "has lost %s", items(w, head))
	}
	if len(f) > 0 {
		d.line(path, "has gained %s", items(f, head))
	}
}

// items words a stretch of a list.
func items(list []any, from int) string {
	var parts []string
	for i, v := range list {
		parts = append(parts, fmt.Sprintf("[%d] %s", from+i, brief(v)))
	}
	return strings.Join(parts, ", ")
}

// same compares values by how they are written; keys of objects are sorted.
func same(a, b any) bool {
	x, errX := json.Marshal(a)
	y, errY := json.Marshal(b)
	return errX == nil && errY == nil && bytes.Equal(x, y)
}

// brief writes a value: text as it is, what is longer as JSON.
func brief(v any) string {
	switch v := v.(type) {
	case string:
		if v != "" && !strings.ContainsAny(v, " ,:") {
			return v
		}
	case json.Number:
		return v.String()
	}
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Sprint(v)
	}
	return string(b)
}
