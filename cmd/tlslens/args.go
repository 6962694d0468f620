package main

import (
	"slices"
	"strings"
)

// The library stops looking for flags at the first argument, takes "-read" for
// "--read" and knows no "-vvx". So arguments are brought into the one form that
// it and everybody else understand: all flags first, each as --name=value, then
// "--" and the rest.

// arrange brings the arguments of a command into that form. An argument "--"
// ends the flags.
func arrange(c *command, args []string) ([]string, error) {
	var flags, rest []string
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			rest = append(rest, args[i+1:]...)
			i = len(args)
		case strings.HasPrefix(a, "--"):
			out, used, err := long(c, a[2:], args[i+1:])
			if err != nil {
				return nil, err
			}
			flags = append(flags, out)
			i += used
		case len(a) > 1 && a[0] == '-':
			out, used, err := cluster(c, a[1:], args[i+1:])
			if err != nil {
				return nil, err
			}
			flags = append(flags, out...)
			i += used
		default:
			rest = append(rest, a)
		}
	}
	return append(append(flags, "--"), rest...), nil
}

// long arranges one long flag and says how many of the arguments after it
// belong to it.
func long(c *command, a string, after []string) (string, int, error) {
	name, val, has := strings.Cut(a, "=")
	i := slices.IndexFunc(c.flags(), func(f *flagDef) bool { return f.name == name })
	if i < 0 {
		return "", 0, unknownFlag(c, "--"+name)
	}
	f := c.flags()[i]
	switch {
	case f.arg == "" && has && val != "true" && val != "false":
		return "", 0, failf("--%s takes no value", name).or("%s", c.helpHint())
	case f.arg == "" && !has:
		return "--" + name + "=true", 0, nil
	case has:
		return "--" + name + "=" + val, 0, nil
	case len(after) == 0:
		return "", 0, failf("%s wants a value: %s", f.spelling(), f.arg).or("%s", f.hint())
	}
	return "--" + name + "=" + after[0], 1, nil
}

// cluster arranges one or more short flags behind one dash. The first of them
// that takes a value takes what is left of the argument, or the next one. The name
// of a long flag is none of that: -output would write a file called utput.
func cluster(c *command, a string, after []string) ([]string, int, error) {
	var out []string
	name, _, _ := strings.Cut(a, "=")
	if slices.ContainsFunc(c.flags(), func(f *flagDef) bool { return f.name == name }) {
		return nil, 0, failf("%s has no flag -%s", c.name, name).or("a long flag has two dashes: --%s", name)
	}
	for i, r := range a {
		letter := string(r)
		k := slices.IndexFunc(c.flags(), func(f *flagDef) bool { return f.short == letter })
		if k < 0 {
			return nil, 0, unknownFlag(c, short(a, letter))
		}
		f := c.flags()[k]
		if f.arg == "" {
			out = append(out, "--"+f.name+"=true")
			continue
		}
		if left := a[i+len(letter):]; left != "" {
			return append(out, "--"+f.name+"="+strings.TrimPrefix(left, "=")), 0, nil
		}
		if len(after) == 0 {
			return nil, 0, failf("%s wants a value: %s", f.spelling(), f.arg).or("%s", f.hint())
		}
		return append(out, "--"+f.name+"="+after[0]), 1, nil
	}
	return out, 0, nil
}

// short names a letter that is no flag together with what it stands in.
func short(cluster, letter string) string {
	if cluster == letter {
		return "-" + letter
	}
	return "-" + letter + " (in -" + cluster + ")"
}

// elsewhere says what takes the place of flags that people know from tcpdump,
// tshark and ssldump.
var elsewhere = map[string]string{
	"A": "-v shows every message, -vv every field",
	"d": "--follow N prints what connection N said, with the keys",
	"e": "-T jsonl has every field, for jq and the like",
	"E": "-T jsonl has every field, for jq and the like",
	"n": "no name is ever looked up; leave it out",
	"N": "no name is ever looked up; leave it out",
	"R": "--name, --only and --conn choose connections, -f packets",
	"V": "-vv shows every field",
	"Y": "--name, --only and --conn choose connections, -f packets",
	"z": "tlslens list ends with the counts",
}

// unknownFlag says that a command has no such flag and which it may be.
func unknownFlag(c *command, name string) error {
	f := failf("%s has no flag %s", c.name, name)
	var names []string
	for _, d := range c.flags() {
		names = append(names, d.name)
	}
	bare := strings.TrimLeft(name, "-")
	if word, _, ok := strings.Cut(bare, " (in -"); ok {
		bare = word
	}
	for _, other := range commands() {
		for _, d := range other.flags() {
			if (name == "-"+d.short || name == "--"+d.name) && d.short+d.name != "" {
				return f.or("%s has it; tlslens help %s lists the flags of %s", other.name, c.name, c.name)
			}
		}
	}
	if slices.Contains(names, "format") && slices.Contains(formatNames(), bare) {
		return f.or("did you mean --format %s?", bare)
	}
	if near := nearest(bare, names, 1); len(near) > 0 && len(bare) > 1 {
		return f.or("did you mean --%s?", near[0])
	}
	if what := elsewhere[bare]; what != "" && slices.Contains(names, "conn") {
		return f.or("%s", what)
	}
	return f.or("%s", c.helpHint())
}

// firstArgument returns the place of the first argument that is neither a flag
// nor the value of one, -1 if there is none. Flags that several commands have
// are alike in whether they take a value, so the command need not be known.
func firstArgument(args []string) int {
	takes := map[string]bool{}
	for _, c := range commands() {
		for _, f := range c.flags() {
			takes["--"+f.name] = f.arg != ""
			if f.short != "" {
				takes[f.short] = f.arg != ""
			}
		}
	}
	for i := 0; i < len(args); i++ {
		a := args[i]
		switch {
		case a == "--":
			return -1
		case strings.HasPrefix(a, "--"):
			if takes[a] {
				i++
			}
		case len(a) > 1 && a[0] == '-':
			for j, r := range a[1:] {
				if takes[string(r)] {
					if j+len(string(r)) == len(a)-1 {
						i++
					}
					break
				}
			}
		default:
			return i
		}
	}
	return -1
}

// nearest returns at most n of the names that are most like word, the best
// first; none if none is like it.
func nearest(word string, names []string, n int) []string {
	type scored struct {
		name string
		d    int
	}
	if len(word) > 64 { // no name is that long
		return nil
	}
	word = strings.ToLower(word)
	var close []scored
	for _, name := range names {
		l := strings.ToLower(name)
		d := distance(word, l)
		if len(word) >= 3 && (strings.HasPrefix(l, word) || len(word) >= 5 && strings.Contains(l, word)) {
			d = min(d, 1)
		}
		if d <= max(1, len(word)/3) {
			close = append(close, scored{name, d})
		}
	}
	slices.SortStableFunc(close, func(a, b scored) int { return a.d - b.d })
	var out []string
	for _, c := range close[:min(n, len(close))] {
		out = append(out, c.name)
	}
	return out
}

// distance counts the characters to insert, delete, replace or swap with their
// neighbour that lead from a to b.
func distance(a, b string) int {
	before, prev, cur := make([]int, len(b)+1), make([]int, len(b)+1), make([]int, len(b)+1)
	for j := range prev {
		prev[j] = j
	}
	for i := 1; i <= len(a); i++ {
		cur[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			cur[j] = min(prev[j]+1, cur[j-1]+1, prev[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				cur[j] = min(cur[j], before[j-2]+1)
			}
		}
		before, prev, cur = prev, cur, before
	}
	return prev[len(b)]
}
