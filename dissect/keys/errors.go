package keys

import (
	"errors"
	"fmt"

	"github.com/tlslens/tlslens/dissect/flow"
)

// ErrClear says that a record is none that is sealed at this point: in TLS
// 1.3 only those of type application_data are, before it those behind a
// ChangeCipherSpec.
var ErrClear = errors.New("the record is not sealed")

// NoKeys says that there is no key to try for a record.
type NoKeys struct {
	Side  flow.Side
	Cause Cause
	Why   string // a sentence without a full stop
}

func (e *NoKeys) Error() string {
	return fmt.Sprintf("record of the %s stays closed: %s", e.Side, e.Why)
}

// BadTag says that no key gives the right tag or MAC for a record.
type BadTag struct {
	Side     flow.Side
	Record   int    // number among the sealed records of its side, from 1
	Sequence uint64 // sequence number that it should have
	Never    bool   // no record under these keys was right: probably they are wrong ones
	Hole     bool   // records before it may be missing, so that its number is not certain
}

func (e *BadTag) Error() string {
	s := fmt.Sprintf("record %d of the %s has a wrong tag or MAC", e.Record, e.Side)
	switch {
	case e.Hole:
		s += "; records before it are missing"
	case e.Never:
		s += "; no record opened with these keys"
	}
	return s
}
