package app

import (
	"strings"

	"github.com/tlslens/tlslens/dissect/flow"
)

// FirstLine words the first line of a side for people, without what could be a
// secret: of HTTP the request line without query and credentials, or the status;
// of a server its banner; of a client only the command, unless it is one whose
// arguments are no secrets. It returns "" for what is no line of printable
// ASCII, and of a client for what does not look like a command.
func FirstLine(line []byte, who flow.Side) string {
	text := printable(line)
	if method, target, version, ok := requestLine(text); ok {
		return method + " " + target + " " + version
	}
	words := strings.Fields(text)
	switch {
	case len(words) == 0:
		return ""
	case who == flow.Server && (words[0] == "331" || words[0] == "230"): // FTP: they name the user
		return more(words, 1)
	case who == flow.Server:
		return withoutUser(text)
	case strings.HasPrefix(text, "SSH-"), strings.HasPrefix(text, "PRI * HTTP/2"), harmless[strings.ToUpper(words[0])]:
		return text
	case strings.HasPrefix(text, "<"):
		return firstTag(text)
	case !isCommand(words[0]) && len(words) > 1 && len(words[0]) <= 8 && isCommand(words[1]): // IMAP: a tag before it
		return more(words, 2)
	case isCommand(words[0]):
		return more(words, 1)
	}
	return ""
}

// harmless are commands whose arguments may be shown.
var harmless = map[string]bool{"EHLO": true, "HELO": true, "LHLO": true, "CAPA": true, "CAPABILITIES": true, "STARTTLS": true, "STLS": true,
	"FEAT": true, "QUIT": true, "NOOP": true, "HELP": true, "SYST": true, "MODE": true, "CAP": true}

// isCommand reports whether a word may be a command: letters, and few of them.
func isCommand(w string) bool {
	return len(w) >= 2 && len(w) <= 12 && strings.Trim(strings.ToUpper(w), "ABCDEFGHIJKLMNOPQRSTUVWXYZ") == ""
}

// more joins the first n words, and says that others followed.
func more(words []string, n int) string {
	s := strings.Join(words[:n], " ")
	if len(words) > n {
		s += " …"
	}
	return s
}

// firstTag returns the name of the first tag of a text in XML, without its
// attributes.
func firstTag(s string) string {
	name, _, _ := strings.Cut(strings.TrimPrefix(s, "<"), ">")
	name, _, _ = strings.Cut(name, " ")
	if strings.Trim(strings.ToLower(name), "abcdefghijklmnopqrstuvwxyz:!?/") != "" || len(name) > 24 {
		return ""
	}
	return "<" + name + "…"
}

// withoutUser takes the user and the password out of the URLs of a line, and
// what follows a question mark.
func withoutUser(s string) string {
	var out strings.Builder
	for {
		before, after, ok := strings.Cut(s, "://")
		out.WriteString(before)
		if !ok {
			return out.String()
		}
		out.WriteString("://")
		end := strings.IndexAny(after, " \"'>")
		if end < 0 {
			end = len(after)
		}
		authority, path, slash := strings.Cut(cutQuery(after[:end]), "/")
		out.WriteString(authority[strings.LastIndexByte(authority, '@')+1:])
		if slash {
			out.WriteString("/" + path)
		}
		s = after[end:]
	}
}
