package directory

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"syscall"
	"time"

	"github.com/go-ldap/ldap/v3"

	"carbon-setup/internal/remote"
)

// ask runs one exchange with the server. When ctx ends the connection is cut, and ask returns at once.
func (t *Tester) ask(ctx context.Context, exchange func(*ldap.Conn) error) (err error) {
	stop := context.AfterFunc(ctx, t.guard.cut)
	defer stop()
	defer func() {
		if recover() != nil { // the library decodes what came in this goroutine
			err = t.guard.fail(remote.ErrUnintelligible, nil)
		}
	}()
	return exchange(t.conn)
}

// search is one search as Carbon's Java makes it: in the whole subtree, aliases followed, and with ManageDsaIT unless Referral says something.
func (t *Tester) search(ctx context.Context, base, filter string, limit int, attributes ...string) (*ldap.SearchResult, error) {
	return t.searchScope(ctx, base, ldap.ScopeWholeSubtree, filter, limit, nil, attributes...)
}

func (t *Tester) searchScope(ctx context.Context, base string, scope int, filter string, limit int, control ldap.Control, attributes ...string) (*ldap.SearchResult, error) {
	var controls []ldap.Control
	if t.store.Referral == "" || t.store.Referral == "ignore" {
		controls = append(controls, ldap.NewControlManageDsaIT(false))
	}
	if control != nil {
		controls = append(controls, control)
	}
	request := ldap.NewSearchRequest(base, scope, ldap.DerefAlways, limit, seconds(ctx), false, filter, attributes, controls)
	request.EnforceSizeLimit = limit > 0
	result := &ldap.SearchResult{}
	err := t.ask(ctx, func(c *ldap.Conn) error {
		got, err := c.Search(request)
		if got != nil {
			result = got
		}
		return err
	})
	return result, err
}

// seconds is the time limit for the server.
func seconds(ctx context.Context) int {
	end, set := ctx.Deadline()
	if !set {
		return 0
	}
	return max(1, int(time.Until(end)/time.Second))
}

// code returns the result code of the server, and whether err is an answer of the server at all.
func code(err error) (uint16, bool) {
	var answer *ldap.Error
	// The library has codes of its own from ErrorNetwork on; servers may use numbers as high, and only they come in a packet.
	if !errors.As(err, &answer) || answer.ResultCode >= ldap.ErrorNetwork && (answer.Packet == nil || answer.ResultCode == ldap.ErrorNetwork) {
		return 0, false
	}
	return answer.ResultCode, true
}

// said returns the server's own words.
func (t *Tester) said(err error) string {
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.Err == nil {
		return ""
	}
	text := words(answer.Err.Error(), t.at.Password.Reveal(), t.o.SamplePassword.Reveal())
	if name := ldap.LDAPResultCodeMap[answer.ResultCode]; name != "" {
		text = strings.TrimSpace(fmt.Sprintf("%s (%d). %s", name, answer.ResultCode, text))
	}
	return text
}

func isReset(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// explain tells why an exchange ended without an answer, or with one that fits no stage better.
func (t *Tester) explain(ctx context.Context, g *guard, err error) *Error {
	e := t.ends[t.use]
	where := shown(e)
	if n, answered := code(err); answered {
		return t.refusal(n, err)
	}
	head, broken := g.failure()
	if broken == nil && malformed(err) {
		broken = remote.ErrUnintelligible
	}
	if broken == nil {
		broken = err
	}
	wrongPort := !e.secure && (e.port == portLDAPS || e.port == portCatalogSecure) || isTLS(head)
	switch {
	case errors.Is(broken, remote.ErrUnintelligible) && !isTLS(head):
		told := &Error{
			Kind: Garbage, What: fmt.Sprintf("%s sends something that is not LDAP.", where), wrapped: err,
			Cause: "Something else listens on this port, or the answer was damaged.", Fix: "Check the host and the port in the URL.",
		}
		if text := strings.TrimSpace(printable(string(head), 40)); text != "" && readable(head) {
			told.Server = text
		}
		return told
	case errors.Is(broken, remote.ErrTooMuch):
		return &Error{
			Kind: TooMuch, What: fmt.Sprintf("%s sends more than any directory does in such a test.", where), wrapped: err,
			Cause: "It ignores the limits that it was asked to keep, or is no directory.", Fix: "Check the host and the port in the URL.",
		}
	case errors.Is(ctx.Err(), context.Canceled):
		return canceled(err)
	case wrongPort:
		return &Error{
			Kind: TLSPort, What: fmt.Sprintf("%s does not answer without TLS.", where), wrapped: err,
			Cause: fmt.Sprintf("Port %d speaks ldaps://, the URL says ldap://.", e.port), Fix: "Write ldaps:// instead of ldap://.",
		}
	case ctx.Err() != nil:
		told := &Error{
			Kind: Silent, What: fmt.Sprintf("%s does not answer in time.", where), wrapped: err,
			Cause: "The directory is overloaded or hangs, or a search takes too long because an attribute of a filter has no index.", Fix: "Ask the administrator of the directory, and test again.",
		}
		if g.Got() == 0 {
			told.Cause = "Something accepts connections on this port and says nothing: a directory that hangs, a load balancer without one, or something else."
		}
		return told
	}
	told := &Error{
		Kind: Closed, What: fmt.Sprintf("%s ended the connection.", where), wrapped: err,
		Cause: "The directory was stopped, allows this machine no connection, or something between them gave up.", Fix: "Ask the administrator of the directory, and test again.",
	}
	if !e.secure && !t.at.StartTLS && g.Got() == 0 {
		told.Cause, told.Fix = "The port speaks ldaps:// perhaps, or the directory allows this machine no connection.", "Check the port: 389 is usual with ldap://, 636 with ldaps://."
	}
	return told
}

// readable reports whether what came is the beginning of a text.
func readable(head []byte) bool {
	return len(head) > 3 && !bytes.ContainsFunc(head[:4], func(r rune) bool { return r < ' ' || r > '~' })
}

// malformed reports whether the library could not make sense of an answer.
func malformed(err error) bool {
	var answer *ldap.Error
	if errors.Is(err, ldap.ErrMalformedPacket) {
		return true
	}
	return errors.As(err, &answer) && answer.ResultCode >= ldap.ErrorNetwork && (answer.ResultCode != ldap.ErrorNetwork || answer.Packet != nil)
}

// isTLS reports whether bytes are the beginning of a TLS record: an alert, or a handshake.
func isTLS(head []byte) bool {
	return len(head) >= 2 && (head[0] == 0x15 || head[0] == 0x16) && head[1] == 3
}

// refusal tells of an answer of the server that fits no stage better.
func (t *Tester) refusal(n uint16, err error) *Error {
	told := &Error{Kind: Refusal, What: "The directory refuses it.", Server: t.said(err), wrapped: err}
	switch n {
	case ldap.LDAPResultInsufficientAccessRights:
		told.Kind, told.What = Denied, fmt.Sprintf("The account %s may not do this.", quote(t.at.BindDN))
		told.Fix = "Have the administrator of the directory give the account the right to search under the search bases."
	case ldap.LDAPResultOperationsError:
		told.Kind, told.What = Denied, "The directory does not let this connection search."
		told.Cause = "Active Directory answers so when nobody is logged in."
	case ldap.LDAPResultConfidentialityRequired, ldap.LDAPResultStrongAuthRequired:
		told.Kind, told.What = EncryptFirst, "The directory wants an encrypted connection for this."
		told.Fix = "Use ldaps:// and its port, usually 636."
	case ldap.LDAPResultReferral:
		told.Kind, told.What = Referred, "The directory does not have these entries, and names "+t.referral(err)+"."
		told.Fix = "Write the server that has them into the URL."
	case ldap.LDAPResultAliasProblem, ldap.LDAPResultAliasDereferencingProblem:
		told.Kind, told.What = AliasBroken, "An alias under the search base leads nowhere, in a circle, or where the account may not look."
		told.Fix = "Have the alias mended, or give a search base without it."
	case ldap.LDAPResultTimeLimitExceeded:
		told.Kind, told.What = TimeLimit, "The directory ended the search because it took too long."
		told.Fix = "Have an index made for the attributes of the filter, or give a narrower search base."
	case ldap.LDAPResultSizeLimitExceeded, ldap.LDAPResultAdminLimitExceeded:
		told.Kind, told.What = SizeLimit, "The directory gives fewer entries than Carbon asks for."
		told.Fix = "Have the limit for the account raised: Carbon 4.2.0 asks for no pages."
	case ldap.LDAPResultInappropriateMatching, ldap.LDAPResultUndefinedAttributeType, ldap.LDAPResultInvalidAttributeSyntax:
		told.Kind, told.What = FilterRefused, "The directory does not understand the filter."
		told.Fix = "Check the names of the attributes in it."
	case ldap.LDAPResultBusy, ldap.LDAPResultUnavailable:
		told.What, told.Fix = "The directory is busy or being stopped.", "Test again later."
	}
	return told
}

const noServer = "another server without saying which"

// referral names the servers in a referral, without following it.
func (t *Tester) referral(err error) string {
	var answer *ldap.Error
	if !errors.As(err, &answer) || answer.Packet == nil || len(answer.Packet.Children) < 2 {
		return noServer
	}
	var urls []string
	for _, c := range answer.Packet.Children[1].Children {
		if c.Tag != 3 || c.ClassType != 0x80 {
			continue
		}
		for _, u := range c.Children {
			if text, isText := u.Value.(string); isText {
				urls = append(urls, text)
			}
		}
	}
	if names := hosts(urls); names != "" {
		return "another server: " + names
	}
	return noServer
}

// hosts lists up to five servers of LDAP URLs.
func hosts(urls []string) string {
	const most = 5
	var names []string
	seen := map[string]bool{}
	for _, u := range urls {
		_, rest, found := strings.Cut(u, "://")
		if !found {
			rest = u
		}
		host, _, _ := strings.Cut(rest, "/")
		if h, p, err := net.SplitHostPort(host); err == nil && (p == "389" || p == "636") {
			host = h
		}
		if host = printable(host, 80); host != "" && !seen[host] {
			seen[host] = true
			names = append(names, host)
		}
	}
	if len(names) > most {
		return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
	}
	return strings.Join(names, ", ")
}
