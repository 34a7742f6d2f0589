package database

import (
	"errors"
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

// FuzzParseURL: whatever is read is written, and read again as the same; what is not read is a *URLError.
func FuzzParseURL(f *testing.F) {
	for _, tt := range golden {
		f.Add(tt.url)
	}
	for _, url := range []string{
		"jdbc:mysql://u:p@[::1]:1,address=(host=a)(port=2)/d?x=%41+b", "jdbc:sqlserver://;serverName=a\\b;c={d;}}};e=", "jdbc:jtds:sqlserver://a;B=c;tds=8.0",
		"jdbc:oracle:thin:a/b@tcps://[::1]:1/c?d=e", "jdbc:postgresql:a%20b?ssl", "jdbc:mariadb:aurora://(host=a,port=1)/b?c=%zz", "jdbc:h2:mem:a;b=c",
	} {
		f.Add(url)
	}
	f.Fuzz(func(t *testing.T, url string) {
		target, err := ParseURL(url)
		if err != nil {
			var told *URLError
			if !errors.As(err, &told) || told.Kind == 0 || told.What == "" || told.Fix == "" {
				t.Fatalf("%#v", err)
			}
			return
		}
		roundTrip(t, target)
	})
}

// FuzzURL: of every target without a Bad fault ParseURL reads the URL back.
func FuzzURL(f *testing.F) {
	for _, tt := range golden {
		g := tt.target
		name, value := "", ""
		for name, value = range g.Parameters {
			break
		}
		f.Add(string(g.Kind), g.Host, g.Port, g.HostList, g.Mode, g.Database, g.Service, g.SID, g.Descriptor, g.Instance, g.JTDS, name, value)
	}
	f.Fuzz(func(t *testing.T, kind, host string, port int, list, mode, database, service, sid, descriptor, instance string, jtds bool, name, value string) {
		target := Target{
			Kind: Kind(kind), Host: host, Port: port, HostList: list, Mode: mode, Database: database, Service: service, SID: sid, Descriptor: descriptor,
			Instance: instance, JTDS: jtds,
		}
		if name != "" {
			target.Parameters = map[string]string{name: value}
		}
		roundTrip(t, target)
	})
}

func roundTrip(t *testing.T, target Target) {
	t.Helper()
	bad := false
	for _, f := range target.Faults() {
		if f.What == "" || f.Field == "" || f.Severity < Note || f.Severity > Bad {
			t.Fatalf("%+v", f)
		}
	}
	for _, f := range target.shapeFaults() {
		bad = bad || f.Severity == Bad
	}
	url, err := target.URL()
	if (err != nil) != bad {
		t.Fatalf("URL: %v, and a fault that leaves none: %t", err, bad)
	}
	if bad {
		return
	}
	back, err := ParseURL(url)
	want := target.Filled()
	want.Username, want.Password, want.LoginInURL = "", secret.Secret{}, false
	if err != nil || !sameTarget(back, want) {
		t.Fatalf("%s: %v\n got %s\nwant %s", url, err, fields(back), fields(want))
	}
	if strings.ContainsAny(url, "\n\r\x00") {
		t.Fatalf("%q", url)
	}
	if again, err := back.URL(); err != nil || again != url {
		t.Fatalf("%v: written again it is %s, not %s", err, again, url)
	}
}
