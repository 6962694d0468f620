package table

import (
	"strings"
	"testing"
)

func TestWrappers(t *testing.T) {
	for _, tc := range []struct {
		e, back []string
		want    string
	}{
		{nil, nil, ""},
		{[]string{"vlan 1", "gre"}, nil, "in vlan 1, gre"},
		{[]string{"vlan 1", "mpls 16", "gtp-u 5"}, []string{"vlan 1", "mpls 17", "gtp-u 6"}, "in vlan 1, mpls 16/17, gtp-u 5/6"},
		{[]string{"ipip"}, []string{}, "in ipip (from the server plain)"},
		{nil, []string{"ipip"}, "(from the server in ipip)"},
		{[]string{"gre 1"}, []string{"vxlan 1"}, "in gre 1 (from the server in vxlan 1)"},
		{[]string{"gre"}, []string{"gre 1"}, "in gre (from the server in gre 1)"},
		{[]string{"gre 1"}, []string{"gre"}, "in gre 1 (from the server in gre)"},
	} {
		if got := strings.Join(wrappers(tc.e, tc.back), " "); got != tc.want {
			t.Errorf("%v, %v: %q, want %q", tc.e, tc.back, got, tc.want)
		}
	}
}
