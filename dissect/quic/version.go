package quic

import "github.com/tlslens/tlslens/dissect/tls/iana"

// Versions that are treated by name.
const (
	version1  = 1
	version2  = 0x6b3343cf // RFC 9369
	draft22   = 0xff000016
	draft34   = 0xff000022
	googleQ43 = 0x51303433 // "Q043"
	googleQ46 = 0x51303436
	googleQ50 = 0x51303530
	googleT50 = 0x54303530
	googleT51 = 0x54303531
	mvfst     = 0xfaceb000 // and the next 256: Facebook's
)

// params is what a version has of its own.
type params struct {
	salt       string // for the keys of Initial packets (RFC 9001, Section 5.2)
	labels     string // what the labels of packet keys begin with
	retryKey   string // for the tag of Retry packets (RFC 9001, Section 5.8); "" if they have none or it is not known
	retryNonce string
}

// The salts, and the keys of the Retry tag where there is one.
const (
	saltV1      = "\x38\x76\x2c\xf7\xf5\x59\x34\xb3\x4d\x17\x9a\xe6\xa4\xc8\x0c\xad\xcc\xbb\x7f\x0a" // RFC 9001; draft-ietf-quic-tls-33
	saltV2      = "\x0d\xed\xe3\xde\xf7\x00\xa6\xdb\x81\x93\x81\xbe\x6e\x26\x9d\xcb\xf9\xbd\x2e\xd9" // RFC 9369, Section 3.3.1
	saltDraft29 = "\xaf\xbf\xec\x28\x99\x93\xd2\x4c\x9e\x97\x86\xf1\x9c\x61\x11\xe0\x43\x90\xa8\x99" // draft-ietf-quic-tls-29
	saltDraft23 = "\xc3\xee\xf7\x12\xc7\x2e\xbb\x5a\x11\xa7\xd2\x43\x2b\xb4\x63\x65\xbe\xf9\xf5\x02" // draft-ietf-quic-tls-23
	saltDraft22 = "\x7f\xbc\xdb\x0e\x7c\x66\xbb\xe9\x19\x3a\x96\xcd\x21\x51\x9e\xbd\x7a\x02\x64\x4a" // draft-ietf-quic-tls-21
	saltQ50     = "\x50\x45\x74\xef\xd0\x66\xfe\x2f\x9d\x94\x5c\xfc\xdb\xd3\xa7\xf0\xd3\xb5\x6b\x45" // Chromium's
	saltT50     = "\x7f\xf5\x79\xe5\xac\xd0\x72\x91\x55\x80\x30\x4c\x43\xa2\x36\x7c\x60\x48\x83\x10"
	saltT51     = "\x7a\x4e\xde\xf4\xe7\xcc\xee\x5f\xa4\x50\x6c\x19\x12\x4f\xc8\xcc\xda\x6e\x03\x3d"

	retryKeyV1        = "\xbe\x0c\x69\x0b\x9f\x66\x57\x5a\x1d\x76\x6b\x54\xe3\x68\xc8\x4e"
	retryNonceV1      = "\x46\x15\x99\xd3\x5d\x63\x2b\xf2\x23\x98\x25\xbb"
	retryKeyV2        = "\x8f\xb4\xb0\x1b\x56\xac\x48\xe2\x60\xfb\xcb\xce\xad\x7c\xcc\x92" // RFC 9369, Section 3.3.3
	retryNonceV2      = "\xd8\x69\x69\xbc\x2d\x7c\x6d\x99\x90\xef\xb0\x4a"
	retryKeyDraft29   = "\xcc\xce\x18\x7e\xd0\x9a\x09\xd0\x57\x28\x15\x5a\x6c\xb9\x6b\xe1"
	retryNonceDraft29 = "\xe5\x49\x30\xf9\x7f\x21\x36\xf0\x53\x0a\x8c\x1c"
	retryKeyDraft25   = "\x4d\x32\xec\xdb\x2a\x21\x33\xc8\x41\xe4\x04\x3d\xf2\x7d\x44\x30"
	retryNonceDraft25 = "\x4d\x16\x11\xd0\x55\x13\xa5\x52\xc5\x87\xd5\x75"
)

func paramsV1() params { return params{saltV1, "quic ", retryKeyV1, retryNonceV1} }
func paramsV2() params { return params{saltV2, "quicv2 ", retryKeyV2, retryNonceV2} }

// paramsDraft returns the params of a draft from 22 to 34.
func paramsDraft(n uint32) params {
	switch {
	case n >= 33:
		return paramsV1()
	case n >= 29:
		return params{saltDraft29, "quic ", retryKeyDraft29, retryNonceDraft29}
	case n >= 25:
		return params{saltDraft23, "quic ", retryKeyDraft25, retryNonceDraft25}
	case n >= 23:
		return params{salt: saltDraft23, labels: "quic "}
	}
	return params{salt: saltDraft22, labels: "quic "}
}

// paramsFor returns what Initial packets of a version may be protected with:
// one answer for a version that is known, several for those of which it is not
// written down and for those that exist only to be refused.
func paramsFor(v uint32) []params {
	switch {
	case v == version1:
		return []params{paramsV1()}
	case v == version2:
		return []params{paramsV2()}
	case v >= draft22 && v <= draft34:
		return []params{paramsDraft(v & 0xff)}
	case v == googleQ50:
		return []params{{salt: saltQ50, labels: "quic "}}
	case v == googleT50:
		return []params{{salt: saltT50, labels: "quic "}}
	case v == googleT51:
		return []params{{salt: saltT51, labels: "quic "}}
	case v == mvfst+1:
		return []params{paramsDraft(22), paramsDraft(27)}
	case isMvfst(v):
		return []params{paramsDraft(27), paramsDraft(29), paramsV1()}
	case iana.IsReservedQUICVersion(v):
		return []params{paramsV1(), paramsDraft(29), paramsDraft(27), paramsV2()}
	}
	return nil
}

func isMvfst(v uint32) bool { return v&^0xff == mvfst }

// isKnown reports whether v is a version whose packets can be read.
func isKnown(v uint32) bool {
	return v == version1 || v == version2 || v >= draft22 && v <= draft34 || isMvfst(v) ||
		v == googleQ50 || v == googleT50 || v == googleT51
}

// draftOf returns the draft that a version is nearest to, 34 for those that
// came after them.
func draftOf(v uint32) int {
	switch {
	case v >= draft22 && v <= draft34:
		return int(v & 0xff)
	case v == mvfst+1:
		return 22
	case isMvfst(v), v == googleQ50, v == googleT50, v == googleT51:
		return 27
	}
	return 34
}
