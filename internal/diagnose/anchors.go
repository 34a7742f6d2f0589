package diagnose

import (
	"bytes"
	"encoding/binary"
)

// anchorIndex finds which signatures have an anchor in a line, in one pass over it: a table tells almost every position that no anchor begins there.
type anchorIndex struct {
	begins [1 << tableBits]bool
	by     map[uint32][]anchor // by their first four bytes
}

type anchor struct {
	text    []byte
	matcher int
}

const tableBits = 14

// slot spreads four bytes over the table.
func slot(four uint32) uint32 { return four * 2654435761 >> (32 - tableBits) }

func newAnchorIndex(all []matcher) *anchorIndex {
	x := &anchorIndex{by: map[uint32][]anchor{}}
	for i := range all {
		for _, text := range all[i].Anchors {
			a := anchor{[]byte(text), i}
			four := binary.LittleEndian.Uint32(a.text)
			x.begins[slot(four)] = true
			x.by[four] = append(x.by[four], a)
		}
	}
	return x
}

// each calls do for every anchor in the line, with its signature and offset.
func (x *anchorIndex) each(line []byte, do func(matcher, at int)) {
	for i := 0; i+4 <= len(line); i++ {
		four := binary.LittleEndian.Uint32(line[i:])
		if !x.begins[slot(four)] {
			continue
		}
		for _, a := range x.by[four] {
			if bytes.HasPrefix(line[i:], a.text) {
				do(a.matcher, i)
			}
		}
	}
}
