package steps

import (
	"errors"
	"regexp/syntax"
	"strings"

	"carbon-setup/internal/answers"
	"carbon-setup/internal/carbon"
	"carbon-setup/internal/directory"
)

// wantedUserStore is the primary user store as the answers will have it: that of the install, unless guideline 7 is answered.
func wantedUserStore(w *Workspace, a *answers.Set) userStore {
	s := readUserStore(w)
	if a == nil || !a.HasSection(sectionUserStore) || a.Text(keyUsersType) == "" || w.usersLeft {
		return s
	}
	now, d := readStore(w), wishedStore(w, a)
	if now.err != nil || now.element == nil {
		return s
	}
	s.addAdmin, _ = d.wantsAddAdmin(now)
	stays := now.holds(d)
	if stays && len(d.rules(now)) == 0 {
		return s
	}
	rules := now.properties
	if !stays {
		rules = asMap(d.whole(now))
		s.class, s.readOnly = d.class(), d.isDirectory() && !d.writes()
	} else {
		rules = withProperties(rules, d.rules(now))
	}
	s.place = carbon.Place{File: "user_store of the answers"}
	s.password, s.username = nil, nil
	if !s.directory() {
		s.password, s.username = newStorePattern(rules["PasswordJavaRegEx"]), newStorePattern(rules["UsernameJavaRegEx"])
	}
	return s
}

func asMap(all []directory.Property) map[string]string { return withProperties(nil, all) }

func withProperties(has map[string]string, more []directory.Property) map[string]string {
	all := map[string]string{}
	for name, value := range has {
		all[name] = value
	}
	for _, p := range more {
		all[p.Name] = p.Value
	}
	return all
}

// javaOnly are constructs of java.util.regex that JavaScript does not have or reads otherwise.
var javaOnly = []string{"*+", "++", "?+", "}+", "(?<", "(?>", "(?i", "(?s", "(?m", "(?x", "(?u", "(?d", "(?-", `\p`, `\P`, `\Q`, `\A`, `\z`, `\Z`, `\G`, `\h`, `\R`, `\a`, `\e`, "&&"}

// scriptPattern writes a pattern for Java as one for JavaScript, if both read it alike. Java compares it with the whole text, the pages of the console look
// for it anywhere in the text.
func scriptPattern(java string) (script string, ok bool) {
	for _, c := range javaOnly {
		if strings.Contains(java, c) {
			return "", false
		}
	}
	if strings.HasPrefix(java, "^") && strings.HasSuffix(java, "$") && !strings.HasSuffix(java, `\$`) && !strings.Contains(java, "|") {
		return java, true
	}
	return "^(?:" + java + ")$", true
}

// patternProblem judges a pattern by itself.
func patternProblem(key, text string) *Problem {
	_, err := compileJava(text)
	if err == nil {
		return nil
	}
	var bad *syntax.Error
	if errors.As(err, &bad) {
		switch bad.Code { //nolint:exhaustive // the others may be something else in Java
		case syntax.ErrMissingBracket, syntax.ErrMissingParen, syntax.ErrUnexpectedParen, syntax.ErrTrailingBackslash, syntax.ErrMissingRepeatArgument:
			return &Problem{Severity: Error, Key: key, Message: "This is no regular expression: " + string(bad.Code) + ". Java stops at it whenever a password or a name is judged by it.", Fix: `Write it as ^[\S]{12,60}$.`}
		}
	}
	return &Problem{Severity: Warning, Key: key, Message: "This pattern cannot be tried here; whether Java takes it cannot be told.", Fix: "Try it before the server is started: a pattern that Java refuses stops whoever is judged by it."}
}

// judgeRules judges the patterns of the answers, and what they make of the administrator.
func judgeRules(w *Workspace, a *answers.Set, now *presentStore, d *storeWish) []Problem {
	var all []Problem
	say := func(severity Severity, key, message, fix string) {
		all = append(all, Problem{Severity: severity, Key: key, Message: message, Fix: fix})
	}
	want := wantedAccount(a, scanAdmin(w).account())
	for _, r := range []struct{ key, text, account, what, answer string }{
		{keyUsersUserRegex, d.userRule, strings.TrimPrefix(want.user, "PRIMARY/"), "user name", keyAdminUser},
		{keyUsersPassRegex, d.passRule, want.pass.Reveal(), "password", keyAdminPassword},
	} {
		if r.text == "" {
			continue
		}
		if strings.Contains(r.text, "${") {
			say(Error, r.key, "The rule has ${ in it, which Carbon takes for the start of a system property when it reads user-mgt.xml: it puts another text there, or hangs looking for its end.", "Write the rule without it: a $ has its meaning at the end alone.")
		}
		if p := patternProblem(r.key, r.text); p != nil {
			all = append(all, *p)
		}
		if _, ok := scriptPattern(r.text); !ok {
			say(Warning, r.key, "JavaScript does not read this pattern as Java does: the rule of the console's pages stays as it is, and the server judges by this one.", "Write the rule without what Java alone has, if the pages are to say it, too.")
		}
		if r.account == "" || !newStorePattern(r.text).refuses(r.account) {
			continue
		}
		switch {
		case !d.isDirectory():
			say(Error, r.key, "The administrator's "+r.what+" does not fit this rule. A database is asked by the rule at every login: the administrator could never log in.", "Give one that fits as "+r.answer+", or another rule.")
		case d.writes():
			say(Warning, r.key, "The administrator's "+r.what+" does not fit this rule. It is used when Carbon makes users and sets passwords.", "Give one that fits as "+r.answer+", or another rule.")
		}
	}
	if d.isDirectory() && !d.writes() && d.passRule+d.userRule != "" {
		say(Note, keyUsersPassRegex, "The rules are used when Carbon makes users and sets passwords, which it does not do in a directory that it only reads.", "Set the rules in the directory.")
	}
	if w.Install.Started.Yes && !d.isDirectory() && len(d.rules(now)) > 0 {
		say(Warning, keyUsersPassRegex, "This server has been started before ("+w.Install.Started.Evidence+"). A database is asked by the rule at every login: users whose name or password does not fit the new one can no longer log in.", "Have them change their passwords first, or choose a rule that all of them fit.")
	}
	return all
}
