package table

import (
	"bytes"
	"reflect"
	"slices"
	"strings"

	"github.com/olekukonko/tablewriter"
	"github.com/olekukonko/tablewriter/pkg/twcache"
	"github.com/olekukonko/tablewriter/renderer"
	"github.com/olekukonko/tablewriter/tw"

	"github.com/tlslens/tlslens/report/text"
)

// A column is one column of a grid.
type column struct {
	title string
	right bool // numbers: aligned right and never wrapped
	wide  bool // takes what the other columns leave; one column of a grid has it
	spare bool // left out when the wide column would have less than its comfort
	drop  int  // left out, highest first, when the wide column would have less than least or cramped
}

// A cell holds paragraphs of cleaned text. A colour is for all of them.
type cell struct {
	text  []string
	color string
}

// A grid is a table before it is laid out.
type grid struct {
	cols    []column
	rows    [][]cell
	comfort int // columns below which the wide column gets the room of spare ones
	tight   int // columns below which other columns of text are made narrower for it
	least   int // columns below which other columns are left out before their words are broken
}

const (
	cramped = 10 // columns below which the wide column gets the room of any other
	leastOf = 8  // columns that a column of text keeps when it is made narrower
)

// row adds a row of cells of one paragraph each.
func (g *grid) row(texts ...string) {
	cells := make([]cell, len(texts))
	for i, t := range texts {
		cells[i] = cell{text: []string{t}}
	}
	g.rows = append(g.rows, cells)
}

// natural returns how wide each column would like to be.
func (g *grid) natural() []int {
	ws := make([]int, len(g.cols))
	for i, c := range g.cols {
		ws[i] = text.Width(c.title)
		for _, row := range g.rows {
			for _, t := range row[i].text {
				ws[i] = max(ws[i], text.Width(t))
			}
		}
	}
	return ws
}

// layout decides which columns are shown and how wide they are inside their
// padding, for lines of at most width columns. A column that is left out has
// width 0.
func (g *grid) layout(width int) []int {
	ws := g.natural()
	wide := 0
	for i, c := range g.cols {
		if c.wide {
			wide = i
		}
	}
	want := ws[wide]
	fill := func() { // gives the wide column what the others leave
		ws[wide] = 0
		ws[wide] = min(want, room(ws, width)-3)
	}
	for room(ws, width) < 0 {
		asked := slices.Clone(ws)
		fill()
		if ws[wide] < min(want, g.comfort) && g.leaveOut(ws, func(c column) bool { return c.spare }) {
			ws[wide] = want
			continue
		}
		if ws[wide] < min(want, g.tight) {
			g.narrow(ws, min(want, g.tight)-ws[wide], wide, true)
			fill()
		}
		if g.least > 0 && ws[wide] < min(want, g.least) && g.leaveOut(asked, func(c column) bool { return c.drop > 0 }) {
			ws = asked // what was narrowed in vain gets its room back
			continue
		}
		if ws[wide] < min(want, g.tight) {
			g.narrow(ws, min(want, g.tight)-ws[wide], wide, false)
			fill()
		}
		if ws[wide] < min(want, cramped) && g.leaveOut(ws, func(c column) bool { return c.drop > 0 }) {
			ws[wide] = want
			continue
		}
		ws[wide] = max(ws[wide], 2)
		break
	}
	return ws
}

// room returns how many columns a line has left.
func room(ws []int, width int) int {
	for _, w := range ws {
		if w > 0 {
			width -= w + 3
		}
	}
	return width - 1
}

// leaveOut removes the column that can best be missed among those that may be.
func (g *grid) leaveOut(ws []int, may func(column) bool) bool {
	best := -1
	for i, c := range g.cols {
		if ws[i] > 0 && !c.wide && may(c) && (best < 0 || c.drop > g.cols[best].drop) {
			best = i
		}
	}
	if best < 0 {
		return false
	}
	ws[best] = 0
	return true
}

// narrow takes need columns from the columns of text, the widest first: with
// whole from those whose words still fit only.
func (g *grid) narrow(ws []int, need, wide int, whole bool) {
	words := g.words()
	for ; need > 0; need-- {
		widest := -1
		for i, c := range g.cols {
			least := max(leastOf, text.Width(c.title))
			if whole {
				least = max(least, words[i])
			}
			if i != wide && !c.right && ws[i] > least && (widest < 0 || ws[i] > ws[widest]) {
				widest = i
			}
		}
		if widest < 0 {
			break
		}
		ws[widest]--
	}
}

// words returns the width of the longest word of each column.
func (g *grid) words() []int {
	ws := make([]int, len(g.cols))
	for _, row := range g.rows {
		for i, c := range row {
			for _, t := range c.text {
				for _, w := range strings.Fields(t) {
					ws[i] = max(ws[i], text.Width(w))
				}
			}
		}
	}
	return ws
}

// lines wraps one row and returns its lines, each with one text per column that
// is shown, padded to the column's width.
func (g *grid) lines(row []cell, ws []int) [][]string {
	var shown [][]string
	height := 1
	for i, c := range row {
		if ws[i] == 0 {
			continue
		}
		var ls []string
		for _, t := range c.text {
			ls = append(ls, text.Wrap(t, ws[i])...)
		}
		height = max(height, len(ls))
		shown = append(shown, ls)
	}
	out := make([][]string, height)
	for y := range out {
		col := 0
		for i, c := range row {
			if ws[i] == 0 {
				continue
			}
			t := ""
			if y < len(shown[col]) {
				t = shown[col][y]
			}
			out[y] = append(out[y], g.finish(t, c.color, i, ws[i]))
			col++
		}
	}
	return out
}

// finish pads one line of a cell and colours it.
func (g *grid) finish(t, color string, col, width int) string {
	fill := strings.Repeat(" ", max(0, width-text.Width(t)))
	switch {
	case t == "":
		return fill
	case g.cols[col].right && t != g.cols[col].title:
		return fill + paint(color, t)
	}
	return paint(color, t) + fill
}

// draw lays the grid out for lines of at most width columns and draws it with
// t, a table of newTable, which may have drawn others before.
func (g *grid) draw(t *tablewriter.Table, width int) {
	ws := g.layout(width)
	widths := tw.NewMapper[int, int]()
	for _, w := range ws {
		if w > 0 {
			widths.Set(widths.Len(), w+2)
		}
	}
	t.Reset()
	t.Options(tablewriter.WithColumnWidths(widths))
	t.Header(stack(g.lines(g.header(), ws)))
	for _, row := range g.rows {
		_ = t.Append(stack(g.lines(row, ws))) // fails only for data that is no row
	}
	_ = t.Render() // writes to a buffer
}

// header returns the titles as a row.
func (g *grid) header() []cell {
	cells := make([]cell, len(g.cols))
	for i, c := range g.cols {
		cells[i] = cell{text: []string{c.title}}
	}
	return cells
}

// stack makes the lines of a row into cells of several lines.
func stack(lines [][]string) []string {
	cells := make([]string, len(lines[0]))
	for y, line := range lines {
		for x := range line {
			if y > 0 {
				cells[x] += "\n"
			}
			cells[x] += line[x]
		}
	}
	return cells
}

// newTable returns a table for cells that are finished: wrapped, padded and
// free of anything that would need formatting. A new table costs 400 kB, and so
// does using it again with its own cache, which serves values that are no
// strings: one table is made for all, with a cache of one entry.
func newTable(buf *bytes.Buffer, ascii bool) *tablewriter.Table {
	symbols := tw.NewSymbols(tw.StyleLight)
	if ascii {
		symbols = tw.NewSymbols(tw.StyleASCII)
	}
	finished := tw.CellConfig{
		Formatting: tw.CellFormatting{AutoFormat: tw.Off, AutoWrap: tw.WrapNone},
		Alignment:  tw.CellAlignment{Global: tw.AlignLeft},
		Padding:    tw.CellPadding{Global: tw.Padding{Left: " ", Right: " "}},
	}
	return tablewriter.NewTable(buf,
		tablewriter.WithRenderer(renderer.NewBlueprint(tw.Rendition{Symbols: symbols})),
		tablewriter.WithEastAsian(tw.Off), // cells are measured the same way wherever they are shown
		tablewriter.WithHeaderConfig(finished),
		tablewriter.WithRowConfig(finished),
		tablewriter.WithTrimSpace(tw.Off),
		tablewriter.WithTrimLine(tw.Off),
		tablewriter.WithStringerCacheCustom(twcache.NewLRU[reflect.Type, reflect.Value](1)),
	)
}
