package dissect

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestWrappers(t *testing.T) {
	a, b := []string{"gtp-u 1"}, []string{"gtp-u 2"}
	for _, tc := range []struct {
		name           string
		client, server []string
		both           bool
		want, back     []string
	}{
		{"none", nil, nil, true, nil, nil},
		{"the same", a, a, true, a, nil},
		{"different", a, b, true, a, b},
		{"only the client's are wrapped", a, nil, true, a, []string{}},
		{"only the server's are wrapped", nil, b, true, nil, b},
		{"only the client was seen", a, nil, false, a, nil},
		{"only the server was seen", nil, b, false, b, nil},
	} {
		e, back := wrappers(tc.client, tc.server, tc.both)
		if d := cmp.Diff([][]string{tc.want, tc.back}, [][]string{e, back}); d != "" {
			t.Errorf("%s: -want +got\n%s", tc.name, d)
		}
	}
}
