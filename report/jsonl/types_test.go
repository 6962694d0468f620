package jsonl

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestTypes holds that every value in the output of every capture here has the
// type that its key is declared with, facts of steps included.
func TestTypes(t *testing.T) {
	files, err := filepath.Glob("../../testdata/pcaps/golden/*.jsonl")
	if err != nil || len(files) < 50 {
		t.Fatal(len(files), err)
	}
	declared := map[string]map[string]kind{"connection": kinds(connectionKeys()), "summary": kinds(summaryKeys())}
	facts := kinds(factKeys())
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range bytes.Split(bytes.TrimSpace(b), []byte("\n")) {
			dec := json.NewDecoder(bytes.NewReader(line))
			dec.UseNumber()
			var o map[string]any
			if err := dec.Decode(&o); err != nil {
				t.Fatal(err)
			}
			each(o, "", func(path string, v any) {
				k, ok := declared[o["type"].(string)][path]
				if i := strings.Index(path, ".facts."); i >= 0 {
					k, ok = facts[path[i+len(".facts."):]]
				} else if !ok && free(path) {
					k, ok = kInteger, true // in an object of counts
				}
				if !ok {
					t.Errorf("%s: %s is not declared", filepath.Base(file), path)
				} else if err := k.fits(v); err != nil {
					t.Errorf("%s: %s is declared as %s: %v", filepath.Base(file), path, k, err)
				}
			})
		}
	}
}

func kinds(keys []key) map[string]kind {
	out := map[string]kind{}
	for _, k := range keys {
		out[k.path] = k.kind
	}
	return out
}

// each calls f with every key and its value.
func each(v any, at string, f func(path string, v any)) {
	switch v := v.(type) {
	case map[string]any:
		for k, x := range v {
			p := strings.TrimPrefix(at+"."+k, ".")
			f(p, x)
			each(x, p, f)
		}
	case []any:
		for _, x := range v {
			each(x, at+"[]", f)
		}
	}
}

// fits says why a value is not of a kind.
func (k kind) fits(v any) error {
	if item, ok := strings.CutPrefix(string(k), "list of "); ok {
		list, ok := v.([]any)
		if !ok {
			return fmt.Errorf("%T", v)
		}
		for _, x := range list {
			if err := kind(strings.TrimSuffix(item, "s")).fits(x); err != nil {
				return err
			}
		}
		return nil
	}
	ok := false
	switch k {
	case kString:
		_, ok = v.(string)
	case kHex:
		s, is := v.(string)
		_, err := hex.DecodeString(s)
		ok = is && err == nil && s == strings.ToLower(s)
	case kTime:
		s, _ := v.(string)
		_, err := time.Parse(time.RFC3339Nano, s)
		ok = err == nil && strings.HasSuffix(s, "Z")
	case kInteger:
		n, is := v.(json.Number)
		_, err := n.Int64()
		ok = is && err == nil
	case kNumber:
		n, is := v.(json.Number)
		_, err := n.Float64()
		ok = is && err == nil
	case kBoolean:
		_, ok = v.(bool)
	case kObject, kCounts:
		_, ok = v.(map[string]any)
	}
	if !ok {
		return fmt.Errorf("%T %v", v, v)
	}
	return nil
}
