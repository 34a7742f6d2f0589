package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

// The rules of guideline 4.
const (
	ruleHostName   = "CS-4.1" // HostName is missing or no good
	ruleMgtName    = "CS-4.2" // so is MgtHostName
	rulePrefix     = "CS-4.3" // a listener gives out other addresses
	rulePublicURL  = "CS-4.4" // a public URL has the machine's address or localhost
	ruleHostUnread = "CS-4.5" // a file could not be looked at

	hostFix       = "Set it with the step Host name."
	whyHostName   = "Java guesses the host name, and the guess goes into the addresses of services, links and messages."
	whyMgtName    = "Without it the console is known by the address of the machine, not by the host name, and its certificate does not match."
	whyPrefix     = "Clients read this address from the WSDL of a service. It has to lead to the listener, by a name that its certificate has."
	whyPublicURL  = "Users and clients follow this address. An address of the machine or localhost is wrong for them, and no certificate matches it."
	whyNameUnread = "What it holds was not looked at."
)

func (hostname) Audit(w *Workspace) []Result {
	if _, err := w.XML(carbon.CarbonXML); err != nil {
		return []Result{unreadName(carbon.CarbonXML, missingOr(err))}
	}
	host, management := hostName(w), managementName(w)
	all := []Result{
		auditName(host, ruleHostName, "HostName", "the server guesses its host name", whyHostName, Fail),
		auditName(management, ruleMgtName, "MgtHostName", "the management console uses the address of the machine", whyMgtName, Warn),
	}
	all = append(all, auditPrefixes(w, host.text, management.text)...)
	return append(all, auditURLs(w, names{host.text, management.text})...)
}

func auditName(n named, id, element, without, why string, missing Status) Result {
	r := Result{ID: id, Place: n.place, Why: why, Fix: hostFix}
	if n.text == "" {
		r.Status, r.Severity = missing, Warning
		r.Message = fmt.Sprintf("There is no <%s>: %s.", element, without)
		return r
	}
	switch p := checkHostName(n.text); {
	case p != nil && p.Severity == Error:
		r.Status, r.Severity = Fail, Warning
		r.Message = fmt.Sprintf("<%s> is %s. %s", element, n.text, p.Message)
	case p != nil && p.Severity == Warning:
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("<%s> is %s. %s", element, n.text, p.Message)
	default:
		r.Status, r.Why, r.Fix = OK, "", ""
		r.Message = fmt.Sprintf("<%s> is %s.", element, n.text)
	}
	return r
}

func auditPrefixes(w *Workspace, known ...string) []Result {
	all, err := receivers(w)
	if err != nil {
		return []Result{unreadName(carbon.Axis2XML, missingOr(err))}
	}
	front := readFronted(w)
	var results []Result
	for _, r := range all {
		result := Result{ID: rulePrefix, Place: r.prefix.place, Status: Warn, Severity: Warning, Why: whyPrefix, Fix: hostFix}
		u, isURL := splitURL(r.prefix.text)
		switch {
		case r.prefix.text == "":
			result.Message = fmt.Sprintf("The %s listener has no WSDLEPRPrefix, so WSDLs have the address that the server guesses.", r.scheme)
		case !isURL:
			result.Message = fmt.Sprintf("The WSDLEPRPrefix %s of the %s listener is no URL.", r.prefix.text, r.scheme)
		case u.scheme != r.scheme:
			result.Message = fmt.Sprintf("The WSDLEPRPrefix %s of the %s listener names another scheme.", r.prefix.text, r.scheme)
		case isUnset(u.host):
			result.Message = fmt.Sprintf("The WSDLEPRPrefix of the %s listener is %s, which clients cannot use.", r.scheme, r.prefix.text)
		case r.foreign(front, known...) != "":
			result.Status, result.Severity, result.Why, result.Fix = OK, 0, "", ""
			result.Message = fmt.Sprintf("The WSDLEPRPrefix of the %s listener is %s, a name of its own.", r.scheme, r.prefix.text)
		case !r.leadsHere(u, front):
			result.Message = fmt.Sprintf("The WSDLEPRPrefix of the %s listener is %s, but the listener's port is %d with the offset.", r.scheme, r.prefix.text, r.port+front.offset)
		default:
			result.Status, result.Severity, result.Why, result.Fix = OK, 0, "", ""
			result.Message = fmt.Sprintf("The WSDLEPRPrefix of the %s listener is %s.", r.scheme, r.prefix.text)
		}
		results = append(results, result)
	}
	return results
}

// leadsHere reports whether the port of a prefix is the listener's or the proxy's.
func (r receiver) leadsHere(u urlParts, f fronted) bool {
	port := u.port
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[u.scheme]
	}
	return port == fmt.Sprint(r.port+f.offset) || f.port[r.scheme] != 0 && port == fmt.Sprint(f.port[r.scheme])
}

func auditURLs(w *Workspace, now names) []Result {
	scan := scanURLs(w, now)
	var all []Result
	for _, u := range scan.sites {
		for _, p := range u.urls {
			if !isUnset(p.host) {
				continue
			}
			r := Result{
				ID: rulePublicURL, Status: Warn, Severity: Warning, Place: u.place, Why: whyPublicURL, Fix: hostFix,
				Message: fmt.Sprintf("%s is the host in %s.", p.host, u.site.what),
			}
			if u.frozen {
				r.Fix = "The started server may have stored a copy, so change it in the management console as well as here."
			}
			all = append(all, r)
			break
		}
	}
	if len(all) == 0 && len(scan.sites) > 0 {
		all = append(all, Result{ID: rulePublicURL, Status: OK, Message: fmt.Sprintf("%d public addresses in the files have a host name.", len(scan.sites))})
	}
	for _, u := range scan.unread {
		all = append(all, unreadName(u.File, u.Why))
	}
	return all
}

func unreadName(file, why string) Result {
	return Result{ID: ruleHostUnread, Status: Unknown, Place: carbon.Place{File: file}, Message: file + " " + why + ".", Why: whyNameUnread, Fix: "Make the file readable, or correct it."}
}

// Verify reads every value again.
func (hostname) Verify(w *Workspace, a *answers.Set) []Result {
	if _, err := w.XML(carbon.CarbonXML); err != nil {
		return []Result{notChanged(carbon.CarbonXML, missingOr(err))}
	}
	want := wantedNames(w, a)
	var all []Result
	check := func(id string, at carbon.Place, what, got, wanted string) {
		r := Result{ID: id, Guideline: 4, Status: OK, Place: at, Message: fmt.Sprintf("%s is %s.", what, got)}
		if got != wanted {
			r.Status, r.Severity = Fail, Error
			r.Message = fmt.Sprintf("%s is %q and not %s.", what, got, wanted)
		}
		all = append(all, r)
	}
	host, management := hostName(w), managementName(w)
	check(ruleHostName, host.place, "HostName", host.text, want.host)
	check(ruleMgtName, management.place, "MgtHostName", management.text, want.management)
	listeners, err := receivers(w)
	if err != nil {
		all = append(all, notChanged(carbon.Axis2XML, missingOr(err)))
	}
	front := readFronted(w)
	for _, r := range listeners {
		if wanted := r.wanted(want.host, front); wanted != "" && r.foreign(front, want.host) == "" {
			check(rulePrefix, r.prefix.place, "WSDLEPRPrefix of "+r.scheme, r.prefix.text, wanted)
		}
	}
	scan := scanURLs(w, want)
	good := 0
	for _, u := range scan.sites {
		switch {
		case u.frozen:
		case u.text == u.renamed(want):
			good++
		default:
			check(rulePublicURL, u.place, "The URL for "+u.site.what, u.text, u.renamed(want))
		}
	}
	if good > 0 {
		all = append(all, Result{ID: rulePublicURL, Guideline: 4, Status: OK, Message: fmt.Sprintf("%d public addresses have the host they should have.", good)})
	}
	for _, u := range scan.unread {
		all = append(all, notChanged(u.File, u.Why))
	}
	return all
}

func notChanged(file, why string) Result {
	return Result{ID: ruleHostUnread, Guideline: 4, Status: Warn, Severity: Warning, Place: carbon.Place{File: file}, Message: file + " " + why + " and was not changed."}
}

// Validate judges the names together, and names the files that cannot follow.
func (hostname) Validate(w *Workspace, a *answers.Set) []Problem {
	if _, err := w.XML(carbon.CarbonXML); err != nil {
		return []Problem{{Severity: Warning, Message: carbon.CarbonXML + " " + missingOr(err) + ". Nothing of this guideline is changed.", Fix: "Mend the file and plan again."}}
	}
	want := wantedNames(w, a)
	var all []Problem
	listeners, err := receivers(w)
	if err != nil {
		all = append(all, Problem{Severity: Warning, Message: carbon.Axis2XML + " " + missingOr(err) + ", so WSDLEPRPrefix is not set.", Fix: "Make the file readable, or correct it, and plan again."})
	}
	front := readFronted(w)
	for _, r := range listeners {
		if r.wanted(want.host, front) == "" {
			all = append(all, Problem{
				Severity: Warning, Message: fmt.Sprintf("%s: the %s listener has no usable port with the offset %d, so its WSDLEPRPrefix is not set.", r.prefix.place, r.scheme, front.offset),
				Fix: "Correct the port and plan again.",
			})
		}
	}
	for _, u := range scanURLs(w, want).unread {
		all = append(all, Problem{Severity: Warning, Message: u.String() + ". Addresses in it keep their host.", Fix: "Make the file readable, or correct it, and plan again."})
	}
	if now := hostName(w).text; w.Install.Started.Yes && !strings.EqualFold(now, want.host) {
		all = append(all, Problem{
			Severity: Warning, Key: keyHostName,
			Message: fmt.Sprintf("This server has been started before (%s). What it has stored with its present name keeps that name.", w.Install.Started.Evidence),
			Fix:     "See the list in the review, and change those places in the management console.",
		})
	}
	return all
}
