package apply

import (
	"bytes"
	"slices"
	"strings"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// text is a file cut into lines; each line holds its line end.
type text struct {
	data   []byte
	lines  []string
	starts []int // of each line, and the end of the last
}

func newText(data []byte) text {
	t := text{data: data}
	whole := string(data)
	t.starts = make([]int, 1, 1+bytes.Count(data, []byte{'\n'})+1)
	for at := 0; at < len(whole); {
		end := len(whole)
		if i := strings.IndexByte(whole[at:], '\n'); i >= 0 {
			end = at + i + 1
		}
		t.lines = append(t.lines, whole[at:end])
		t.starts = append(t.starts, end)
		at = end
	}
	return t
}

// content returns the bytes [start,end) of line i without its line end, and what that is.
func (t text) content(i int) (start, end int, crlf, noEOL bool) {
	start, end = t.starts[i], t.starts[i+1]
	switch line := t.lines[i]; {
	case strings.HasSuffix(line, "\r\n"):
		return start, end - 2, true, false
	case strings.HasSuffix(line, "\n"):
		return start, end - 1, false, false
	default:
		return start, end, false, true
	}
}

// block says that the old lines [a0,a1) became the new lines [b0,b1).
type block struct{ a0, a1, b0, b1 int }

// compareLines returns the blocks in which a and b differ, in order and apart. Lines that are unique on both sides hold the comparison
// together (as patience diff does), which keeps it close to linear however many lines differ; what lies between two of them is compared by
// udiff, which bounds its effort and then returns a larger difference rather than a wrong one.
func compareLines(a, b []string) []block {
	head := 0
	for head < len(a) && head < len(b) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < len(a)-head && tail < len(b)-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	a1, b1 := len(a)-tail, len(b)-tail
	var blocks []block
	x, y := head, head
	for _, p := range append(anchors(a[head:a1], b[head:b1]), [2]int{a1 - head, b1 - head}) {
		ax, by := p[0]+head, p[1]+head
		blocks = appendGap(blocks, a, b, block{x, ax, y, by})
		x, y = ax+1, by+1
	}
	return blocks
}

// appendGap compares what lies between two anchors.
func appendGap(blocks []block, a, b []string, g block) []block {
	if g.a0 == g.a1 && g.b0 == g.b1 {
		return blocks
	}
	found := []lcs.Diff{{Start: 0, End: g.a1 - g.a0, ReplStart: 0, ReplEnd: g.b1 - g.b0}}
	if g.a0 < g.a1 && g.b0 < g.b1 {
		found = lcs.DiffLines(a[g.a0:g.a1], b[g.b0:g.b1])
	}
	for _, d := range found {
		next := block{g.a0 + d.Start, g.a0 + d.End, g.b0 + d.ReplStart, g.b0 + d.ReplEnd}
		if n := len(blocks); n > 0 && blocks[n-1].a1 == next.a0 && blocks[n-1].b1 == next.b0 {
			blocks[n-1].a1, blocks[n-1].b1 = next.a1, next.b1
			continue
		}
		blocks = append(blocks, next)
	}
	return blocks
}

// anchors returns the longest chain of pairs of lines that stand once in a and once in b, in the same order in both.
func anchors(a, b []string) [][2]int {
	type place struct{ inA, inB, atA, atB int }
	places := make(map[string]*place, len(a))
	for i, line := range a {
		p := places[line]
		if p == nil {
			p = &place{}
			places[line] = p
		}
		p.inA++
		p.atA = i
	}
	for j, line := range b {
		if p := places[line]; p != nil {
			p.inB++
			p.atB = j
		}
	}
	var pairs [][2]int
	for i, line := range a {
		if p := places[line]; p.inA == 1 && p.inB == 1 {
			pairs = append(pairs, [2]int{i, p.atB})
		}
	}
	return longestChain(pairs)
}

// longestChain returns the longest subsequence of pairs, sorted by their first part, whose second parts rise.
func longestChain(pairs [][2]int) [][2]int {
	var tops []int // tops[k] = index of the pair that ends the best chain of length k+1
	before := make([]int, len(pairs))
	for i, p := range pairs {
		k, _ := slices.BinarySearchFunc(tops, p[1], func(top, want int) int { return pairs[top][1] - want })
		before[i] = -1
		if k > 0 {
			before[i] = tops[k-1]
		}
		if k == len(tops) {
			tops = append(tops, i)
		} else {
			tops[k] = i
		}
	}
	chain := make([][2]int, len(tops))
	if len(tops) == 0 {
		return chain
	}
	for i, k := tops[len(tops)-1], len(tops)-1; k >= 0; i, k = before[i], k-1 {
		chain[k] = pairs[i]
	}
	return chain
}
