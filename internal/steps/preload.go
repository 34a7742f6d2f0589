package steps

import (
	"path"
	"runtime"
	"sync"

	"carbon-setup/internal/edit"
)

// preload reads and parses the files of the configuration side by side: an audit looks at each of them, and one after the other the parser would have
// the most of its time. What cannot be read or parsed is told by whoever asks for it.
func (w *Workspace) preload() {
	var fresh []*overlay
	for _, rel := range confFiles(w) {
		if _, known := w.files[rel]; !known {
			o := &overlay{path: rel}
			w.files[rel] = o
			fresh = append(fresh, o)
		}
	}
	next := make(chan *overlay, len(fresh))
	for _, o := range fresh {
		next <- o
	}
	close(next)
	var all sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(fresh)) {
		all.Go(func() {
			for o := range next {
				o.load(w.Install.Read)
				o.parse()
			}
		})
	}
	all.Wait()
}

// load reads the file from the disk.
func (o *overlay) load(read func(rel string) ([]byte, error)) {
	o.before, o.readErr = read(o.path)
	o.after = o.before
	o.origin = []piece{{0, 0, len(o.before)}}
}

// parse makes the document of a file of the configuration.
func (o *overlay) parse() {
	if o.readErr != nil {
		return
	}
	if path.Ext(o.path) == ".xml" {
		if doc, err := edit.ParseXML(o.path, o.after); err != nil {
			o.docErr = err
		} else {
			o.doc = doc
		}
		return
	}
	if doc, err := edit.ParseProperties(o.path, o.after); err != nil {
		o.docErr = err
	} else {
		o.doc = doc
	}
}
