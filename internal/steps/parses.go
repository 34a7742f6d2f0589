package steps

import (
	"context"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
)

// confDepth is how deep the files of repository/conf lie that the server parses at its start.
const confDepth = 4

// CheckParses reads every XML and properties file of the configuration and reports the ones that no parser takes. The last result counts the good ones.
func CheckParses(ctx context.Context, w *Workspace) []Result {
	var all []Result
	good := 0
	for _, rel := range confFiles(w) {
		if ctx.Err() != nil {
			return all
		}
		var err error
		if strings.HasSuffix(rel, ".xml") {
			_, err = w.XML(rel)
		} else {
			_, err = w.Properties(rel)
		}
		if err == nil {
			good++
			continue
		}
		for _, p := range obstacles(w.Install, err) {
			all = append(all, Result{ID: "verify.parse", Status: Fail, Severity: Error, Place: carbon.Place{File: rel}, Message: p.Message, Fix: p.Fix})
		}
	}
	return append(all, Result{ID: "verify.parse", Status: OK, Message: fmt.Sprintf("%d configuration files can be parsed.", good)})
}

// confFiles are the XML and properties files of repository/conf on the disk, four folders deep, in the order of depth, suffix and path; a Workspace looks
// for them once.
func confFiles(w *Workspace) []string {
	if w.conf != nil {
		return slices.Clone(w.conf)
	}
	files := []string{}
	level := []string{"repository/conf"}
	for range confDepth {
		var below, xml, properties []string
		for _, dir := range level {
			for _, e := range w.Install.List(dir) {
				rel := dir + "/" + e.Name()
				switch path.Ext(rel) {
				case ".xml":
					xml = append(xml, rel)
				case ".properties":
					properties = append(properties, rel)
				}
				if e.IsDir() || e.Type()&fs.ModeSymlink != 0 {
					below = append(below, rel)
				}
			}
		}
		slices.Sort(xml)
		slices.Sort(properties)
		files, level = append(append(files, xml...), properties...), below
	}
	w.conf = files
	return slices.Clone(files)
}
