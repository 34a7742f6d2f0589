package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"sort"
	"sync"

	"carbon-setup/internal/apply"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// Workspace is the install with the edits of the steps so far laid over it. Audits use one without edits.
// Documents are parsed once and shared: a step sees what an earlier one has set. Not safe for concurrent use.
type Workspace struct {
	Install *carbon.Install

	files   map[string]*overlay
	current Info
	actions []apply.Action
	bundles []string // see plugins
	keys    *keyFiles
	conf    []string // see confFiles
	vault   *vaultState
	drivers driverCache
	opened  []openedStore
	// vaultLeft: the step of the vault has no part in the plan, whatever the answers say.
	vaultLeft bool
	usersLeft bool           // the same of the user store
	search    *carbon.Search // see startSearch
	globs     map[string][]string
}

// overlay is one file: its bytes on disk, its bytes now, its document, and who asked for what.
type overlay struct {
	path         string
	created      bool
	removed      bool
	rank         int // see rankCreated
	mode         fs.FileMode
	before       []byte
	after        []byte
	readErr      error
	doc          edit.Document
	docErr       error
	marks        []apply.Mark
	secretsAfter []apply.Span
	// secretsBefore are spans of before; offset maps are kept by origin.
	secretsBefore []apply.Span
	origin        []piece
}

// piece maps a run of unchanged bytes of after back to before, so that later splices can name spans of before.
type piece struct{ after, before, length int }

// NewWorkspace returns the overlay of an install without any edit.
func NewWorkspace(in *carbon.Install) *Workspace {
	return &Workspace{Install: in, files: map[string]*overlay{}}
}

func (w *Workspace) overlay(rel string) *overlay {
	o, ok := w.files[rel]
	if ok {
		return o
	}
	o = &overlay{path: rel}
	o.load(w.Install.Read)
	w.files[rel] = o
	return o
}

// Has reports whether the file is there, edits included.
func (w *Workspace) Has(rel string) bool {
	if o, ok := w.files[rel]; ok && (o.readErr == nil || o.created) {
		return !o.removed
	}
	return w.Install.Has(rel)
}

// glob returns the files of the install that match a pattern, as they were on the disk when they were first asked for, edits not included.
func (w *Workspace) glob(pattern string) []string {
	if w.globs == nil {
		w.globs = map[string][]string{}
	}
	files, known := w.globs[pattern]
	if !known {
		files = w.Install.Glob(pattern)
		w.globs[pattern] = files
	}
	return slices.Clone(files)
}

// Bytes returns the content as edited so far.
func (w *Workspace) Bytes(rel string) ([]byte, error) {
	o := w.overlay(rel)
	if o.removed {
		return nil, &fs.PathError{Op: "read", Path: rel, Err: fs.ErrNotExist}
	}
	return o.after, o.readErr
}

// XML returns the document of an XML file. The error names the file; it is fs.ErrNotExist for a missing one.
func (w *Workspace) XML(rel string) (*edit.XML, error) {
	return document(w, rel, edit.ParseXML)
}

// Properties returns the document of a properties file.
func (w *Workspace) Properties(rel string) (*edit.Properties, error) {
	return document(w, rel, edit.ParseProperties)
}

// Script returns the document of a start script.
func (w *Workspace) Script(rel string) (*edit.Script, error) {
	return document(w, rel, edit.ParseScript)
}

func document[D edit.Document](w *Workspace, rel string, parse func(string, []byte) (D, error)) (D, error) {
	var none D
	data, err := w.Bytes(rel)
	if err != nil {
		return none, err
	}
	o := w.files[rel]
	if o.doc == nil && o.docErr == nil {
		d, err := parse(rel, data)
		if err != nil {
			o.docErr = err
		} else {
			o.doc = d
		}
	}
	if o.docErr != nil {
		return none, o.docErr
	}
	d, ok := o.doc.(D)
	if !ok {
		return none, fmt.Errorf("%s: already opened as %T", rel, o.doc)
	}
	return d, nil
}

// Create adds a file that is not there yet, or replaces one that is. secrets: the file is created readable by its owner only, and is a secret as a whole, as
// is what it replaces.
func (w *Workspace) Create(rel string, data []byte, mode fs.FileMode, secrets bool, reason string) {
	o := w.overlay(rel)
	if o.readErr != nil {
		o.readErr, o.created = nil, true
	}
	o.removed, o.mode, o.after, o.doc, o.docErr = false, mode, data, nil, nil
	o.origin = nil
	o.marks = []apply.Mark{{Start: 0, End: len(data), Guideline: w.current.Guideline, Reason: reason}}
	if secrets {
		o.secretsAfter = []apply.Span{{Start: 0, End: len(data)}}
		o.secretsBefore = []apply.Span{{Start: 0, End: len(o.before)}}
	}
}

// Delete removes a file. secrets: it is a secret as a whole.
func (w *Workspace) Delete(rel string, secrets bool, reason string) {
	o := w.overlay(rel)
	o.removed = true
	o.marks = []apply.Mark{{Guideline: w.current.Guideline, Reason: reason}}
	if secrets {
		o.secretsBefore = []apply.Span{{Start: 0, End: len(o.before)}}
	}
}

// Do adds an effect other than a file change.
func (w *Workspace) Do(a apply.Action) {
	a.Guidelines = append(a.Guidelines, w.current.Guideline)
	w.actions = append(w.actions, a)
}

// begin makes info the step that the next edits belong to.
func (w *Workspace) begin(info Info) { w.current = info }

// commit applies the pending edits of every document and books them on the current step. The documents know nothing of each other, and judging
// them is most of the work of a plan: they are committed side by side.
func (w *Workspace) commit() error {
	var pending []*overlay
	for _, rel := range w.paths() {
		if o := w.files[rel]; o.doc != nil && o.doc.Pending() {
			pending = append(pending, o)
		}
	}
	splices, errs := make([][]edit.Splice, len(pending)), make([]error, len(pending))
	var all sync.WaitGroup
	for i, o := range pending {
		all.Go(func() { splices[i], errs[i] = o.doc.Commit() })
	}
	all.Wait()
	for i, o := range pending {
		if errs[i] == nil {
			o.book(splices[i], w.current)
			o.after = o.doc.Bytes()
		}
	}
	return errors.Join(errs...)
}

// checkpoint is what a Workspace was like before a step.
type checkpoint struct {
	files   map[string]overlay
	actions int
}

func (w *Workspace) checkpoint() checkpoint {
	c := checkpoint{files: make(map[string]overlay, len(w.files)), actions: len(w.actions)}
	for rel, o := range w.files {
		was := *o
		was.marks, was.origin = slices.Clone(o.marks), slices.Clone(o.origin)
		was.secretsAfter, was.secretsBefore = slices.Clone(o.secretsAfter), slices.Clone(o.secretsBefore)
		c.files[rel] = was
	}
	return c
}

// rewind undoes what has been edited since. Documents are parsed again: they hold the edits that did not come to anything.
func (w *Workspace) rewind(c checkpoint) {
	for rel := range w.files {
		was, known := c.files[rel]
		if !known {
			delete(w.files, rel)
			continue
		}
		was.doc = nil
		w.files[rel] = &was
	}
	w.actions = w.actions[:c.actions]
}

// edited reports whether a step has changed the file.
func (w *Workspace) edited(rel string) bool {
	o, ok := w.files[rel]
	return ok && !bytes.Equal(o.before, o.after)
}

func (w *Workspace) paths() []string {
	paths := make([]string, 0, len(w.files))
	for p := range w.files {
		paths = append(paths, p)
	}
	sort.Strings(paths)
	return paths
}

// The order in which files are swapped, where it matters: what others name or rest on comes first, what they must have let go of comes last. Within a
// rank it is that of their paths.
const (
	rankCreated = iota - 3
	rankFirst   // the ciphertexts, before an element waits for one
	rankSecond  // secret-conf.properties
	rankOthers
	rankLast
)

// plan returns what the edits come to.
func (w *Workspace) plan() *apply.Plan {
	p := &apply.Plan{Home: w.Install.Home, Actions: w.actions}
	paths := w.paths()
	slices.SortStableFunc(paths, func(a, b string) int { return w.files[a].swapRank() - w.files[b].swapRank() })
	for _, rel := range paths {
		if c, ok := w.files[rel].change(); ok {
			p.Changes = append(p.Changes, c)
		}
	}
	return p
}

func (o *overlay) swapRank() int {
	switch {
	case o.rank != rankOthers:
		return o.rank
	case o.created:
		return rankCreated
	case o.removed:
		return rankLast
	}
	return rankOthers
}

func (o *overlay) change() (apply.Change, bool) {
	c := apply.Change{
		Path: o.path, Op: apply.Modify, Before: o.before, After: o.after, Mode: o.mode, Marks: o.marks,
		SecretsBefore: o.secretsBefore, SecretsAfter: o.secretsAfter, HoldsSecrets: len(o.secretsAfter) > 0,
	}
	switch {
	case o.removed && o.created:
		return c, false
	case o.removed:
		if o.readErr != nil {
			return c, false
		}
		c.Op, c.After = apply.Remove, nil
	case o.created:
		c.Op = apply.Create
	case o.readErr != nil || string(o.before) == string(o.after):
		return c, false
	}
	return c, true
}

// RunAudit returns the results of every step for the install as it is, in order of guideline. A row whose step is not built, or whose
// audit cannot be made, has a result with status unknown: none is left out.
func RunAudit(ctx context.Context, w *Workspace) []Result {
	w.startSearch(ctx)
	defer w.search.Files() // the walk ends with the audit
	w.preload()
	w.openVault(nil)
	var all []Result
	for _, s := range All() {
		if ctx.Err() != nil {
			return all
		}
		all = append(all, auditOne(s, w)...)
	}
	return all
}
