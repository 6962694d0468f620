package pki

import (
	"errors"
	"unsafe"

	"golang.org/x/sys/windows"
)

// systemAnchors copies the certificates of the ROOT system store. Windows
// fetches some roots only when a program needs them; those are not in it.
func systemAnchors(store string) ([]*anchor, error) {
	name, err := windows.UTF16PtrFromString("ROOT")
	if err != nil {
		return nil, err
	}
	h, err := windows.CertOpenSystemStore(0, name)
	if err != nil {
		return nil, err
	}
	defer windows.CertCloseStore(h, 0)
	var list []*anchor
	var ctx *windows.CertContext
	for {
		// Each call frees the context of the one before.
		if ctx, err = windows.CertEnumCertificatesInStore(h, ctx); err != nil || ctx == nil {
			break
		}
		der := append([]byte(nil), unsafe.Slice(ctx.EncodedCert, ctx.Length)...)
		list = append(list, &anchor{der: der, store: store})
	}
	if len(list) == 0 {
		return nil, errors.New("the system's ROOT store is empty")
	}
	return list, nil
}
