//go:build linux && !libpcap

package live

import (
	"errors"
	"io"
	"slices"
	"testing"
	"time"

	"github.com/tlslens/tlslens/capture"
)

// TestStop holds that packets before Stop come, also those of a block that was
// still being filled, and later ones do not.
func TestStop(t *testing.T) {
	namespace(t)
	s := open(t, Options{Interfaces: []string{"va"}, BlockTimeout: 300 * time.Millisecond})
	b := newSender(t, "vb")
	b.send(t, udp(1, 443, 50, 0), udp(2, 443, 50, 0))
	s.Stop()
	time.Sleep(time.Millisecond)
	b.send(t, udp(3, 443, 50, 0))
	if got := all(t, s); len(got) != 2 {
		t.Errorf("%d packets, want 2", len(got))
	}
	var p capture.Packet
	if err := s.Next(&p); err != io.EOF {
		t.Errorf("after the end: %v", err)
	}
}

// TestWake holds that Stop and Close wake a Next that waits, and that a closed
// source stays closed.
func TestWake(t *testing.T) {
	for name, wake := range map[string]func(*Source){"Stop": (*Source).Stop, "Close": func(s *Source) { s.Close() }} {
		t.Run(name, func(t *testing.T) {
			namespace(t)
			s := open(t, Options{Interfaces: []string{"va"}})
			done := make(chan error)
			go func() {
				var p capture.Packet
				done <- s.Next(&p)
			}()
			time.Sleep(50 * time.Millisecond)
			wake(s)
			select {
			case err := <-done:
				if err != io.EOF {
					t.Error(err)
				}
			case <-time.After(5 * time.Second):
				t.Fatal("Next still waits")
			}
			s.Close()
			s.Close()
			s.Stop()
			var p capture.Packet
			if err := s.Next(&p); err != io.EOF {
				t.Error(err)
			}
		})
	}
}

// TestIdle holds that Next returns in between if it is to.
func TestIdle(t *testing.T) {
	namespace(t)
	s := open(t, Options{Interfaces: []string{"va"}, Idle: 50 * time.Millisecond})
	guard(t, s)
	var p capture.Packet
	for range 2 {
		if err := s.Next(&p); err != capture.ErrIdle {
			t.Fatal(err)
		}
	}
	newSender(t, "vb").send(t, udp(9, 443, 50, 0))
	for {
		err := s.Next(&p)
		if err == nil {
			break
		}
		if err != capture.ErrIdle {
			t.Fatal(err)
		}
	}
}

// TestDown takes the interface down and up again, and away.
func TestDown(t *testing.T) {
	namespace(t)
	var events []Event
	s := open(t, Options{Interfaces: []string{"va"}, Idle: 20 * time.Millisecond, Notify: func(n Notice) { events = append(events, n.Event) }})
	guard(t, s)
	b := newSender(t, "vb")
	var p capture.Packet
	until := func(e ...Event) {
		t.Helper()
		for !slices.Equal(events, e) {
			if err := s.Next(&p); err != nil && err != capture.ErrIdle {
				t.Fatal(err)
			}
		}
	}
	sh(t, "ip link set va down")
	until(Down)
	sh(t, "ip link set va up")
	until(Down, Up)
	time.Sleep(100 * time.Millisecond)
	b.send(t, udp(1, 443, 50, 0))
	for {
		if err := s.Next(&p); err == nil {
			break
		} else if err != capture.ErrIdle {
			t.Fatal(err)
		}
	}
	sh(t, "ip link del va")
	var gone *GoneError
	for {
		if err := s.Next(&p); errors.As(err, &gone) {
			break
		} else if err != nil && err != capture.ErrIdle {
			t.Fatal(err)
		}
	}
	if len(events) < 3 || events[len(events)-1] != Gone {
		t.Errorf("events %v", events)
	}
}
