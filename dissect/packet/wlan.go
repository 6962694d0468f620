package packet

// radiotap reads the header of https://www.radiotap.org before an 802.11 frame,
// for the one thing in it that matters: whether the driver padded the 802.11
// header.
func (d *Decoder) radiotap(b []byte, p *Packet) Kind {
	if len(b) < 8 {
		return d.fail(shortLink, b, 8, p)
	}
	n := int(le16(b[2:]))
	if n < 8 || b[0] != 0 {
		return d.fail(badRadiotap, b, 8, p)
	}
	if n > len(b) {
		return d.fail(shortLink, b, n, p)
	}
	return d.wlan(b[n:], radiotapPadded(b[:n]), p)
}

// radiotapPadded returns the data-pad bit of the flags field.
func radiotapPadded(b []byte) bool {
	const tsft, flags, more, dataPad = 1 << 0, 1 << 1, 1 << 31, 0x20
	present := le32(b[4:])
	if present&flags == 0 {
		return false
	}
	at := 8
	for w := present; w&more != 0; at += 4 {
		if at+4 > len(b) {
			return false
		}
		w = le32(b[at:])
	}
	if present&tsft != 0 {
		at = (at+7)&^7 + 8
	}
	return at < len(b) && b[at]&dataPad != 0
}

// wlan reads an IEEE 802.11 data frame (IEEE 802.11-2020, 9.3.2) that is not
// encrypted. padded says that its header is filled up to a multiple of 4.
func (d *Decoder) wlan(b []byte, padded bool, p *Packet) Kind {
	const (
		version            = 0x03
		typeMask, typeData = 0x0C, 0x08
		subQoS, subNull    = 0x80, 0x40
		toDS, fromDS       = 0x01, 0x02
		protected, order   = 0x40, 0x80
		amsdu              = 0x80
	)
	if len(b) < 2 {
		return d.fail(shortWLAN, b, 2, p)
	}
	kind, flags := b[0], b[1]
	if kind&version != 0 {
		// No such version exists: Cisco's access points swap the two bytes in
		// what they send over CAPWAP.
		kind, flags = flags, kind
	}
	if kind&typeMask != typeData || kind&subNull != 0 {
		return Other
	}
	n := 24
	if flags&(toDS|fromDS) == toDS|fromDS {
		n += 6
	}
	qos := -1
	if kind&subQoS != 0 {
		qos = n
		n += 2
		if flags&order != 0 {
			n += 4
		}
	}
	if padded {
		n = (n + 3) &^ 3
	}
	if len(b) < n {
		return d.fail(shortWLAN, b, n, p)
	}
	if flags&protected != 0 {
		return d.opaque(encryptedWLAN)
	}
	aggregated := qos >= 0 && b[qos]&amsdu != 0
	b = b[n:]
	if aggregated { // destination, source, length, then LLC
		if len(b) < 14 {
			return d.fail(shortWLAN, b, 14, p)
		}
		d.count.notes[aggregatedWLAN]++
		b = b[14:]
	}
	return d.llc(b, p)
}
