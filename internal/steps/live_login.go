package steps

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/live"
)

const (
	ruleLiveDefault = "live.login.default"
	ruleLiveWords   = "live.login.words"
	ruleLiveLogin   = "live.login.new"
)

// knownWord is a password that everybody can guess.
type knownWord struct {
	word  string
	what  string // follows "with"
	vault bool   // a vault that did not open leaves it
}

// knownWords: a vault that does not open leaves the name of the alias as the password; a wrong alias in user-mgt.xml, the text that stands in the element. The first start
// writes them into the user store, and correcting the file later does not help.
var knownWords = []knownWord{
	{word: defaultUser, what: "the password that the product is delivered with"},
	{word: "password", what: "the text that stands in user-mgt.xml in place of a password", vault: true},
	{word: vaultAdminAlias, what: "the name of the vault's alias instead of a password", vault: true},
}

// vaultAdminAlias is the alias that Carbon asks for the administrator's password; the name is fixed in its code.
const vaultAdminAlias = "UserManager.AdminUser.Password"

// identityPolicies are the files of the products that lock accounts after failed log-ins.
var identityPolicies = []string{"repository/conf/security/identity-mgt.properties", "repository/conf/identity/identity-mgt.properties"}

// liveLogins tries to log in.
type liveLogins struct {
	*liveServer
	users   []string // to try the known words for: the administrator of user-mgt.xml, and admin
	place   carbon.Place
	most    int    // attempts for one account
	because string // why no more, a sentence
	fresh   live.Login
	context string
	log     string // path of the server's log

	account live.Account
	tried   int
	perUser map[string]int
	stopped string // why nothing more is tried, a sentence
}

func newLiveLogins(w *Workspace, a *answers.Set, l *liveServer) *liveLogins {
	s := &liveLogins{liveServer: l, fresh: liveAccount(w, a, l.options), perUser: map[string]int{}, context: "/", place: carbon.Place{File: carbon.UserMgtXML}}
	scan := scanAdmin(w)
	if now := scan.account(); now.user != "" {
		s.users, s.place = append(s.users, now.user), scan.admin().place()
	}
	if !slices.ContainsFunc(s.users, func(u string) bool { return strings.EqualFold(storeName(u), defaultUser) }) {
		s.users = append(s.users, defaultUser)
	}
	s.most, s.because = attemptsAllowed(w)
	if doc, err := w.XML(carbon.CarbonXML); err == nil {
		if root := leafText(doc, "/Server/WebContextRoot"); strings.HasPrefix(root, "/") {
			s.context = root
		}
	}
	s.log = filepath.Join(w.Install.Home, filepath.FromSlash(carbon.CarbonLog))
	return s
}

// attemptsAllowed is how many failed log-ins an account is sure to bear, and why they are limited.
func attemptsAllowed(w *Workspace) (most int, because string) {
	most = len(knownWords)
	for _, rel := range identityPolicies {
		if !w.Has(rel) {
			continue
		}
		doc, err := w.Properties(rel)
		if err != nil {
			return 1, rel + " cannot be read, so how many failed log-ins lock an account is not known."
		}
		value := func(key string) string {
			e, _ := doc.Get("Authentication.Policy." + key)
			return strings.TrimSpace(e.Value)
		}
		if !strings.EqualFold(value("Enable"), "true") || strings.EqualFold(value("Account.Lock.On.Failure"), "false") {
			continue
		}
		limit, err := strconv.Atoi(value("Account.Lock.On.Failure.Max.Attempts"))
		if err != nil {
			limit = 1
		}
		if limit-1 < most {
			most, because = max(limit-1, 0), fmt.Sprintf("The server locks an account after %d failed log-ins (%s).", limit, rel)
		}
	}
	if store := readStore(w); store.isDirectory() && !store.embedded() && most > 1 {
		most, because = 1, "The users are in a directory, and after how many failed log-ins that locks an account is not known."
	}
	return most, because
}

// check tries the words that everybody can guess, and then, which sets the counts of failures back, the account that has to be let in.
func (s *liveLogins) check(ctx context.Context) []Result {
	if why := s.prepare(); why != "" {
		all := []Result{{ID: ruleLiveDefault, Guideline: 1, Status: Unknown, Place: s.place, Message: "No log-in was tried. " + why}}
		if s.fresh.User != "" {
			all = append(all, s.notTried(why))
		}
		return all
	}
	all := s.tryWords(ctx)
	if s.fresh.User != "" {
		all = append(all, s.tryFresh(ctx))
	}
	return all
}

// prepare sets up where to log in, or says why that is not possible.
func (s *liveLogins) prepare() (why string) {
	t := s.management
	switch {
	case t == nil:
		return carbon.CatalinaXML + " has no HTTPS connector that could be asked."
	case t.served == nil:
		return fmt.Sprintf("Port %s has not shown a certificate.", t.port)
	}
	endpoint, why := s.endpoint(t.port, t.name())
	if why != "" {
		return why
	}
	s.account = live.Account{Endpoint: endpoint, Context: s.context}
	if t.verified {
		s.account.Trust = live.Trust{Roots: s.roots, Leaf: t.leaf.Raw, Now: s.now}
	}
	return ""
}

// tryWords tries the known words for every account, as often as the account bears.
func (s *liveLogins) tryWords(ctx context.Context) []Result {
	var all []Result
	refused, left := map[bool]int{}, 0
	for _, user := range s.users {
		in := false // an account has one password
		for _, word := range knownWords {
			if in {
				break
			}
			if s.stopped != "" || s.perUser[user] >= s.most {
				left++
				continue
			}
			switch s.attempt(ctx, user, word) {
			case live.Refused:
				refused[word.vault]++
			case live.Accepted:
				in = true
				all = append(all, s.accepted(user, word))
			case live.Locked:
			default:
				left++
			}
		}
	}
	return append(all, s.summary(refused, left)...)
}

// attempt tries one account with one word; 0 = it could not be tried, and stopped says why.
func (s *liveLogins) attempt(ctx context.Context, user string, word knownWord) live.Verdict {
	size := s.logSize()
	verdict, err := s.account.TryKnown(ctx, live.Login{User: user, Password: known(word.word)})
	if err != nil {
		s.stopped = s.whyNot(err)
		return 0
	}
	s.tried++
	s.perUser[user]++
	if verdict == live.Refused {
		verdict = s.secondThought(verdict, user, size)
	}
	if verdict == live.Locked {
		s.stopped = fmt.Sprintf("The server says that the account %s is locked; nothing more was tried.", user)
	}
	return verdict
}

// whyNot tells why a log-in has no answer.
func (s *liveLogins) whyNot(err error) string {
	var told *live.Error
	if !errors.As(err, &told) {
		return portTitle(s.management.port) + " could not be asked."
	}
	text := fmt.Sprintf("%s %s.", portTitle(s.management.port), told.What)
	if told.Kind == live.NoService || told.Kind == live.Fault {
		text += " Admin services may be switched off or in front of a filter here; " + carbon.CarbonLog + " may say more."
	}
	return text
}

func (s *liveLogins) logSize() int64 {
	if info, err := os.Stat(s.log); err == nil {
		return info.Size()
	}
	return -1
}

// authFailure begins what AuthenticationAdmin logs when it could not ask its user store, or that refuses to say: it answers false then, too.
var authFailure = []byte("System error while Authenticating/Authorizing User")

// secondThought reads what the server has logged during a refusal: it answers false as well when an account is locked, or its user store fails.
func (s *liveLogins) secondThought(verdict live.Verdict, user string, size int64) live.Verdict {
	const most = 64 << 10
	f, err := os.Open(s.log)
	if err != nil || size < 0 {
		return verdict
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.NewSectionReader(f, size, most))
	if err != nil {
		return verdict
	}
	i := bytes.Index(data, authFailure)
	if i < 0 {
		return verdict
	}
	line, _, _ := bytes.Cut(data[i:], []byte("\n"))
	line = bytes.ToLower(line)
	if bytes.Contains(line, []byte("locked")) || bytes.Contains(line, []byte("17003")) {
		return live.Locked
	}
	s.stopped = fmt.Sprintf("The server refused %s, but its log says that it could not ask its user store (System error while Authenticating), so that proves nothing.", user)
	return 0
}

func (s *liveLogins) accepted(user string, word knownWord) Result {
	r := Result{
		ID: ruleLiveDefault, Guideline: 1, Status: Fail, Severity: Error, Place: s.place, Message: fmt.Sprintf("The server lets %s in with %s.", user, word.what),
		Why: "Everybody knows it, and programs that search the network for such servers try it first.",
		Fix: "Change the password in the user store (guideline 1; in the management console for users in H2 or a directory), and delete or disable the account if it is the former administrator.",
	}
	if word.vault {
		r.ID, r.Guideline = ruleLiveWords, 10
		r.Why = "The vault did not open when the server created the account, and whoever knows Carbon can guess what stands there instead."
		r.Fix = "Mend the vault (guideline 10), then change the password of the account: the first start has written it into the user store, where correcting the file does not help."
	}
	return r
}

// summary tells what was refused and what was not tried.
func (s *liveLogins) summary(refused map[bool]int, left int) []Result {
	var all []Result
	users := strings.Join(s.users, " and ")
	if n := refused[false]; n > 0 {
		all = append(all, Result{
			ID: ruleLiveDefault, Guideline: 1, Status: OK, Place: s.place,
			Message: fmt.Sprintf("The password that the product is delivered with is refused (%s for %s).", counted(n, "log-in"), users),
		})
	}
	if n := refused[true]; n > 0 {
		all = append(all, Result{
			ID: ruleLiveWords, Guideline: 10, Status: OK, Place: s.place,
			Message: fmt.Sprintf("What a broken vault leaves as a password is refused (%s for %s).", counted(n, "log-in"), users),
		})
	}
	if left > 0 || s.stopped != "" {
		r := Result{ID: ruleLiveWords, Guideline: 1, Status: Unknown, Place: s.place, Message: "No further log-in was tried."}
		if left > 0 {
			r.Message = fmt.Sprintf("%s with passwords that everybody can guess %s not tried.", counted(left, "log-in"), wereOf(left))
		}
		why := s.stopped
		if why == "" {
			why = s.because
		}
		r.Message += " " + why
		all = append(all, r)
	}
	if s.tried > 0 {
		all = append(all, Result{
			ID: "live.login.attempts", Guideline: 1, Status: OK,
			Message: fmt.Sprintf("%s with passwords that everybody can guess %s tried, no more than %d for an account; they stand in %s and the audit log of the server.", counted(s.tried, "log-in"), wereOf(s.tried), s.mostTried(), carbon.CarbonLog),
		})
	}
	return all
}

func (s *liveLogins) mostTried() int {
	most := 0
	for _, n := range s.perUser {
		most = max(most, n)
	}
	return most
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

func wereOf(n int) string {
	if n == 1 {
		return "was"
	}
	return "were"
}

func (s *liveLogins) notTried(why string) Result {
	return Result{
		ID: ruleLiveLogin, Guideline: 1, Status: Unknown, Place: s.place,
		Message: fmt.Sprintf("The log-in of %s was not tried. %s", s.fresh.User, why),
	}
}

// tryFresh tries the account that has to be let in. Its password goes to the verified server only.
func (s *liveLogins) tryFresh(ctx context.Context) Result {
	if s.stopped != "" {
		return s.notTried(s.stopped)
	}
	size := s.logSize()
	verdict, err := s.account.Try(ctx, s.fresh)
	switch {
	case errors.Is(err, live.ErrUnverified):
		r := s.notTried(fmt.Sprintf("Port %s could not be verified, and a password is not sent to a server that is not.", s.management.port))
		r.Fix = "See what is told of its certificate: it has to be the configured one, valid, for the configured host name, and verified by the truststore."
		return r
	case err != nil:
		return s.notTried(s.whyNot(err))
	}
	if verdict == live.Refused {
		verdict = s.secondThought(verdict, s.fresh.User, size)
	}
	r := Result{ID: ruleLiveLogin, Guideline: 1, Place: s.place, Status: Fail, Severity: Error}
	switch verdict {
	case live.Accepted:
		r.Status, r.Severity = OK, 0
		r.Message = fmt.Sprintf("The server lets %s in with the password given, over verified TLS.", s.fresh.User)
	case live.Locked:
		r.Message = fmt.Sprintf("The server says that the account %s is locked.", s.fresh.User)
		r.Fix = "Unlock it in the user store."
	case live.Refused:
		r.Message = fmt.Sprintf("The server refuses %s with the password given.", s.fresh.User)
		r.Why = "A server that was started before keeps the password that is in its user store, whatever the files say; a password that PasswordJavaRegEx does not allow never works; a vault that did not open has put other words in its place."
		r.Fix = "See what carbon-setup audit says of guidelines 1 and 10, and change the password in the user store."
	default:
		return s.notTried(s.stopped)
	}
	return r
}
