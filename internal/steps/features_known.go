package steps

import (
	"path"
	"strings"

	"carbon-setup/internal/carbon"
)

const deploymentDir = "repository/deployment/server"

// knownFeature is something that is there for trying the product out. It is found by the name of a feature or a bundle, or as a deployed file.
type knownFeature struct {
	feature string // folder below repository/components/features without its version
	bundle  string // symbolic name
	file    string // pattern below repository/deployment/server
	what    string // subject of a sentence
	why     string // full sentences
}

// knownFeatures says of each why it is in the list; the names are those of the distributions.
var knownFeatures = []knownFeature{
	{
		feature: "org.wso2.carbon.tryit", bundle: "org.wso2.carbon.tryit", what: "The Try-it tool",
		why: "It is a developer's tool: it lets a browser have requests sent by the server, to addresses that the browser names.",
	},
	{
		feature: "org.wso2.carbon.soaptracer", bundle: "org.wso2.carbon.soaptracer", what: "The SOAP tracer",
		why: "It is a developer's tool: switched on, it keeps whole messages, with the personal data and tokens in them, and shows them in the console.",
	},
	{
		bundle: "org.wso2.carbon.sample.installer", what: "The sample installer",
		why: "Its manifest calls it the Stratos sample installer: it puts samples on the server, which no production server needs.",
	},
	{
		bundle: "synapse-samples", what: "Apache Synapse - Samples",
		why: "Its manifest calls it samples: classes for the examples of the documentation.",
	},
	{
		feature: "org.wso2.carbon.samples", bundle: "org.wso2.carbon.samples", what: "The samples feature",
		why: "Its name says that it holds samples.",
	},
	{
		file: "axis2services/Echo.aar", what: "The service echo",
		why: "It sends back whatever a client sends, over http and https and without a login: good for tests, and for finding out what a server lets through.",
	},
	{
		file: "axis2services/Version.aar", what: "The service Version",
		why: "It tells anyone without a login which version of Carbon runs, and so which faults it has.",
	},
	{file: "axis2services/[sS]ample*.aar", what: "A service that calls itself a sample", why: whySample},
	{file: "webapps/[eE]xample*", what: "A web application that calls itself an example", why: whySample},
	{file: "webapps/[sS]ample*", what: "A web application that calls itself a sample", why: whySample},
	{file: "jaggeryapps/[sS]ample*", what: "A Jaggery application that calls itself a sample", why: whySample},
}

const whySample = "Its name says that it is an example. Examples are written to be understood, not to be safe."

// foundFeature is one of them that the install has.
type foundFeature struct {
	knownFeature
	place carbon.Place
}

// findKnown looks for all of them. names are the folders below features.
func findKnown(w *Workspace, names []string, profiles []profile) []foundFeature {
	var found []foundFeature
	for _, k := range knownFeatures {
		if k.file != "" {
			for _, rel := range w.glob(deploymentDir + "/" + k.file) {
				found = append(found, foundFeature{k, carbon.Place{File: rel}})
			}
			continue
		}
		if place, ok := k.in(names, profiles); ok {
			found = append(found, foundFeature{k, place})
		}
	}
	return found
}

// in returns where the install has the feature or its bundle. The bundle is what runs, so its line counts more.
func (k knownFeature) in(names []string, profiles []profile) (carbon.Place, bool) {
	for _, p := range profiles {
		if b, ok := p.find(k.bundle); ok {
			return placeAt(p.file, b.line), true
		}
	}
	if k.feature == "" {
		return carbon.Place{}, false
	}
	for _, name := range names {
		if id, _ := splitFeature(name); id == k.feature {
			return carbon.Place{File: featuresDir + "/" + name}, true
		}
	}
	return carbon.Place{}, false
}

// splitFeature parts the folder of a feature into its id and its version: org.wso2.carbon.tryit_4.2.1. A version begins with a digit.
func splitFeature(folder string) (id, version string) {
	for i := range folder {
		if folder[i] == '_' && i+1 < len(folder) && folder[i+1] >= '0' && folder[i+1] <= '9' {
			return folder[:i], folder[i+1:]
		}
	}
	return folder, ""
}

// installedFeatures are the folders of the features, without their path.
func installedFeatures(w *Workspace) []string {
	all := w.glob(featuresDir + "/*")
	names := all[:0:0]
	for _, rel := range all {
		names = append(names, path.Base(rel))
	}
	return names
}

// unfinished returns the features whose version says that it was none of the finished ones.
func unfinished(names []string) []string {
	var all []string
	for _, name := range names {
		_, version := splitFeature(name)
		version = strings.ToUpper(version)
		for _, mark := range []string{"ALPHA", "BETA", "SNAPSHOT"} {
			if strings.Contains(version, mark) {
				all = append(all, name)
				break
			}
		}
	}
	return all
}
