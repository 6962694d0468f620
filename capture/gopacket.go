package capture

import "github.com/google/gopacket"

// Programs that use gopacket read a File as they read its own handles.
var (
	_ gopacket.PacketDataSource         = (*File)(nil)
	_ gopacket.ZeroCopyPacketDataSource = (*File)(nil)
)

// ReadPacketData returns the next packet for gopacket; the caller owns the
// bytes. Which decoder fits is said by [Packet.Link], or by
// [File.Interfaces] at ci.InterfaceIndex.
func (f *File) ReadPacketData() (data []byte, ci gopacket.CaptureInfo, err error) {
	data, ci, err = f.ZeroCopyReadPacketData()
	if err != nil {
		return nil, ci, err
	}
	return append(make([]byte, 0, len(data)), data...), ci, nil
}

// ZeroCopyReadPacketData is ReadPacketData with bytes that are valid until the
// next packet is read.
func (f *File) ZeroCopyReadPacketData() (data []byte, ci gopacket.CaptureInfo, err error) {
	p := &f.forGopacket // on the stack it would escape
	if err := f.Next(p); err != nil {
		return nil, ci, err
	}
	return p.Data, gopacket.CaptureInfo{
		Timestamp:      p.Time,
		CaptureLength:  len(p.Data),
		Length:         p.WireLen,
		InterfaceIndex: p.Interface,
	}, nil
}
