package steps

import (
	"net/url"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
)

// features is guideline 15: the P2 repository that the feature manager installs from, and what is installed.
type features struct{}

const (
	keyRepository     = "features.repository"
	keyRepositoryName = "features.name"

	// noRepository is the answer that takes the repository out of carbon.xml.
	noRepository = "none"

	featureElement   = "FeatureRepository"
	repositoryURL    = "RepositoryURL"
	repositoryName   = "RepositoryName"
	usualRepoName    = "default repository"
	reasonRepository = "repository that the feature manager offers"
)

func (features) Info() Info {
	return Info{
		ID: "features", Section: "features", Guideline: 15, Title: "Feature management",
		Why: `A feature is a set of OSGi bundles with their configuration. The feature manager of the management console installs it from a P2 repository, which carbon.xml can name, with everything that it needs; jars that were copied by hand miss half of it and are forgotten at the next upgrade.

What comes from a repository runs inside the server, with all its rights. So the repository has to be one that you trust, and the way to it has to be safe: over plain http, whoever sits in between can hand out other code.

Features that are there for trying things out (samples, echo services, tracing tools) do nothing for production but answer requests.`,
	}
}

func (features) Specs() []answers.Spec {
	return []answers.Spec{
		{
			Key: keyRepository, Kind: answers.Text, Label: "P2 repository", Example: "https://example.com/p2",
			Help: "The folder of the repository: https://..., http://..., or file:///... on this machine. none takes the repository out of carbon.xml: then an administrator has to type one.",
		},
		{
			Key: keyRepositoryName, Kind: answers.Text, Label: "Name of the repository", Example: usualRepoName,
			Help: "How the feature manager lists it. Carbon ignores a repository that has no name.",
		},
	}
}

func (features) Applies(w *Workspace) (bool, string) {
	if !w.Has(carbon.CarbonXML) {
		return false, carbon.CarbonXML + " is not there, which names the repository."
	}
	return true, ""
}

// repository is what carbon.xml says of the P2 repository. The feature manager takes it over when its page is opened first (RepositoryUtils
// addDefaultRepository), and only with both a name and a URL.
type repository struct {
	element *edit.Element // nil: carbon.xml names none
	url     string
	name    string
	place   carbon.Place // of the URL, else of the element
}

func readRepository(w *Workspace) (repository, error) {
	x, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return repository{}, err
	}
	r := repository{element: x.First("/Server/" + featureElement)}
	if r.element == nil {
		return r, nil
	}
	r.place = placeAt(carbon.CarbonXML, r.element.Line())
	if e := r.element.First(repositoryURL); e != nil {
		r.url, r.place.Line = e.Text(), e.Line()
	}
	if e := r.element.First(repositoryName); e != nil {
		r.name = e.Text()
	}
	return r, nil
}

// token reports a placeholder of the build that was never filled in, such as ${p2.repo.url}. Carbon has no such property.
func (r repository) token() bool { return strings.Contains(r.url, "${") }

// offered reports whether the feature manager takes the repository over.
func (r repository) offered() bool { return r.url != "" && r.name != "" && !r.token() }

// shownURL is a URL without the password that somebody may have put into it.
func shownURL(text string) string {
	if _, password, ok := edit.SplitUserInfo(text); !ok || password == "" {
		return text
	}
	if u, err := url.Parse(text); err == nil {
		return u.Redacted()
	}
	return "a URL with a password in it"
}

func (s features) Fields(w *Workspace, a *answers.Set) []Field {
	specs := s.Specs()
	where := Field{Spec: specs[0], Default: noRepository, DefaultFrom: "carbon.xml names none", Check: checkRepository}
	name := Field{Spec: specs[1], Default: usualRepoName, DefaultFrom: "the default of the product", Check: checkRepositoryName}
	r, err := readRepository(w)
	switch {
	case err != nil:
	case r.element == nil || r.url == "":
		where.Now = Present{Text: noRepository, Place: r.place, Note: "carbon.xml names none"}
	default:
		where.Now = Present{Text: shownURL(r.url), Place: r.place}
		if p := checkRepository(r.url); p == nil {
			where.Default, where.DefaultFrom = r.url, "the present value"
		} else {
			where.DefaultFrom = "the present value cannot be used"
		}
	}
	if r.name != "" {
		name.Default, name.DefaultFrom, name.Now = r.name, "the present value", Present{Text: r.name, Place: r.place}
	}
	if wanted := a.Text(keyRepository); wanted == noRepository || wanted == "" && where.Default == noRepository {
		return []Field{where}
	}
	return []Field{where, name}
}

func (features) Validate(w *Workspace, a *answers.Set) []Problem {
	wanted := a.Text(keyRepository)
	r, err := readRepository(w)
	if err != nil {
		return nil // Plan says so
	}
	var all []Problem
	switch given := a.Text(keyRepositoryName) != ""; {
	case given && wanted == noRepository:
		all = append(all, Problem{Severity: Error, Key: keyRepositoryName, Message: "A repository that is taken out has no name.", Fix: "Leave " + keyRepositoryName + " out."})
	case given && wanted == "" && r.element == nil:
		all = append(all, Problem{Severity: Error, Key: keyRepositoryName, Message: "carbon.xml names no repository that the name could be for.", Fix: "Give " + keyRepository + " as well."})
	}
	if strings.HasPrefix(strings.ToLower(wanted), "http://") {
		p := Problem{
			Severity: Warning, Key: keyRepository,
			Message: "The repository is reached over plain http, and what is installed from it runs inside the server: whoever sits in between can hand out other code.",
			Fix:     "Use https, or a copy of the repository on this machine (file:///...).",
		}
		if wanted == r.url { // nothing is decided anew; the audit has it as a finding
			p.Severity = Note
		}
		all = append(all, p)
	}
	return all
}

func (features) Plan(w *Workspace, a *answers.Set) error {
	wanted, name := a.Text(keyRepository), a.Text(keyRepositoryName)
	if wanted == "" && name == "" {
		return nil
	}
	x, err := w.XML(carbon.CarbonXML)
	if err != nil {
		return launchError(carbon.CarbonXML, err)
	}
	r, err := readRepository(w)
	if err != nil {
		return err
	}
	because := []edit.Opt{edit.Because(reasonRepository)}
	if shownURL(r.url) != r.url {
		because = append(because, edit.Secret())
	}
	if wanted == noRepository {
		if r.element == nil {
			return nil
		}
		return x.Remove(r.element, because...)
	}
	if name == "" && r.name == "" {
		name = usualRepoName
	}
	if r.element == nil {
		return x.Insert(edit.LastIn(x.Root()), edit.New{Name: featureElement, Children: []edit.New{{Name: repositoryName, Text: name}, {Name: repositoryURL, Text: wanted}}}, because...)
	}
	if wanted != "" && wanted != r.url {
		if err := x.SetChild(r.element, edit.New{Name: repositoryURL, Text: wanted}, []string{repositoryName}, because...); err != nil {
			return err
		}
	}
	if name != "" && name != r.name {
		return x.SetChild(r.element, edit.New{Name: repositoryName, Text: name}, nil, because...)
	}
	return nil
}

func (features) Verify(w *Workspace, a *answers.Set) []Result {
	wanted, name := a.Text(keyRepository), a.Text(keyRepositoryName)
	if wanted == "" && name == "" {
		return nil
	}
	res := Result{ID: "CS-15.1", Guideline: 15, Status: OK, Place: carbon.Place{File: carbon.CarbonXML}}
	r, err := readRepository(w)
	switch {
	case err != nil:
		res.Status, res.Message = Fail, notReadBack(carbon.CarbonXML, err)
		return []Result{res}
	case wanted == noRepository && r.element != nil:
		res.Status, res.Place, res.Message = Fail, r.place, "carbon.xml still names a P2 repository."
		return []Result{res}
	case wanted == noRepository:
		res.Message = "carbon.xml names no P2 repository, as wanted."
		return []Result{res}
	}
	res.Place, res.Message = r.place, "carbon.xml names the P2 repository "+shownURL(r.url)+" ("+r.name+"), as wanted."
	if wanted != "" && r.url != wanted || name != "" && r.name != name || r.name == "" {
		res.Status, res.Message = Fail, "carbon.xml does not name the P2 repository that is wanted."
	}
	return []Result{res}
}

// notChecked says that a file which tells something cannot be read, and why.
func notChecked(file string, err error) string {
	return "Not checked: " + file + " " + whyUnread(err) + "."
}

// notReadBack is the same for a file that was to be looked at after a change.
func notReadBack(file string, err error) string {
	return file + " " + whyUnread(err) + ": it could not be looked at."
}
