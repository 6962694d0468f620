package pki

import (
	"time"

	casn1 "golang.org/x/crypto/cryptobyte/asn1"
)

// parseTime reads a UTCTime or GeneralizedTime (RFC 5280 section 4.1.2.5) and,
// reporting it, the forms that X.690 allows and RFC 5280 does not: no seconds,
// a fraction, an offset, no zone. false means that it is no time at all.
func parseTime(e element, problem func(string)) (time.Time, bool) {
	b := e.body
	var year int
	switch e.tag {
	case casn1.UTCTime:
		yy, ok := digits(b, 2)
		if !ok {
			return time.Time{}, false
		}
		if year = 2000 + yy; yy >= 50 {
			year = 1900 + yy
		}
		b = b[2:]
	case casn1.GeneralizedTime:
		yyyy, ok := digits(b, 4)
		if !ok || yyyy == 0 {
			return time.Time{}, false
		}
		year = yyyy
		b = b[4:]
	default:
		return time.Time{}, false
	}
	var part [5]int // month, day, hour, minute, second
	for i := range part {
		v, ok := digits(b, 2)
		if !ok {
			if i == 4 {
				problem("a time has no seconds")
				break
			}
			return time.Time{}, false
		}
		part[i], b = v, b[2:]
	}
	t := time.Date(year, time.Month(part[0]), part[1], part[2], part[3], part[4], 0, time.UTC)
	if int(t.Month()) != part[0] || t.Day() != part[1] || t.Hour() != part[2] || t.Minute() != part[3] || t.Second() != part[4] {
		return time.Time{}, false
	}
	return parseZone(t, b, problem)
}

// parseZone reads what stands behind the seconds.
func parseZone(t time.Time, b []byte, problem func(string)) (time.Time, bool) {
	if len(b) > 1 && (b[0] == '.' || b[0] == ',') {
		problem("a time has a fraction of a second")
		for b = b[1:]; len(b) > 0 && '0' <= b[0] && b[0] <= '9'; {
			b = b[1:]
		}
	}
	switch {
	case len(b) == 1 && b[0] == 'Z':
		return t, true
	case len(b) == 0:
		problem("a time has no zone; read as UTC")
		return t, true
	case len(b) == 5 && (b[0] == '+' || b[0] == '-'):
		hours, ok := digits(b[1:], 2)
		minutes, ok2 := digits(b[3:], 2)
		if !ok || !ok2 || hours > 14 || minutes > 59 {
			return time.Time{}, false
		}
		problem("a time has an offset instead of Z")
		d := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
		if b[0] == '+' {
			d = -d
		}
		t = t.Add(d)
		return t, t.Year() >= 0 && t.Year() <= 9999 // what RFC 3339 can write
	}
	return time.Time{}, false
}

// digits reads n decimal digits from the front of b.
func digits(b []byte, n int) (int, bool) {
	if len(b) < n {
		return 0, false
	}
	v := 0
	for _, c := range b[:n] {
		if c < '0' || c > '9' {
			return 0, false
		}
		v = 10*v + int(c-'0')
	}
	return v, true
}
