package vault

import (
	"fmt"
	"slices"
)

// placed looks at the entries of cipher-tool.properties, which only WSO2's tool reads.
func (d *diagnosis) placed() {
	last := map[string]int{}
	for i, p := range d.Places {
		last[p.Alias] = i
	}
	for i, p := range d.Places {
		if at := last[p.Alias]; at == i {
			d.place(p)
		} else if d.Places[at] != p {
			d.add(place(p, FoundPlaceDuplicate, Warning, fmt.Sprintf("The alias %s has more than one place.", quote(p.Alias)),
				fmt.Sprintf("Java takes the last, %s.", quote(d.Places[at].String())), fixOthers))
		}
	}
}

func (d *diagnosis) place(p Place) {
	if d.Files != nil && !slices.ContainsFunc(p.Candidates(), func(c string) bool { return slices.Contains(d.Files, c) }) {
		d.add(place(p, FoundPlaceFile, Note, fmt.Sprintf("The place of the alias %s is in %s, which does not exist.", quote(p.Alias), quote(p.File)),
			"WSO2's tool passes over it; the server does not read this file.", fixLine))
		return
	}
	if _, ok := d.inForce[p.Alias]; !ok && d.Conf.On && len(d.Entries) > 0 {
		d.add(place(p, FoundPlaceNoCiphertext, Note, fmt.Sprintf("The alias %s has a place, and no ciphertext.", quote(p.Alias)),
			"WSO2's tool passes over it, too, and whoever reads the file takes the place for secured.", fixLine))
	}
}

const (
	fixLine   = "Take the line out."
	fixOthers = "Take the others out."
)

// place returns a finding about a place.
func place(p Place, id string, severity Severity, what, why, fix string) Finding {
	return Finding{ID: id, Severity: severity, File: CipherToolFile, Alias: p.Alias, What: what, Why: why, Fix: fix}
}
