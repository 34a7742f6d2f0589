package keystore

import (
	"crypto/x509/pkix"
	"errors"
	"testing"
	"time"

	"carbon-setup/internal/secret"
)

func TestGlanceNeedsNoPassword(t *testing.T) {
	id, err := SelfSigned(Template{Subject: pkix.Name{CommonName: "esb.example.com"}, Names: []string{"esb.example.com"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)})
	if err != nil {
		t.Fatal(err)
	}
	data, err := Build(id, "esb", secret.New("Store-pw-1"), time.Now())
	if err != nil {
		t.Fatal(err)
	}
	all, err := Glance(File{Name: "esb.jks", Data: data})
	if err != nil || len(all) != 1 || all[0].Alias != "esb" || all[0].Kind != PrivateKey || !all[0].Chain[0].Equal(id.Leaf()) {
		t.Errorf("%+v %v", all, err)
	}
	var told *Error
	for name, bad := range map[string][]byte{"cut short": data[:len(data)-30], "garbage": []byte("nothing of the kind"), "PEM": id.Leaf().PEM()} {
		if all, err := Glance(File{Name: name, Data: bad}); len(all) > 0 || !errors.As(err, &told) || told.File != name {
			t.Errorf("%s: %v %v", name, all, err)
		}
	}
}
