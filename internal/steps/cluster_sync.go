package steps

import (
	"fmt"
	"net/url"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// syncElement is what CarbonRepositoryUtils and SVNBasedArtifactRepository read, by way of ServerConfiguration: the first of its kind counts, and the
// secure vault can hold the password.
const syncElement = "DeploymentSynchronizer"

// syncState is the deployment synchronizer of carbon.xml.
type syncState struct {
	doc     *edit.XML
	element *edit.Element // nil = there is none
	place   carbon.Place
	on      bool
	sealed  string // the alias of the password, when the vault has it and is not open
}

func readSync(w *Workspace) syncState {
	s := syncState{place: carbon.Place{File: carbon.CarbonXML}}
	doc, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return s
	}
	s.doc, s.element = doc, doc.First("/Server/"+syncElement)
	if s.element == nil {
		return s
	}
	s.place.Line = s.element.Line()
	if e := s.element.First("Enabled"); e != nil {
		s.on, s.place.Line = isTrue(e.Text()), e.Line()
	}
	if e := s.element.First("SvnPassword"); e != nil {
		s.sealed = w.sealed(e)
	}
	return s
}

func isTrue(text string) bool { return strings.EqualFold(text, "true") }

func (s syncState) value(name string) clusterValue {
	v := clusterValue{place: s.place}
	if s.element == nil {
		return v
	}
	if e := s.element.First(name); e != nil {
		return clusterValue{e.Text(), placeAt(carbon.CarbonXML, e.Line()), e}
	}
	return v
}

func (s syncState) secretShown() clusterValue {
	v := s.value("SvnPassword")
	if v.text != "" {
		v.text = "[secret]"
	}
	return v
}

// kind is the repository: without an element it is the registry (CarbonRepositoryUtils).
func (s syncState) kind() string { return orText(s.value("RepositoryType").text, syncRegistry) }

// commits reports that this node writes to the repository.
func (s syncState) commits() bool { return s.on && isTrue(s.value("AutoCommit").text) }

// wantsSync says whether the answers want the synchronizer on, off, or say nothing of it. Without a cluster there is nothing to share.
func wantsSync(a *answers.Set) (yes, ok bool) {
	if on, asked := wantsCluster(a); !asked || !on {
		return false, false
	}
	if yes, ok = a.Bool(keySync); ok {
		return yes, true
	}
	for _, key := range []string{keySyncURL, keySyncUser, keySyncPassword, keySyncAppend} {
		if _, given := a.Lookup(key); given {
			return true, true
		}
	}
	return false, false
}

// wantedSync are the children as the answers want them, in the order of the shipped example. A node without a role only checks out.
func wantedSync(a *answers.Set, now syncState) []edit.New {
	leaf := func(name, text string) edit.New { return edit.New{Name: name, Text: text} }
	all := []edit.New{
		leaf("Enabled", "true"), leaf("AutoCommit", strconv.FormatBool(commitsBy(a, now))), leaf("AutoCheckout", "true"), leaf("RepositoryType", syncSVN),
	}
	if text := a.Text(keySyncURL); text != "" {
		all = append(all, leaf("SvnUrl", text))
	}
	if text := a.Text(keySyncUser); text != "" {
		all = append(all, leaf("SvnUser", text))
	}
	if s := a.Secret(keySyncPassword); s.IsSet() && now.sealed == "" {
		all = append(all, edit.New{Name: "SvnPassword", Text: s.Reveal(), Secret: true})
	}
	if yes, ok := a.Bool(keySyncAppend); ok {
		return append(all, leaf("SvnUrlAppendTenantId", strconv.FormatBool(yes)))
	}
	if now.value("SvnUrlAppendTenantId").element == nil {
		all = append(all, leaf("SvnUrlAppendTenantId", "true"))
	}
	return all
}

// commitsBy: the role decides, or else what stands there.
func commitsBy(a *answers.Set, now syncState) bool {
	if role := a.Text(keyRole); role != "" {
		return role == roleManager
	}
	return now.commits()
}

func planSync(w *Workspace, a *answers.Set) error {
	yes, ok := wantsSync(a)
	now := readSync(w)
	if !ok || now.doc == nil {
		return nil
	}
	because := edit.Because("artifacts of the cluster come from one repository")
	switch {
	case !yes && !now.on:
		return nil
	case !yes:
		return now.doc.SetChild(now.element, edit.New{Name: "Enabled", Text: "false"}, nil, edit.Because("artifacts get to the nodes another way"))
	case now.element == nil:
		return now.doc.Insert(placeOfSync(now.doc.Root()), edit.New{Name: syncElement, Children: wantedSync(a, now)}, because)
	}
	var after []string
	for _, child := range wantedSync(a, now) {
		opts := []edit.Opt{because}
		if child.Secret {
			opts = append(opts, edit.Secret())
		}
		if err := now.doc.SetChild(now.element, child, after, opts...); err != nil {
			return err
		}
		after = append(after, child.Name)
	}
	return nil
}

// placeOfSync is behind the examples of the product, which stay.
func placeOfSync(root *edit.Element) edit.Place {
	if examples := root.CommentedOut(syncElement); len(examples) > 0 {
		return edit.AfterComment(examples[len(examples)-1])
	}
	return edit.LastIn(root)
}

// checkSyncURL refuses what Subversion cannot use, and a password where everybody sees it.
func checkSyncURL(text string) *Problem {
	if p := checkClusterText(text); p != nil || text == "" {
		return p
	}
	u, err := url.Parse(text)
	switch {
	case err != nil || u.Host == "" && u.Scheme != "file":
		return &Problem{Severity: Error, Message: fmt.Sprintf("%q is no URL of a Subversion repository.", text), Fix: "Give it with its scheme: https://svn.example.com/carbon/."}
	case u.User != nil:
		return &Problem{Severity: Error, Message: "The URL has a user in it, which would stand in the file for all to see.", Fix: "Give user and password apart from it, with cluster.sync.user and cluster.sync.password."}
	case u.Scheme != "https" && u.Scheme != "http" && u.Scheme != "svn" && u.Scheme != "svn+ssh" && u.Scheme != "file":
		return &Problem{Severity: Error, Message: fmt.Sprintf("%s is no scheme of Subversion.", u.Scheme), Fix: "Use https, http, svn or svn+ssh."}
	case u.Scheme == "http" || u.Scheme == "svn":
		return &Problem{Severity: Warning, Message: "The password of Subversion goes over the network in clear text.", Fix: "Use https, if the repository has it."}
	}
	return nil
}

func syncProblems(w *Workspace, a *answers.Set) []Problem {
	yes, ok := wantsSync(a)
	if !ok || !yes {
		return nil
	}
	now := readSync(w)
	if now.doc == nil {
		return []Problem{{Severity: Error, Key: keySync, Message: carbon.CarbonXML + " cannot be read, so the deployment synchronizer cannot be set.", Fix: "Mend the file first."}}
	}
	var all []Problem
	if a.Text(keySyncType) == syncRegistry {
		all = append(all, Problem{
			Severity: Error, Key: keySyncType, Message: "Artifacts are not synchronized through the registry: it is slow, and of what two nodes write at once one part is lost.",
			Fix: "Use svn, or leave cluster.sync out and copy artifacts to the nodes another way.",
		})
	}
	for _, key := range []struct{ answer, element string }{{keySyncURL, "SvnUrl"}} {
		if a.Text(key.answer) == "" && (now.value(key.element).text == "" || now.kind() == syncRegistry) {
			all = append(all, Problem{Severity: Error, Key: key.answer, Message: "The deployment synchronizer needs the URL of its repository.", Fix: "Give " + key.answer + "."})
		}
	}
	if a.Secret(keySyncPassword).IsSet() && now.sealed != "" {
		all = append(all, Problem{
			Severity: Warning, Key: keySyncPassword, Message: "The password of Subversion is in the secure vault, which is not open, and stays as it is.",
			Fix: "Give the password of the vault as well if it has to change.",
		})
	}
	if _, given := a.Lookup(keyRole); !given {
		all = append(all, Problem{
			Severity: Note, Key: keyRole, Message: fmt.Sprintf("Without a role, whether this node commits artifacts stays as it is: %t.", now.commits()),
			Fix: "Give cluster.role: one node is the manager, all others are workers.",
		})
	}
	return all
}

// auditSync is CS-13.8.
func auditSync(w *Workspace, inCluster bool) []Result {
	now := readSync(w)
	r := Result{ID: ruleSync, Status: OK, Place: now.place, Fix: fixCluster}
	switch {
	case now.doc == nil:
		r.Status, r.Message = Unknown, "Whether artifacts are synchronized cannot be told: carbon.xml cannot be read."
	case !now.on && !inCluster:
		return nil
	case !now.on:
		r.Message = "The deployment synchronizer is off: deployed artifacts have to get to every node another way."
	case now.kind() != syncSVN:
		r.Status, r.Severity = Fail, Error
		r.Message = "The deployment synchronizer keeps artifacts in the registry."
		r.Why = "That is slow, and of what two nodes write at once one part is lost."
		r.Fix = "Set cluster.sync to a Subversion repository, or switch it off."
	case now.value("SvnUrl").text == "":
		r.Status, r.Severity, r.Message, r.Why = Fail, Error, "The deployment synchronizer has no URL of a repository.", "No artifact gets to this node."
	case !isTrue(now.value("AutoCheckout").text):
		r.Status, r.Severity, r.Message = Warn, Warning, "The deployment synchronizer does not check out: AutoCheckout is not true."
		r.Why = "What other nodes have deployed does not get here."
	case now.commits():
		r.Message = "This node commits artifacts to the shared repository. It has to be the only one that does."
	default:
		r.Message = "This node takes its artifacts from the shared repository and does not commit."
	}
	return []Result{r}
}
