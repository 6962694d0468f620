package main

import (
	"os"
	"path/filepath"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"
)

func TestGeneratedFilesAreCurrent(t *testing.T) {
	want, err := generate(os.DirFS("../csv"))
	if err != nil {
		t.Fatal(err)
	}
	again, err := generate(os.DirFS("../csv"))
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, again); d != "" {
		t.Errorf("two runs differ:\n%s", d)
	}
	have, err := filepath.Glob("../z_*.go")
	if err != nil {
		t.Fatal(err)
	}
	if len(have) != len(want) {
		t.Errorf("%d generated files, want %d: %q", len(have), len(want), have)
	}
	for name, b := range want {
		got, err := os.ReadFile(filepath.Join("..", name))
		if err != nil {
			t.Error(err)
		} else if string(got) != string(b) {
			t.Errorf("%s is not what the CSV files give: run go generate", name)
		}
	}
}

func TestGenerateRefuses(t *testing.T) {
	const suiteHead = "value,name,dtls_ok,recommended,reference,origin\n"
	tests := []struct{ name, file, text string }{
		{"missing file", "cipher_suites.csv", ""},
		{"only a head", "cipher_suites.csv", suiteHead},
		{"code twice", "cipher_suites.csv", suiteHead + "0x1301,TLS_AES_128_GCM_SHA256,Y,Y,,iana\n4865,TLS_AES_256_GCM_SHA384,Y,Y,,iana\n"},
		{"no number", "cipher_suites.csv", suiteHead + "x,TLS_AES_128_GCM_SHA256,Y,Y,,iana\n"},
		{"short line", "cipher_suites.csv", suiteHead + "0x1301,TLS_AES_128_GCM_SHA256\n"},
		{"unknown cipher", "cipher_suites.csv", suiteHead + "1,TLS_RSA_WITH_ROT_13_CBC_SHA,Y,Y,,iana\n"},
		{"unknown key exchange", "cipher_suites.csv", suiteHead + "1,TLS_PIGEON_WITH_NULL_SHA,Y,Y,,iana\n"},
		{"unknown kind of group", "named_groups.csv", "value,name,short,kind,bits,client,server,post_quantum,experimental\n1,a,a,knot,0,0,0,0,0\n"},
		{"too wide", "small.csv", "registry,value,name,reference\ncontent_type,256,a,b\n"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			dir := fstest.MapFS{}
			for _, f := range []string{"cipher_suites.csv", "named_groups.csv", "signature_schemes.csv", "extensions.csv", "handshake_types.csv", "alerts.csv", "small.csv", "quic.csv"} {
				b, err := os.ReadFile("../csv/" + f)
				if err != nil {
					t.Fatal(err)
				}
				dir[f] = &fstest.MapFile{Data: b}
			}
			if _, err := generate(dir); err != nil {
				t.Fatalf("unchanged files: %v", err)
			}
			if tt.text == "" {
				delete(dir, tt.file)
			} else {
				dir[tt.file] = &fstest.MapFile{Data: []byte(tt.text)}
			}
			if _, err := generate(dir); err == nil {
				t.Error("no error")
			}
		})
	}
}
