package text

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/clipperhouse/displaywidth"
)

// Width returns the number of columns that cleaned text takes. It measures
// character by character, as tablewriter does, so that both agree on where a
// cell ends; colour sequences count as text.
func Width(s string) int {
	if plain(s) == len(s) {
		return len(s)
	}
	w := 0
	for _, r := range s {
		w += runeWidth(r)
	}
	return w
}

func runeWidth(r rune) int {
	if r >= ' ' && r <= '~' {
		return 1
	}
	return displaywidth.Rune(r)
}

// Wrap cuts cleaned text into lines of at most width columns. It breaks at
// spaces, which vanish at a break; a word is broken only if it is wider than a
// line. Text without a character gives one empty line. A width below 2, the
// widest character, counts as 2.
func Wrap(s string, width int) []string {
	s = strings.Trim(s, " ")
	width = max(width, 2)
	if Width(s) <= width {
		return []string{s}
	}
	var lines []string
	start, end, used := 0, 0, 0 // the line so far is s[start:end], used columns wide
	for i := 0; i < len(s); {
		j := i // s[i:j] are the spaces before the word, s[j:k] is the word
		for j < len(s) && s[j] == ' ' {
			j++
		}
		k := j
		for k < len(s) && s[k] != ' ' {
			k++
		}
		w := Width(s[j:k])
		if end > start && used+(j-i)+w <= width || end == start && w <= width {
			if end == start {
				start = j
				used = w
			} else {
				used += j - i + w
			}
			end, i = k, k
			continue
		}
		if end > start {
			lines = append(lines, s[start:end])
			start, end, used = j, j, 0
			i = j
			continue
		}
		n := fits(s[j:k], width) // a word that is wider than a line
		lines = append(lines, s[j:j+n])
		i = j + n
		start, end = i, i
	}
	if end > start {
		lines = append(lines, s[start:end])
	}
	return lines
}

// fits returns the length of the longest front part of s, at least one
// character, that takes at most width columns. Marks stay with their character.
func fits(s string, width int) int {
	used := 0
	for i, r := range s {
		w := runeWidth(r)
		if used+w > width && i > 0 {
			return i
		}
		used += w
	}
	return len(s)
}

// Shorten returns cleaned text of more than n columns as its beginning and the
// number of characters that were left out.
func Shorten(s string, n int) string {
	if len(s) <= n || Width(s) <= n {
		return s
	}
	cut := fits(s, n)
	return s[:cut] + " [+" + strconv.Itoa(utf8.RuneCountInString(s[cut:])) + " characters]"
}

// Pad appends spaces to s until it is width columns wide.
func Pad(s string, width int) string {
	if n := width - Width(s); n > 0 {
		return s + strings.Repeat(" ", n)
	}
	return s
}

// Count writes a number with its noun: "1 connection", "3 connections".
func Count[N ~int | ~int64 | ~uint64](n N, noun string) string {
	s := strconv.FormatInt(int64(n), 10) + " " + noun
	if n == 1 {
		return s
	}
	if t, ok := strings.CutSuffix(s, "y"); ok && !strings.HasSuffix(t, "a") && !strings.HasSuffix(t, "e") {
		return t + "ies"
	}
	return s + "s"
}
