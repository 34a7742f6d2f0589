package steps

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	sv "carbon-setup/internal/vault"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// sealing takes the plain values out of the files again, at the end of a plan.
type sealing struct {
	w        *Workspace
	v        *vaultState
	a        *answers.Set
	wanted   bool // the answers want the vault on
	unwanted bool // the answers want it off
	secrets  map[string]*sealedValue
	problems []Problem
}

// sealedValue is the value of one alias.
type sealedValue struct {
	alias string
	value secret.Secret
	known bool
	sites []sealedSite
}

// sealedSite is a secured element.
type sealedSite struct {
	file, xpath string
	line        int
}

// spot tells an element from every other of its file.
func spot(rel string, e *edit.Element) string {
	return fmt.Sprint(rel, "\x00", e.Line(), "\x00", e.Path())
}

func (s sealedSite) place() carbon.Place { return carbon.Place{File: s.file, Line: s.line} }

// seal puts the values of secured elements into cipher-text.properties and placeholders into their place, or, when the answers want no vault, leaves
// the values and takes the vault away. Errors: *InvalidError for values that the vault cannot hold, and those of an edit. Without a vault it does nothing.
func (w *Workspace) seal(a *answers.Set) error {
	s := &sealing{w: w, v: w.vault, a: a, secrets: map[string]*sealedValue{}}
	if wants, asked := wantsVault(a); asked && !w.vaultLeft {
		s.wanted, s.unwanted = wants, !wants
	}
	if !s.v.open() && !s.wanted && !s.unwanted {
		return nil
	}
	w.begin(vault{}.Info())
	if err := s.collect(); err != nil {
		return err
	}
	var key *vaultKey
	if !s.unwanted {
		key = s.chooseKey()
	}
	s.judge(key)
	if len(s.problems) > 0 {
		return &InvalidError{Problems: s.problems}
	}
	if s.unwanted {
		return s.takeAway()
	}
	return s.write(key)
}

// collect gathers the secured elements with their values.
func (s *sealing) collect() error {
	xpaths := map[string]string{}
	known, _ := vaultPlaces(s.w)
	for _, p := range known {
		xpaths[spot(p.file, p.element)] = p.xpath()
	}
	for _, rel := range s.w.securedFiles() {
		doc, err := s.w.XML(rel)
		if err != nil {
			continue // nothing was laid over it, and the entries of its aliases stay; see unreadSecured
		}
		for _, e := range doc.Find("//*") {
			alias := secretAlias(e)
			if alias == "" {
				continue
			}
			site := sealedSite{rel, xpaths[spot(rel, e)], e.Line()}
			if site.xpath == "" {
				site.xpath = "/" + e.Path()
			}
			value, known := s.valueOf(rel, alias, e)
			s.add(alias, site, value, known)
		}
	}
	return nil
}

// valueOf is what a secured element is to stand for: what the Workspace has laid over it or a step has set, or what its ciphertext or the answers say.
func (s *sealing) valueOf(rel, alias string, e *edit.Element) (secret.Secret, bool) {
	if told := s.a.Secret(keyVaultSecrets + alias); told.IsSet() && !s.w.vaultLeft {
		return told, true
	}
	stored, opened := s.v.opened[alias]
	switch {
	case s.v.stuck[alias]:
		return stored, opened
	case opened:
		return secret.New(e.Text()), true
	}
	if s.w.wasSecured(rel, alias) { // what stands there is a placeholder, unless a step has set it
		if text := e.Text(); text != "" && text != sv.Placeholder && text != alias {
			return secret.New(text), true
		}
		if entry := s.v.texts[alias]; sv.Classify(entry.value) == sv.Plain {
			return sv.PlainOf(entry.value), true
		}
		return secret.Secret{}, false
	}
	return secret.New(e.Text()), true
}

// wasSecured reports whether the file on disk has an element with the alias.
func (w *Workspace) wasSecured(rel, alias string) bool {
	o := w.files[rel]
	return o != nil && strings.Contains(string(o.before), `"`+alias+`"`) || o != nil && strings.Contains(string(o.before), `'`+alias+`'`)
}

func (s *sealing) add(alias string, site sealedSite, value secret.Secret, known bool) {
	entry := s.secrets[alias]
	if entry == nil {
		s.secrets[alias] = &sealedValue{alias: alias, value: value, known: known, sites: []sealedSite{site}}
		return
	}
	entry.sites = append(entry.sites, site)
	switch {
	case !entry.known:
		entry.value, entry.known = value, known
	case known && !value.Equal(entry.value):
		s.say(keyVaultEnabled, fmt.Sprintf("%s and %s have different values, but the server asks for both under the one alias %s.", entry.sites[0].place(), site.place(), alias),
			"Give both the same value; or take one of them out, and plan again.")
	}
}

func (s *sealing) say(key, message, fix string) {
	s.problems = append(s.problems, Problem{Severity: Error, Key: key, Message: message, Fix: fix})
}

// judge refuses what cannot be sealed, before anything is.
func (s *sealing) judge(key *vaultKey) {
	for _, alias := range slices.Sorted(maps.Keys(s.secrets)) {
		entry := s.secrets[alias]
		if !entry.known {
			s.say(keyVaultSecrets+alias, fmt.Sprintf("%s is in the vault, and %s.", placeList(entry.places()), s.v.noValue(alias)),
				"Give the value as "+keyVaultSecrets+alias+".")
			continue
		}
		if s.unwanted && s.v.stuck[alias] {
			s.say(keyVaultEnabled, placeList(entry.places())+" cannot have its value in clear (alias "+alias+"): the file could not be written so.", "Put a single text into the element, or take the element apart by hand; then plan again.")
		}
		if key == nil {
			continue
		}
		if err := sv.Check(entry.value, key.key.Limit()); err != nil {
			what, fix := vaultErrorTexts(err)
			s.say(keyVaultEnabled, fmt.Sprintf("%s cannot go into the vault (alias %s). %s", placeList(entry.places()), alias, what), fix)
		}
	}
}

// noValue says why the value of an alias is not known; follows "is in the vault, and".
func (v *vaultState) noValue(alias string) string {
	switch why := v.broken[alias]; {
	case why != "":
		return "its ciphertext " + why
	case v.texts[alias].value == "":
		return v.location() + " has no ciphertext for its alias " + alias
	}
	return "its ciphertext cannot be read without the key of the vault"
}

func (e *sealedValue) places() []carbon.Place {
	places := make([]carbon.Place, len(e.sites))
	for i, s := range e.sites {
		places[i] = s.place()
	}
	return places
}

// write encrypts what is not encrypted yet, puts the placeholders back and brings the files of the vault up to date. The order of the files is that
// in which they are swapped: an element never waits for its ciphertext.
func (s *sealing) write(key *vaultKey) error {
	defer func() { s.v.password, s.v.foreign = key.password, s.beyondASCII() }()
	texts := map[string]string{}
	for alias, entry := range s.secrets {
		text := s.v.texts[alias].value
		if _, other := s.v.opened[alias]; other && s.v.key != key.key || !key.key.Holds(text, entry.value) {
			fresh, err := key.key.Encrypt(entry.value)
			if err != nil {
				return err
			}
			text = fresh
		}
		texts[alias] = text
	}
	if err := s.placeholders(); err != nil {
		return err
	}
	if err := s.writeTexts(key, texts); err != nil {
		return err
	}
	if err := s.writePlaces(); err != nil {
		return err
	}
	if err := s.writeConf(key); err != nil {
		return err
	}
	s.writePassword(key)
	return s.w.leaks(s.secrets)
}

// beyondASCII are the aliases whose values another encoding would change.
func (s *sealing) beyondASCII() []string {
	var all []string
	for _, alias := range slices.Sorted(maps.Keys(s.secrets)) {
		if strings.ContainsFunc(s.secrets[alias].value.Reveal(), func(r rune) bool { return r >= utf8.RuneSelf }) {
			all = append(all, alias)
		}
	}
	return all
}

// placeholders puts a placeholder into every secured element: the one that was there, or the word that WSO2's own tool writes.
func (s *sealing) placeholders() error {
	seen := map[string]int{}
	for _, rel := range s.w.securedFiles() {
		doc, err := s.w.XML(rel)
		if err != nil {
			continue
		}
		for _, e := range doc.Find("//*") {
			alias := secretAlias(e)
			if alias == "" || s.v.stuck[alias] {
				continue
			}
			slot := rel + "\x00" + alias
			text := sv.Placeholder
			if n := seen[slot]; n < len(s.v.laid[slot]) {
				text = s.v.laid[slot][n]
			}
			seen[slot]++
			if err := doc.SetText(e, text, edit.Secret()); err != nil {
				return err
			}
		}
		if err := s.w.commitOne(rel, false); err != nil {
			return err
		}
		s.likeBefore(rel)
		if err := s.oneWord(rel); err != nil {
			return err
		}
	}
	return nil
}

// likeBefore gives a file its bytes back when nothing is left of the edits but another way to write the same placeholder: <Password/>, or a text with a
// comment in it.
func (s *sealing) likeBefore(rel string) {
	o := s.w.files[rel]
	if bytes.Equal(o.after, o.before) || o.created || len(s.v.laid) == 0 {
		return
	}
	again, err := edit.ParseXML(rel, slices.Clone(o.before))
	if err != nil {
		return
	}
	var was []string
	put := func(text func(i int, alias string) string) {
		i := 0
		for _, e := range again.Find("//*") {
			if alias := secretAlias(e); alias != "" && s.v.laid[rel+"\x00"+alias] != nil {
				was = append(was, e.Text())
				err = errors.Join(err, again.SetText(e, text(i, alias)))
				i++
			}
		}
		_, failed := again.Commit()
		err = errors.Join(err, failed)
	}
	put(func(_ int, alias string) string { return s.v.opened[alias].Reveal() })
	put(func(i int, _ string) string { return was[i] })
	if err == nil && bytes.Equal(again.Bytes(), o.after) {
		*o = overlay{path: o.path, rank: o.rank, mode: o.mode, before: o.before, after: o.before, origin: []piece{{0, 0, len(o.before)}}}
	}
}

// oneWord writes the word that WSO2's tool writes into every secured element, when the answers want the vault. Another text may be the password itself;
// an empty one in carbon.xml makes STS and identity fail with a NullPointerException.
func (s *sealing) oneWord(rel string) error {
	doc, err := s.w.XML(rel)
	if err != nil || !s.wanted {
		return err
	}
	for _, e := range doc.Find("//*") {
		if alias := secretAlias(e); alias == "" || s.v.stuck[alias] {
			continue
		}
		if err := doc.SetText(e, sv.Placeholder, edit.Secret(), edit.Because("the word that stands for a password in the vault")); err != nil {
			return err
		}
	}
	return s.commitBooked(rel)
}

// leaks is the last look before a plan: no secured element may hold its value. That one does is a fault of the program, and nothing is written.
func (w *Workspace) leaks(secrets map[string]*sealedValue) error {
	for _, rel := range w.securedFiles() {
		doc, err := w.XML(rel)
		if err != nil {
			continue
		}
		for _, e := range doc.Find("//*") {
			alias := secretAlias(e)
			entry := secrets[alias]
			text := e.Text()
			if alias == "" || text == "" || text == sv.Placeholder || w.vault.stuck[alias] || slices.Contains(w.vault.laid[rel+"\x00"+alias], text) {
				continue
			}
			if entry == nil || entry.value.Equal(secret.New(text)) {
				return &edit.Error{File: rel, Line: e.Line(), What: "the value of the alias " + alias + " would stand there in clear", Fix: "report this; nothing was written"}
			}
		}
	}
	return nil
}
