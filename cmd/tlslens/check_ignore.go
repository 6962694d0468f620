package main

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/tlslens/tlslens/report/jsonl"
)

// volatileKeys are those whose values differ whenever the same peers are
// captured anew. Sentences are among them because they tell packets, sizes and
// days.
func volatileKeys() []string {
	return []string{"start", "*_ms", "*packet", "*packets", "client.port", "*.random", "*.session_id",
		"*bytes", "*.bytes_sent", "why", "notes", "*.says", "*checks[].why", "findings[].summary"}
}

func ignoreFlags() []*flagDef {
	return []*flagDef{
		{name: "ignore", arg: "KEY", group: groupCheck, repeat: true, doc: "pass over a key and what is beneath it; or volatile",
			more: "KEY is written as in docs/json.md; * stands for anything: offered.alpn, *.steps, findings[].packets. volatile stands for all that differs when the same peers are captured anew, which is " +
				strings.Join(volatileKeys(), ", ") + ". What is saved with --update is whole.",
			set: func(s *settings, v string) error {
				keys := []string{v}
				if v == "volatile" {
					keys = volatileKeys()
				} else if !slices.ContainsFunc(jsonl.Paths(), func(path string) bool { return keyPattern(v).MatchString(path) || named(path, v) }) {
					return fmt.Errorf("no key of docs/json.md is like %q", v)
				}
				for _, k := range keys {
					s.ignored = append(s.ignored, keyPattern(k))
				}
				return nil
			}},
	}
}

// named reports whether v is a key whose name is found in captures, below one
// that is declared: messages.client.finished.
func named(path, v string) bool {
	switch path {
	case "messages.client", "messages.server", "outcomes", "undecoded", "other_traffic":
		return strings.HasPrefix(v, path+".")
	}
	return strings.HasSuffix(path, ".facts") && strings.HasPrefix(v, path+".")
}

// keyPattern returns what matches the paths that a KEY stands for. Those beneath
// need no match: they go with it.
func keyPattern(key string) *regexp.Regexp {
	return regexp.MustCompile("^" + strings.ReplaceAll(regexp.QuoteMeta(key), `\*`, ".*") + "$")
}

// strip removes from a value what is not to be compared.
func strip(v any, path string, ignored []*regexp.Regexp) {
	switch v := v.(type) {
	case object:
		for k, x := range v {
			at := strings.TrimPrefix(path+"."+k, ".")
			if slices.ContainsFunc(ignored, func(r *regexp.Regexp) bool { return r.MatchString(at) }) {
				delete(v, k)
				continue
			}
			strip(x, at, ignored)
		}
	case []any:
		for _, x := range v {
			strip(x, path+"[]", ignored)
		}
	}
}
