package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"

	"github.com/tlslens/tlslens/capture/live"
	"github.com/tlslens/tlslens/report/text"
)

// interfaces lists what live could watch.
func (p *program) interfaces(_ context.Context, _ *settings, args []string) error {
	if len(args) > 0 {
		return failf("interfaces takes no argument, not %q", args[0])
	}
	all, err := live.Interfaces()
	if err != nil {
		return failf("the interfaces cannot be listed: %v", err)
	}
	width := len("any")
	for _, i := range all {
		width = max(width, len(text.Clean(i.Name)))
	}
	var b strings.Builder
	hints := map[string]bool{}
	var order []string
	for _, i := range all {
		link := "-"
		if i.LinkKnown {
			link = strings.TrimPrefix(i.Link.String(), "LINKTYPE_")
		}
		line := fmt.Sprintf("%-*s  %-4s  %-12s  %s", width, text.Clean(i.Name), state(i), link, describe(i))
		b.WriteString(strings.TrimRight(line, " ") + "\n")
		if i.Err == nil {
			continue
		}
		fmt.Fprintf(&b, "%*s  cannot be opened: %s\n", width, "", text.Clean(i.Err.Error()))
		var h interface{ Hint() string }
		if errors.As(i.Err, &h) && h.Hint() != "" && !hints[h.Hint()] {
			hints[h.Hint()] = true
			order = append(order, h.Hint())
		}
	}
	if _, err := p.stdout.Write([]byte(b.String())); err != nil {
		return (&settings{}).unwritten(err)
	}
	for _, h := range order {
		p.hint(h)
	}
	return nil
}

func state(i live.Interface) string {
	if i.Up {
		return "up"
	}
	return "down"
}

// describe returns the addresses and what else is known.
func describe(i live.Interface) string {
	words := make([]string, 0, len(i.Addrs)+1)
	if i.Description != "" {
		words = append(words, text.Clean(i.Description))
	}
	for _, a := range i.Addrs {
		words = append(words, a.String())
	}
	return strings.Join(words, " ")
}

// defaultInterface chooses what to watch if nobody says.
func defaultInterface() (string, error) {
	all, err := live.Interfaces()
	if err != nil {
		return "", failf("the interfaces cannot be listed: %v", err)
	}
	routed := func(a netip.Prefix) bool { return !a.Addr().IsLinkLocalUnicast() }
	var denied error
	for _, i := range all {
		if !i.Up || i.Loopback || i.Name == live.Any {
			continue
		}
		if i.Err != nil {
			denied = i.Err
			continue
		}
		for _, a := range i.Addrs {
			if routed(a) {
				return i.Name, nil
			}
		}
	}
	if denied != nil {
		return "", denied
	}
	return "", failf("no interface was named, and none is up and has an address").or("-i NAME names one; tlslens interfaces lists them")
}
