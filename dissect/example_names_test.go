package dissect_test

import (
	"context"
	"fmt"
	"log"

	"github.com/tlslens/tlslens/capture"
	"github.com/tlslens/tlslens/dissect"
)

// A whole program: the name of every server in a capture. Without checks of
// signatures it is as fast as reading.
func Example() {
	src, err := capture.Open("../testdata/pcaps/alert-wrong-name.pcapng")
	if err != nil {
		log.Fatal(err)
	}
	defer src.Close()
	conns, err := dissect.Collect(context.Background(), src, dissect.Options{Verify: dissect.VerifyNone})
	for _, c := range conns {
		fmt.Println(c.Ends[1].Addr(), c.ServerName)
	}
	if err != nil {
		log.Fatal(err)
	}
	// Output:
	// 127.0.0.1 www.example.test
	// 127.0.0.1 www.example.test
	// 127.0.0.1 www.example.test
}
