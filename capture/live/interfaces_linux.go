//go:build linux && !libpcap

package live

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/tlslens/tlslens/capture"
)

// Interfaces lists the interfaces of this machine, the one for all of them
// last.
func Interfaces() ([]Interface, error) {
	ifs, err := net.Interfaces()
	if err != nil {
		return nil, err
	}
	hardware := hardwareTypes()
	var all []Interface
	for _, ifi := range ifs {
		i := Interface{Name: ifi.Name, Up: ifi.Flags&net.FlagUp != 0, Loopback: ifi.Flags&net.FlagLoopback != 0, Addrs: addresses(&ifi)}
		if h, ok := hardware[ifi.Index]; ok {
			i.Link, _ = linkType(h)
			i.LinkKnown = true
		}
		i.Err = tryOpen(ifi.Name)
		all = append(all, i)
	}
	return append(all, Interface{Name: Any, Description: "all interfaces", Up: true, Link: capture.LinkLinuxSLL2, LinkKnown: true, Err: tryOpen(Any)}), nil
}

// tryOpen finds out whether an interface can be captured on.
func tryOpen(name string) error {
	r, err := openRing(name, &Options{Interfaces: []string{name}, SnapLen: 1, NoPromisc: true, Buffer: 1}, false)
	if err != nil {
		return err
	}
	r.close()
	return nil
}

// addresses returns the addresses of an interface that can be read.
func addresses(ifi *net.Interface) []netip.Prefix {
	list, err := ifi.Addrs()
	if err != nil {
		return nil
	}
	var all []netip.Prefix
	for _, a := range list {
		if p, err := netip.ParsePrefix(a.String()); err == nil {
			all = append(all, p)
		}
	}
	return all
}

// hardwareTypes returns the ARPHRD_ number of each interface by its index, from
// rtnetlink: the fields type and index of struct ifinfomsg.
func hardwareTypes() map[int]uint16 {
	b, err := syscall.NetlinkRIB(syscall.RTM_GETLINK, syscall.AF_UNSPEC)
	if err != nil {
		return nil
	}
	msgs, err := syscall.ParseNetlinkMessage(b)
	if err != nil {
		return nil
	}
	all := map[int]uint16{}
	for _, m := range msgs {
		if m.Header.Type == syscall.RTM_NEWLINK && len(m.Data) >= syscall.SizeofIfInfomsg {
			all[int(int32(binary.NativeEndian.Uint32(m.Data[4:])))] = binary.NativeEndian.Uint16(m.Data[2:])
		}
	}
	return all
}

// permission explains what lets this very program capture without root.
func permission(name string, err error) error {
	e := &PermissionError{Interface: name, Err: err}
	self, selfErr := os.Executable()
	if selfErr == nil {
		if real, err := filepath.EvalSymlinks(self); err == nil {
			self = real
		}
	}
	if selfErr != nil {
		self = "tlslens"
	}
	e.hint = fmt.Sprintf("sudo setcap cap_net_raw+ep %s lets it capture without root (CAP_NET_RAW); or use sudo", quote(self))
	if unix.Geteuid() == 0 {
		e.hint = "root lacks CAP_NET_RAW here; a container needs --cap-add=NET_RAW"
	}
	return e
}

// quote writes a file name for a shell.
func quote(name string) string {
	if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./,:@%") == "" {
		return name
	}
	return "'" + strings.ReplaceAll(name, "'", `'\''`) + "'"
}
