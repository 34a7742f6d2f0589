package remote

import (
	"context"
	"errors"
	"net"
	"slices"
	"testing"
	"time"
)

func TestOrRealKeepsWhatIsGiven(t *testing.T) {
	now := time.Unix(1000, 0)
	m := Machine{Now: func() time.Time { return now }}.OrReal()
	if !m.Now().Equal(now) {
		t.Errorf("the clock says %s", m.Now())
	}
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	c, err := m.Dial(t.Context(), "tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.Close()
	if addresses, err := m.Addresses(t.Context(), "127.0.0.1"); err != nil || !slices.Equal(addresses, []string{"127.0.0.1"}) {
		t.Errorf("the address is %v, %v", addresses, err)
	}
	if whole := (Machine{}).OrReal(); whole.Now().Before(now) {
		t.Errorf("the real clock says %s", whole.Now())
	}
}

func TestAddresses(t *testing.T) {
	failure := errors.New("no name server")
	known := []string{"192.0.2.2", "192.0.2.1"}
	m := Machine{Lookup: func(_ context.Context, host string) ([]string, error) {
		switch host {
		case "known":
			return known, nil
		case "nothing":
			return nil, nil
		}
		return nil, failure
	}}
	got, err := m.Addresses(t.Context(), "known")
	if err != nil || !slices.Equal(got, known) {
		t.Errorf("known has %v, %v", got, err)
	}
	if got[0] = "changed"; known[0] == "changed" {
		t.Error("the addresses are those of the resolver, not a copy")
	}
	var unknown *net.DNSError
	if _, err := m.Addresses(t.Context(), "nothing"); !errors.As(err, &unknown) || !unknown.IsNotFound || unknown.Name != "nothing" {
		t.Errorf("nothing: %v", err)
	}
	if _, err := m.Addresses(t.Context(), "other"); !errors.Is(err, failure) {
		t.Errorf("other: %v", err)
	}
}
