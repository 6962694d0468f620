package dissect

import "github.com/tlslens/tlslens/dissect/flow"

// SealInitial makes an Initial packet of QUIC of a connection that is always the
// same, with frames of a side.
func SealInitial(from flow.Side, frames []byte) []byte {
	if from == flow.Client {
		return initial(firstID, from, firstID, ownID, frames)
	}
	return initial(firstID, from, ownID, itsID, frames)
}
