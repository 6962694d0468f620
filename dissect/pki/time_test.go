package pki

import (
	"testing"
	"time"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

func TestParseTime(t *testing.T) {
	const utc, general = casn1.UTCTime, casn1.GeneralizedTime
	tests := []struct {
		name, in string
		tag      casn1.Tag
		want     string // "" if it is no time
		odd      bool
	}{
		{"UTCTime", "261123120000Z", utc, "2026-11-23T12:00:00Z", false},
		{"UTCTime of the last century", "500101000000Z", utc, "1950-01-01T00:00:00Z", false},
		{"UTCTime's last year", "491231235959Z", utc, "2049-12-31T23:59:59Z", false},
		{"GeneralizedTime", "20600101000000Z", general, "2060-01-01T00:00:00Z", false},
		{"the end of time", "99991231235959Z", general, "9999-12-31T23:59:59Z", false},
		{"no seconds", "2611231200Z", utc, "2026-11-23T12:00:00Z", true},
		{"offset", "261123120000+0130", utc, "2026-11-23T10:30:00Z", true},
		{"offset beyond the last year", "99991231235959-0100", general, "", true},
		{"fraction", "20261123120000.125Z", general, "2026-11-23T12:00:00Z", true},
		{"no zone", "261123120000", utc, "2026-11-23T12:00:00Z", true},
		{"leap day", "240229000000Z", utc, "2024-02-29T00:00:00Z", false},
		{"no such day", "230229000000Z", utc, "", false},
		{"month 99", "999999999999Z", utc, "", false},
		{"year 0", "00000101000000Z", general, "", false},
		{"letters", "26112312000xZ", utc, "", true},
		{"empty", "", utc, "", false},
		{"another type", "261123120000Z", casn1.IA5String, "", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			odd := false
			got, ok := parseTime(element{tag: tt.tag, body: []byte(tt.in)}, func(string) { odd = true })
			text := ""
			if ok {
				text = got.Format(time.RFC3339)
			}
			if text != tt.want || odd != tt.odd {
				t.Errorf("got %q (odd %v), want %q (odd %v)", text, odd, tt.want, tt.odd)
			}
		})
	}
}
