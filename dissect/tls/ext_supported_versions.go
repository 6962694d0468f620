package tls

import "github.com/tlslens/tlslens/dissect/wire"

// SupportedVersions is the supported_versions extension of a ClientHello (RFC
// 8446, Section 4.2.1).
type SupportedVersions struct {
	Versions      List16[Version]
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SupportedVersions) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SupportedVersions) decode(r *wire.Reader) {
	*e = SupportedVersions{}
	e.Versions = codes8(r, 2, "versions")
	e.TrailingBytes = r.Trailing()
}

// SelectedVersion is the supported_versions extension of a ServerHello.
type SelectedVersion struct {
	Version       Version
	TrailingBytes int
}

// Decode reads the extension's data.
func (e *SelectedVersion) Decode(data []byte) error {
	r := wire.NewReader(data)
	e.decode(&r)
	return r.Err()
}

func (e *SelectedVersion) decode(r *wire.Reader) {
	*e = SelectedVersion{}
	e.Version = Version(r.Uint16("selected_version"))
	e.TrailingBytes = r.Trailing()
}
