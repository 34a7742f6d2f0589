package steps

import (
	"errors"
	"io/fs"
	"strings"

	"carbon-setup/internal/carbon"
	"carbon-setup/internal/edit"
	"carbon-setup/internal/secret"
)

// adminScan is what the sites look like in an install.
type adminScan struct {
	w      *Workspace
	logins []*login
	unread []carbon.Unreadable // files that are there and cannot be read or parsed
	here   func(host string) bool
	ports  map[string]bool
}

// scanAdmin looks at every site. The first login is the one of user-mgt.xml, when that file can be read.
func scanAdmin(w *Workspace) *adminScan {
	s := &adminScan{w: w, here: thisServer(w), ports: ownPorts(w)}
	failed := map[string]bool{}
	for i := range adminSites {
		site := &adminSites[i]
		for _, file := range s.files(site) {
			if failed[file] {
				continue
			}
			if err := s.look(site, file); err != nil && !errors.Is(err, fs.ErrNotExist) {
				failed[file] = true
				s.unread = append(s.unread, carbon.Unreadable{File: file, Why: whyUnread(err)})
			}
		}
	}
	return s
}

// admin returns the login of user-mgt.xml, which decides who the administrator is; nil when there is none.
func (s *adminScan) admin() *login {
	if len(s.logins) > 0 && s.logins[0].site == &adminSites[0] {
		return s.logins[0]
	}
	return nil
}

// account returns the administrator that user-mgt.xml names.
func (s *adminScan) account() account {
	l := s.admin()
	if l == nil {
		return account{}
	}
	a := account{user: l.user.text.Reveal(), pass: l.pass.text}
	if l.vault != "" {
		a.pass = secret.Secret{}
	}
	return a
}

// following returns the logins that are the administrator's, the one of user-mgt.xml first.
func (s *adminScan) following(admin account) []*login {
	var all []*login
	for _, l := range s.logins {
		if l.belongsTo(admin) {
			all = append(all, l)
		}
	}
	return all
}

func (s *adminScan) files(site *adminSite) []string {
	if !strings.Contains(site.file, "*") {
		return []string{site.file}
	}
	return s.w.glob(site.file)
}

func (s *adminScan) look(site *adminSite, file string) error {
	switch site.kind {
	case inXML:
		return s.lookXML(site, file)
	case inProperties:
		return s.lookProperties(site, file)
	case inURL:
		return s.lookURLs(site, file)
	case inBrackets:
		return s.lookBrackets(site, file)
	}
	return nil
}

func (s *adminScan) add(l *login) {
	if l.user.text.IsSet() || l.pass.text.IsSet() {
		s.logins = append(s.logins, l)
	}
}

func (s *adminScan) lookXML(site *adminSite, file string) error {
	doc, err := s.w.XML(file)
	if err != nil {
		return err
	}
	for _, holder := range doc.Find(site.at) {
		l := &login{site: site, file: file, by: site.by, why: site.why}
		l.user = xmlValue(doc, holder, site.user, edit.Because("administrator's user name"))
		l.pass = xmlValue(doc, holder, site.pass, edit.Because("administrator's password"), edit.Secret())
		if e := valueElement(holder, site.pass); e != nil {
			l.vault = s.w.sealed(e)
		}
		if site.judge != nil {
			site.judge(s, holder, l)
		}
		s.add(l)
	}
	return nil
}

func valueElement(holder *edit.Element, path string) *edit.Element {
	if path == "" || strings.HasPrefix(path, "@") {
		return nil
	}
	return holder.First(path)
}

func xmlValue(doc *edit.XML, holder *edit.Element, path string, o ...edit.Opt) value {
	if name, isAttr := strings.CutPrefix(path, "@"); isAttr {
		text, ok := holder.Attr(name)
		if !ok {
			return value{}
		}
		return value{secret.New(text), carbon.Place{File: doc.Name(), Line: holder.AttrLine(name)}, func(to string) error {
			return doc.SetAttr(holder, name, to, "", o...)
		}}
	}
	e := valueElement(holder, path)
	if e == nil {
		return value{}
	}
	return value{secret.New(e.Text()), carbon.Place{File: doc.Name(), Line: e.Line()}, func(to string) error {
		return doc.SetText(e, to, o...)
	}}
}

// secretAlias returns the alias under which the secure vault keeps the text of an element, "" when it does not. The prefix of the attribute is free.
func secretAlias(e *edit.Element) string {
	for _, a := range e.Attrs() {
		if strings.HasSuffix(a.Name, ":secretAlias") {
			return a.Value
		}
	}
	return ""
}

func (s *adminScan) lookProperties(site *adminSite, file string) error {
	doc, err := s.w.Properties(file)
	if err != nil {
		return err
	}
	s.add(&login{
		site: site, file: file, by: site.by, why: site.why,
		user: propertyValue(doc, site.at+site.user, edit.Because("administrator's user name")),
		pass: propertyValue(doc, site.at+site.pass, edit.Because("administrator's password"), edit.Secret()),
	})
	return nil
}

func propertyValue(doc *edit.Properties, key string, o ...edit.Opt) value {
	e, ok := doc.Get(key)
	if !ok {
		return value{}
	}
	return value{secret.New(strings.TrimSpace(e.Value)), carbon.Place{File: doc.Name(), Line: e.Line}, func(to string) error {
		return doc.Set(key, to, "", o...)
	}}
}

// lookURLs finds the connection factories of jndi.properties. Both parts stand in one value and change together.
func (s *adminScan) lookURLs(site *adminSite, file string) error {
	doc, err := s.w.Properties(file)
	if err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, e := range doc.Entries() {
		if !strings.HasPrefix(e.Key, site.at) || seen[e.Key] {
			continue
		}
		seen[e.Key] = true
		inForce, _ := doc.Get(e.Key)
		user, pass, ok := edit.SplitUserInfo(inForce.Value)
		if !ok {
			continue
		}
		place := carbon.Place{File: file, Line: inForce.Line}
		l := &login{site: site, file: file, by: site.by, why: site.why}
		l.user = value{text: secret.New(user), place: place}
		l.pass = value{text: secret.New(pass), place: place}
		l.both = func(user, pass string) error {
			url, err := edit.UserInfo(inForce.Value, user, pass)
			if err != nil {
				return err
			}
			return doc.Set(inForce.Key, url, "", edit.Because("administrator's user name and password"), edit.Secret())
		}
		_, id, _ := strings.Cut(inForce.Value, "@")
		id, _, _ = strings.Cut(id, "/")
		l.oddID = strings.Contains(id, "_")
		s.awayFrom(l, brokerHost(inForce.Value))
		s.add(l)
	}
	return nil
}

// brokerHost returns the host of the first broker of a connection URL: amqp://user:password@id/path?brokerlist='tcp://HOST:5672'.
func brokerHost(url string) string {
	_, list, ok := strings.Cut(url, "brokerlist='")
	if !ok {
		return ""
	}
	u, _ := splitURL(list)
	return u.host
}

// lookBrackets finds an alias that waits for the cipher tool. The tool takes the text up to the first closing bracket.
func (s *adminScan) lookBrackets(site *adminSite, file string) error {
	doc, err := s.w.Properties(file)
	if err != nil {
		return err
	}
	e, ok := doc.Get(site.at)
	if !ok {
		return nil
	}
	text := strings.TrimSpace(e.Value)
	if !strings.HasPrefix(text, "[") || !strings.HasSuffix(text, "]") {
		return nil
	}
	s.add(&login{site: site, file: file, by: site.by, why: site.why, pass: value{
		secret.New(text[1 : len(text)-1]), carbon.Place{File: file, Line: e.Line}, func(to string) error {
			return doc.Set(site.at, "["+to+"]", "", edit.Because("password that the cipher tool would encrypt"), edit.Secret())
		},
	}})
	return nil
}

// whyUnread says why a file cannot be used, to follow its name in a sentence, without a final stop.
func whyUnread(err error) string {
	var bad *edit.Error
	var path *fs.PathError
	switch {
	case errors.Is(err, fs.ErrPermission):
		return "may not be read by this user"
	case errors.As(err, &bad) && strings.HasPrefix(bad.What, "is "):
		return bad.What
	case errors.As(err, &bad):
		return "cannot be used: " + bad.What
	case errors.As(err, &path):
		return "cannot be read: " + path.Err.Error()
	}
	return "cannot be read"
}

func isMissing(err error) bool { return errors.Is(err, fs.ErrNotExist) }
