package plain

import (
	"fmt"
	"net"
	"regexp"
	"testing"

	"carbon-setup/internal/directory/ldaptest"
	"carbon-setup/internal/wizard/flow"
	"carbon-setup/internal/wizard/texts"
)

// directoryWalk answers the user store with a directory in which alice is a user, up to the list of the answers.
func directoryWalk(url, password string) []string {
	return []string{
		"7", "3", "4", url, "CN=carbon,CN=Users," + ldaptest.DomainSuffix, password, ldaptest.DomainSuffix,
		"", "", "", "", // users
		"1", "", "", "", "", "", // groups
		"", "alice", "",
	}
}

// TestDirectoryIsTestedFromTheAnswers: an install that keeps its users in the database is asked about a directory, which can be tested before the answers
// are accepted.
func TestDirectoryIsTestedFromTheAnswers(t *testing.T) {
	peer := ldaptest.Serve(t, nil, ldaptest.LDAP(false, ldaptest.NewDomain(3).Answer))
	url := fmt.Sprintf("ldap://localhost:%d", peer.Port)
	out, end := converse(t, openEngine(t, testConfig(t, sampleHome(t))), append(directoryWalk(url, ldaptest.Password), "t", "q")...)
	if end.End != flow.EndLeft {
		t.Errorf("outcome %+v", end)
	}
	says(t, out, texts.PlainEndChecks, fmt.Sprintf("[ok] localhost:%d answers.", peer.Port), "is not encrypted.", `[ok] "alice" is "CN=alice,CN=Users,`, texts.ChecksDone)
	saysNot(t, out, ldaptest.Password, "Not reached")
}

// TestDirectoryThatDoesNotAnswer: what was not tested names itself, and the answers can still be left.
func TestDirectoryThatDoesNotAnswer(t *testing.T) {
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	out, _ := converse(t, openEngine(t, testConfig(t, sampleHome(t))), append(directoryWalk(fmt.Sprintf("ldap://localhost:%d", port), ldaptest.Password), "t", "q")...)
	says(t, out, fmt.Sprintf("[fail] localhost:%d refuses the connection.", port), "[unknown] Not reached: Users. The test ended at the stage TCP connection.", texts.ChecksDone)
	if n := len(regexp.MustCompile(`(?m)^\[ok\]`).FindAllString(out[len(out)-2000:], -1)); n != 1 {
		t.Errorf("%d of the checks are good, want that of the name alone:\n%s", n, out)
	}
}

// TestNothingToTestIsNotOffered: a database that is kept has no directory.
func TestNothingToTestIsNotOffered(t *testing.T) {
	out, _ := converse(t, openEngine(t, testConfig(t, sampleHome(t))), "7", "1", "", "", "q")
	says(t, out, texts.PlainEndPrompt)
	saysNot(t, out, texts.PlainEndChecks)
}
