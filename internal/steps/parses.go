package steps

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"carbon-setup/internal/carbon"
)

// confPatterns match the files of repository/conf that the server parses at its start.
var confPatterns = []string{"repository/conf/*", "repository/conf/*/*", "repository/conf/*/*/*", "repository/conf/*/*/*/*"}

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

// confFiles are the XML and properties files of repository/conf on the disk; a Workspace looks for them once.
func confFiles(w *Workspace) []string {
	if w.conf != nil {
		return slices.Clone(w.conf)
	}
	files := []string{}
	for _, pattern := range confPatterns {
		for _, suffix := range []string{".xml", ".properties"} {
			files = append(files, w.Install.Glob(pattern+suffix)...)
		}
	}
	w.conf = files
	return slices.Clone(files)
}
