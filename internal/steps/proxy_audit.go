package steps

import (
	"fmt"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
)

func (proxy) Audit(w *Workspace) []Result { return []Result{auditReverse(w), auditForward(w)} }

// auditReverse is CS-12.1. No proxyPort is no fault: whether a proxy stands in front cannot be seen from the files.
func auditReverse(w *Workspace) Result {
	r := Result{ID: "CS-12.1", Status: OK, Place: carbon.Place{File: carbon.CatalinaXML}}
	if _, err := w.XML(carbon.CatalinaXML); err != nil {
		r.Status, r.Message = Unknown, "The connectors could not be read: "+carbon.CatalinaXML+" "+missingOr(err)+"."
		return r
	}
	now := readReverse(w)
	r.Place = now.https.place
	switch {
	case now.http.port != "" && now.https.port != "":
		r.Message = fmt.Sprintf("Clients are told the ports %s (http) and %s (https) of a reverse proxy.", now.http.port, now.https.port)
	case now.any():
		r.Status, r.Severity = Warn, Warning
		r.Message = "One connector has a proxyPort and the other has none."
		r.Why = "Redirects between http and https lead clients past the proxy."
		r.Fix = "Set proxy.reverse.http_port and proxy.reverse.https_port."
	default:
		r.Status = Unknown
		r.Message = "No reverse proxy is set. Whether one stands in front of the server cannot be seen from its files."
	}
	return r
}

// auditForward is CS-12.2: a proxy without the server's own names in the bypass list.
func auditForward(w *Workspace) Result {
	f := readForward(w)
	r := Result{ID: "CS-12.2", Status: OK, Place: f.place}
	if f.host == "" {
		r.Status, r.Place = Unknown, carbon.Place{}
		r.Message = "No proxy is set for outgoing calls. Whether the server needs one cannot be seen from its files."
		return r
	}
	r.Message = fmt.Sprintf("Outgoing calls go through %s:%s.", f.host, f.port)
	var missing []string
	for _, own := range ownHosts(w, answers.NewSet(nil)) {
		if !bypasses(f.bypass, own) {
			missing = append(missing, own)
		}
	}
	if len(missing) > 0 {
		r.Status, r.Severity = Warn, Warning
		r.Message = fmt.Sprintf("Outgoing calls go through %s:%s, calls to %s as well.", f.host, f.port, strings.Join(missing, ", "))
		r.Why = "The server calls its own admin services by these names; through the proxy they fail."
		r.Fix = "Set proxy.forward; these names are added to its bypass list."
	}
	return r
}

// bypasses reports whether a list as java.net reads it (| between, * as wildcard at an end) has the host.
func bypasses(list, host string) bool {
	for _, p := range strings.Split(list, "|") {
		p = strings.ToLower(strings.TrimSpace(p))
		h := strings.ToLower(host)
		switch {
		case p == h, p == "*":
			return true
		case strings.HasPrefix(p, "*") && strings.HasSuffix(h, p[1:]), strings.HasSuffix(p, "*") && p != "" && strings.HasPrefix(h, p[:len(p)-1]):
			return true
		}
	}
	return false
}

func (proxy) Verify(w *Workspace, a *answers.Set) []Result {
	var all []Result
	if yes, ok := wantsReverse(a); ok {
		now := readReverse(w)
		want, name := [2]string{}, ""
		if yes {
			want, name = [2]string{a.Text(keyReverseHTTP), a.Text(keyReverseHTTPS)}, reverseName(a)
		}
		r := Result{ID: "CS-12.1", Guideline: 12, Status: OK, Place: now.https.place, Message: "The connectors tell clients the ports and the name that the answers have."}
		if now.http.port != want[0] || now.https.port != want[1] || now.http.name != name || now.https.name != name {
			r.Status, r.Message = Fail, "The connectors do not tell clients the ports and the name that the answers have."
		}
		all = append(all, r)
	}
	if yes, ok := wantsForward(a); ok {
		now := readForward(w)
		want := ""
		if yes {
			want = forwardHost(a)
		}
		r := Result{ID: "CS-12.2", Guideline: 12, Status: OK, Place: now.place, Message: "Outgoing calls go where the answers want them."}
		if now.host != want || yes && (now.port != a.Text(keyForwardPort) || now.bypass != bypassList(w, a)) {
			r.Status, r.Message = Fail, "Outgoing calls do not go where the answers want them."
		}
		all = append(all, r)
	}
	return all
}
