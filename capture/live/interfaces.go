//go:build !(linux || windows) && !libpcap

package live

import (
	"net"
	"net/netip"
)

// Interfaces lists the interfaces of this machine.
func Interfaces() ([]Interface, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	var all []Interface
	for _, ifi := range ifs {
		i := Interface{Name: ifi.Name, Up: ifi.Flags&net.FlagUp != 0, Loopback: ifi.Flags&net.FlagLoopback != 0}
		if list, err := ifi.Addrs(); err == nil {
			for _, a := range list {
				if p, err := netip.ParsePrefix(a.String()); err == nil {
					i.Addrs = append(i.Addrs, p)
				}
			}
		}
		i.Link, i.Err = tryOpen(ifi.Name)
		i.LinkKnown = i.Err == nil
		all = append(all, i)
	}
	return all, nil
}
