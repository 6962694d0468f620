package conn

import "github.com/tlslens/tlslens/dissect/flow"

// mostSteps bounds the rows of one phase; a connection with more of them is an
// attack on the reader.
const mostSteps = 200

// add appends a step to a phase and moves the phase's ends.
func (p *Phase) add(s Step) {
	if p.State == Unseen {
		p.State = Running
	}
	if s.At.Seen() {
		p.reach(s.At)
	}
	if p.Steps == nil {
		p.Steps = make([]Step, 0, 4)
	}
	if len(p.Steps) < mostSteps {
		p.Steps = append(p.Steps, s)
	} else if n := len(p.Steps); n == mostSteps {
		p.Steps = append(p.Steps, Step{At: s.At, Side: s.Side, Message: "…", Name: "more", Says: []string{"more messages follow"}})
	}
}

// reach widens the phase to include m.
func (p *Phase) reach(m flow.Mark) {
	if !p.Start.Seen() || p.Start.After(m) {
		p.Start = m
	}
	if m.After(p.End) {
		p.End = m
	}
}

// fail marks a phase as ended by what headline says, unless it failed before.
func (p *Phase) fail(headline string) {
	if p.State != FailedState {
		p.State, p.Headline = FailedState, headline
	}
}

// step makes a step from what every step has.
func step(side flow.Side, at flow.Mark, message, name string, size int, says ...string) Step {
	return Step{At: at, Side: side, Message: message, Name: name, Bytes: size, Says: says}
}

// ccStep adds a row to phase 1.
func (b *Builder) ccStep(side flow.Side, at flow.Mark, message, name string, size int, says ...string) *Step {
	return b.addTo(&b.c.CertificateCheck.Phase, step(side, at, message, name, size, says...))
}

// keStep adds a row to phase 2.
func (b *Builder) keStep(side flow.Side, at flow.Mark, message, name string, size int, says ...string) *Step {
	return b.addTo(&b.c.KeyExchange.Phase, step(side, at, message, name, size, says...))
}

func (b *Builder) addTo(p *Phase, s Step) *Step {
	s.Level = b.level
	if n := len(s.Says); b.level != Plain && b.keys != nil && n > 0 && s.Says[0] != "" {
		s.Says[0] += " (opened)"
	}
	s.order = b.order
	p.add(s)
	return &p.Steps[len(p.Steps)-1]
}

// factIf adds a fact that may not be known.
func (s *Step) factIf(known bool, key string, value any, ref string) *Step {
	if known {
		s.fact(key, value, ref)
	}
	return s
}

// fact adds a named value to a step, unless it is an empty string.
func (s *Step) fact(key string, value any, ref string) *Step {
	if value == "" {
		return s
	}
	s.Facts = append(s.Facts, Fact{Key: key, Value: value, Ref: ref})
	return s
}
