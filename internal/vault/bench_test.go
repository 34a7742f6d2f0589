package vault

import (
	"fmt"
	"testing"

	"carbon-setup/internal/secret"
)

// thirty are the secrets of an install with many.
func thirty() []secret.Secret {
	var all []secret.Secret
	for i := range 30 {
		all = append(all, secret.New(fmt.Sprintf("S3cret-number-%02d", i)))
	}
	return all
}

// BenchmarkEncrypt30 encrypts 30 secrets with a key of 2048 bits.
func BenchmarkEncrypt30(b *testing.B) {
	k, all := testKey(2048), thirty()
	for b.Loop() {
		for _, s := range all {
			_, err := k.Encrypt(s)
			must(b, err)
		}
	}
}

// BenchmarkDecrypt30 decrypts them again: what proves a vault after a run, and what tells which ciphertexts can stay.
func BenchmarkDecrypt30(b *testing.B) {
	k, all := testKey(2048), thirty()
	var sealed []string
	for _, s := range all {
		sealed = append(sealed, encrypt(b, k, s.Reveal()))
	}
	for b.Loop() {
		for i, text := range sealed {
			if !k.Holds(text, all[i]) {
				b.Fatal("a ciphertext holds something else")
			}
		}
	}
}

// BenchmarkDiagnose30 judges a vault of 30 secrets, all of which are decrypted.
func BenchmarkDiagnose30(b *testing.B) {
	r := goodReading(b)
	for i, s := range thirty() {
		alias := fmt.Sprintf("App.Password%d", i)
		r.Entries = append(r.Entries, Entry{alias, encrypt(b, r.Key, s.Reveal()), 10 + i})
		r.Elements = append(r.Elements, Element{Alias: alias, File: datasource, Line: 100 + i, Text: Placeholder, Free: true})
	}
	for b.Loop() {
		if found := Diagnose(r); len(found) > 0 {
			b.Fatal(found)
		}
	}
}
