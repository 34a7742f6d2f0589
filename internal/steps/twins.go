package steps

import (
	"fmt"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// onceInCarbonXML are the elements of carbon.xml that steps set.
var onceInCarbonXML = []string{
	"HostName", "MgtHostName", "Ports/Offset", "Ports/JMX/RMIRegistryPort", "Ports/JMX/RMIServerPort",
	"Security/KeyStore/Location", "Security/KeyStore/Type", "Security/KeyStore/Password", "Security/KeyStore/KeyAlias", "Security/KeyStore/KeyPassword",
	"Security/RegistryKeyStore/Location", "Security/RegistryKeyStore/Type", "Security/RegistryKeyStore/Password", "Security/RegistryKeyStore/KeyAlias", "Security/RegistryKeyStore/KeyPassword",
	"Security/TrustStore/Location", "Security/TrustStore/Type", "Security/TrustStore/Password",
}

// twins warns of elements of carbon.xml that stand there twice and of which the first is changed. ServerConfiguration reads the first one only, so a
// plan leaves the other as it is; who reads the file may take it for the value in force.
func twins(w *Workspace) []Problem {
	if !w.edited(carbon.CarbonXML) {
		return nil
	}
	before, err := edit.ParseXML(carbon.CarbonXML, w.overlay(carbon.CarbonXML).before)
	if err != nil {
		return nil // a file that cannot be read is not edited
	}
	after, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return nil
	}
	var all []Problem
	for _, name := range onceInCarbonXML {
		was, is := before.Find("/Server/"+name), after.Find("/Server/"+name)
		if len(was) < 2 || len(is) == 0 || was[0].Text() == is[0].Text() {
			continue
		}
		all = append(all, Problem{
			Severity: Warning,
			Message: fmt.Sprintf("%s:%d: <%s> stands in line %d as well. Carbon reads the first one, which is changed; the other stays as it is and has no effect.",
				carbon.CarbonXML, was[0].Line(), was[0].Name(), was[1].Line()),
			Fix: "Take the second one out by hand, so that nobody takes it for the value in force.",
		})
	}
	return all
}
