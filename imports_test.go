package tlslens_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/tlslens/tlslens"

// allowed says which of our own packages each package may import. It is the
// architecture in one table: the packages stand in layers, and nobody imports
// from a layer above its own. Add a line when you add a package.
var allowed = map[string]string{
	// What everybody may know.
	"dissect/wire":         "",
	"dissect/flow":         "",
	"dissect/tls/iana":     "",
	"dissect/tls/iana/gen": "", // makes iana's tables
	"dissect/tls":          "dissect/wire dissect/tls/iana",
	// Packets and streams; they know nothing of TLS.
	"capture":              "",
	"capture/filter":       "",
	"capture/pcapng":       "capture",
	"capture/live":         "capture capture/filter capture/live/sandbox",
	"capture/live/sandbox": "",
	"dissect/packet":       "",
	"dissect/tcp":          "dissect/flow",
	// What a connection is and what is known of it.
	"dissect/pki":         "dissect/wire",
	"dissect/keys":        "dissect/flow dissect/tls dissect/tls/iana dissect/wire",
	"dissect/fingerprint": "dissect/tls dissect/tls/iana",
	"dissect/app":         "dissect/flow", // what was said under the keys
	"dissect/conn":        "dissect/flow dissect/tls dissect/tls/iana dissect/wire dissect/pki dissect/fingerprint dissect/keys dissect/app",
	"dissect/verdict":     "dissect/conn dissect/flow dissect/tls dissect/tls/iana dissect/pki",
	// Carriers: they know of the rest no more than conn.Input. What a probe of
	// first bytes may answer is record's.
	"dissect/record":   carrier + " dissect/keys",
	"dissect/quic":     carrier + " dissect/record dissect/keys",
	"dissect/dtls":     carrier + " dissect/record dissect/keys",
	"dissect/openvpn":  carrier + " dissect/record dissect/keys",
	"dissect/eap":      carrier + " dissect/record dissect/keys",
	"dissect/starttls": carrier + " dissect/record dissect/openvpn",
	// The pipeline wires them together.
	"dissect": "capture dissect/packet dissect/flow dissect/tcp dissect/record dissect/quic dissect/dtls dissect/eap dissect/openvpn dissect/starttls " +
		"dissect/keys dissect/conn dissect/verdict dissect/pki dissect/tls dissect/tls/iana",
	// Reports know what was found, and nothing of how.
	"report/text":  "",
	"report/table": reports,
	"report/jsonl": reports,
	"report":       "dissect report/text report/table report/jsonl",
	// The command.
	"cmd/tlslens": "capture capture/filter capture/pcapng capture/live capture/live/sandbox dissect dissect/conn dissect/flow dissect/keys dissect/pki dissect/verdict dissect/tls dissect/tls/iana report report/jsonl report/text",
	// Programs that made the test captures.
	"testdata/pcaps/peers/gopeer": "",
	"testdata/pcaps/peers/wire":   "",
}

const (
	carrier = "dissect/conn dissect/flow dissect/tls dissect/tls/iana dissect/wire"
	reports = "dissect dissect/conn dissect/flow dissect/pki dissect/tls dissect/tls/iana dissect/verdict dissect/wire report/text"
)

// thirdParty says who may import what is not ours, beside tests. Modules that
// are not named here are open to all packages that need them.
var thirdParty = map[string]string{
	"github.com/google/gopacket":             "capture capture/live capture/pcapng dissect/packet",
	"github.com/olekukonko/tablewriter":      "report/table",
	"github.com/urfave/cli/v2":               "cmd/tlslens",
	"github.com/schollz/progressbar/v3":      "cmd/tlslens",
	"golang.org/x/term":                      "cmd/tlslens",
	"github.com/klauspost/compress":          "capture dissect/tls",
	"github.com/pierrec/lz4/v4":              "capture",
	"github.com/andybalholm/brotli":          "dissect/tls",
	"golang.org/x/crypto/x509roots/fallback": "dissect/pki",
	"github.com/emmansun/gmsm":               "dissect/pki",
	"github.com/quic-go/qpack":               "dissect/app",
	"github.com/google/go-cmp":               "",
}

// A listed is what go list tells of a package.
type listed struct {
	ImportPath string
	Dir        string
	Imports    []string
	CgoFiles   []string
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-json=ImportPath,Dir,Imports,CgoFiles", "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// TestImports holds the architecture: cmd → report → dissect → carriers → conn
// → tls → wire, and nobody imports to the left.
func TestImports(t *testing.T) {
	stand := map[string]bool{}
	for _, p := range packages(t) {
		name := strings.TrimPrefix(strings.TrimPrefix(p.ImportPath, module), "/")
		if name == "" {
			continue // tests only
		}
		stand[name] = true
		may, ok := allowed[name]
		if !ok {
			t.Errorf("%s is not in the table: which layer is it in?", name)
			continue
		}
		for _, imp := range p.Imports {
			if own, ok := strings.CutPrefix(imp, module+"/"); ok {
				if !slices.Contains(strings.Fields(may), own) {
					t.Errorf("%s must not import %s", name, own)
				}
				continue
			}
			for mod, users := range thirdParty {
				if (imp == mod || strings.HasPrefix(imp, mod+"/")) && !slices.Contains(strings.Fields(users), name) && !strings.HasPrefix(name, "testdata/") {
					t.Errorf("%s must not import %s", name, imp)
				}
			}
		}
		if len(p.CgoFiles) > 0 || slices.Contains(p.Imports, "C") {
			t.Errorf("%s uses cgo", name)
		}
	}
	for name := range allowed {
		if _, err := os.Stat(filepath.FromSlash(name)); errors.Is(err, fs.ErrNotExist) {
			t.Logf("%s is in the table but does not stand yet", name)
		}
	}
}

// TestNoReplace holds that the module builds from its published dependencies.
func TestNoReplace(t *testing.T) {
	b, err := os.ReadFile("go.mod")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		if f := strings.Fields(line); len(f) > 0 && (f[0] == "replace" || slices.Contains(f, "=>")) {
			t.Errorf("go.mod: %s", line)
		}
	}
}

// TestFileSizes holds that a file stays one topic.
func TestFileSizes(t *testing.T) {
	const most = 400
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && strings.HasPrefix(d.Name(), ".") && path != ".":
			return fs.SkipDir
		case filepath.Ext(path) != ".go" || strings.HasPrefix(d.Name(), "z_"):
			return nil
		}
		b, err := os.ReadFile(path)
		if n := bytes.Count(b, []byte("\n")); n > most {
			t.Errorf("%s has %d lines; %d are the limit", path, n, most)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
