package capture

import (
	"math/bits"
	"time"
)

// A clock turns the time stamps of a pcapng interface into times, by its
// if_tsresol and if_tsoffset (draft-ietf-opsawg-pcapng section 4.2). The zero
// clock counts seconds.
type clock struct {
	resolution uint8 // as in if_tsresol: 10^-n, or 2^-n if the top bit is set
	offset     int64 // seconds to add
}

const (
	microseconds = 6 // if_tsresol without that option
	nanoseconds  = 9
)

var powersOfTen = [20]uint64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9,
	1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19}

// time returns the time for a time stamp, in UTC, rounded down to nanoseconds,
// or the zero time if it is out of range: see [Packet.Time].
func (c clock) time(ts uint64) time.Time {
	var sec, nsec uint64
	switch c.resolution { // constants divide quicker
	case microseconds:
		sec, nsec = ts/1e6, ts%1e6*1e3
	case nanoseconds:
		sec, nsec = ts/1e9, ts%1e9
	default:
		sec, nsec = split(ts, c.resolution)
	}
	if sec > 1<<63-1 {
		return time.Time{}
	}
	s := int64(sec) + c.offset
	if c.offset > 0 && s < 0 { // overflow: sec is not negative
		return time.Time{}
	}
	return unixTime(s, int64(nsec))
}

// split returns the seconds and nanoseconds of ts in any resolution.
func split(ts uint64, resolution uint8) (sec, nsec uint64) {
	n := int(resolution & 0x7f)
	if resolution&0x80 != 0 {
		// ts/2^n; the fraction times 10^9 has up to 94 bits.
		if n < 64 {
			sec = ts >> n
			ts -= sec << n
		}
		hi, lo := bits.Mul64(ts, 1e9)
		if n >= 64 {
			return sec, hi >> (n - 64) // 0 for large n: Go's shifts do not wrap
		}
		return sec, hi<<(64-n) | lo>>n
	}
	if n < len(powersOfTen) {
		sec, ts = ts/powersOfTen[n], ts%powersOfTen[n]
	} // else 2^64 units are less than a second
	switch {
	case n <= nanoseconds:
		return sec, ts * powersOfTen[nanoseconds-n]
	case n-nanoseconds < len(powersOfTen):
		return sec, ts / powersOfTen[n-nanoseconds]
	}
	return sec, 0
}
