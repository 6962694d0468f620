//go:build !(linux || windows || darwin || dragonfly || freebsd || netbsd || openbsd) && !libpcap

package live

import (
	"errors"
	"runtime"

	"github.com/tlslens/tlslens/capture"
)

var errNoCapture = errors.New("live capture is not there for " + runtime.GOOS)

func openHandle(string, *Options) (handle, error) { return nil, errNoCapture }

func tryOpen(string) (capture.LinkType, error) { return 0, errNoCapture }
