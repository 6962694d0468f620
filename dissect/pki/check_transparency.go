package pki

import (
	"fmt"
	"strings"
)

// transparency counts the SCTs. Their signatures are not checked: that takes
// the keys of the logs, which are not at hand.
func (k *checker) transparency() {
	if k.opts.Client {
		k.add(CheckTransparency, Skipped, "clients' certificates are not logged")
		return
	}
	var parts []string
	total := 0
	for _, from := range []struct {
		n     int
		where string
	}{
		{len(k.path.leaf().SCTs), "in [0]"},
		{len(k.opts.SCTs), "in the TLS extension"},
		{len(k.staple.scts), "in the OCSP response"},
	} {
		if from.n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", from.n, from.where))
			total += from.n
		}
	}
	if total == 0 {
		k.add(CheckTransparency, NotShown, "no SCT in [0], the TLS extension or an OCSP response")
		return
	}
	k.add(CheckTransparency, Unknown, "SCTs: %s; their signatures were not checked, the logs' keys are not at hand", strings.Join(parts, ", "))
}
