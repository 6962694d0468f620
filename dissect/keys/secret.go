package keys

import (
	"fmt"
	"io"
)

// secret is key material.
type secret []byte

// Format shows that there is a secret and nothing of it, whatever the verb.
func (secret) Format(f fmt.State, _ rune) { hide(f) }

// hide is the Format of all types that hold secrets: package fmt would look
// into their fields.
func hide(f fmt.State) { _, _ = io.WriteString(f, "[secret]") }
