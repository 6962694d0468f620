package pki

import (
	"fmt"
	"strings"
	"time"
)

const day = 24 * time.Hour

// dates checks every certificate of the path against the time in question. A
// good answer speaks of the leaf, or of the certificate that ends first.
func (k *checker) dates() {
	at, label := k.opts.At, k.opts.AtLabel
	leaf := k.path.leaf()
	span := fmt.Sprintf("%s to %s", date(leaf.NotBefore), date(leaf.NotAfter))
	if at.IsZero() {
		k.add(CheckDates, Unknown, "%s; the time to check for is not known", span)
		return
	}
	var bad, unreadable []string
	early := 0
	for _, c := range k.path.certs {
		name, dates := k.b.label(c), ""
		if c != leaf {
			dates = fmt.Sprintf("%s is valid %s to %s: ", name, date(c.NotBefore), date(c.NotAfter))
		} else {
			dates = span + ", "
		}
		switch {
		case c.NotBefore.IsZero() || c.NotAfter.IsZero():
			unreadable = append(unreadable, "the dates of "+name+" are not readable")
		case at.Before(c.NotBefore):
			early++
			bad = append(bad, fmt.Sprintf("%snot valid for another %s %s", dates, days(c.NotBefore.Sub(at)), label))
		case at.After(c.NotAfter):
			bad = append(bad, fmt.Sprintf("%sexpired %s", dates, k.ago(at.Sub(c.NotAfter))))
		}
	}
	switch {
	case len(bad) > 0:
		k.report.Checks = append(k.report.Checks, Check{Name: CheckDates, Result: Fail,
			Why: strings.Join(append(bad, unreadable...), "; "), NotYet: early == len(bad)})
	case len(unreadable) > 0:
		k.add(CheckDates, Unknown, "%s", strings.Join(unreadable, "; "))
	default:
		k.add(CheckDates, OK, "%s, %s left %s", span, days(leaf.NotAfter.Sub(at)), label)
	}
}

// ago words how long before the time in question something was.
func (k *checker) ago(d time.Duration) string {
	if moment, ok := strings.CutPrefix(k.opts.AtLabel, "at "); ok {
		return days(d) + " before " + moment
	}
	return days(d) + " ago"
}

func date(t time.Time) string {
	if t.IsZero() {
		return "?"
	}
	return t.Format(time.DateOnly)
}

// days words a duration in whole days, in hours below two days.
func days(d time.Duration) string {
	n, unit := int64(d/day), "day"
	if n < 2 {
		n, unit = int64(d/time.Hour), "hour"
	}
	if n != 1 {
		unit += "s"
	}
	return fmt.Sprintf("%d %s", n, unit)
}
