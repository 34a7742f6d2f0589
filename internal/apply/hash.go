package apply

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"hash"
	"strings"
)

// Hash identifies the plan: same files, same edits, same hash. No secret, old or new, enters it, nor does the home or the time, so that
// the same answers give the same hash on every node that has the same files. It reads like 3f2a-91bc-07de-5512.
func (p *Plan) Hash() string {
	h := sha256.New()
	count(h, len(p.Changes))
	for i := range p.Changes {
		c := &p.Changes[i]
		field(h, []byte(c.Path))
		field(h, []byte(c.Op))
		mode := 0
		if c.Op == Create {
			mode = int(c.createMode())
		}
		count(h, mode)
		field(h, masked(c.Before, secretSpans(c.Before, c.SecretsBefore)))
		field(h, masked(c.After, secretSpans(c.After, c.SecretsAfter)))
	}
	count(h, len(p.Actions))
	for _, a := range p.Actions {
		field(h, []byte(a.Name))
		field(h, []byte(a.Detail))
		count(h, len(a.Guidelines))
		for _, g := range a.Guidelines {
			count(h, g)
		}
	}
	text := hex.EncodeToString(h.Sum(nil)[:8])
	return strings.Join([]string{text[:4], text[4:8], text[8:12], text[12:]}, "-")
}

// field writes data with its length before it, so that no two lists of fields look the same.
func field(h hash.Hash, data []byte) {
	count(h, len(data))
	_, _ = h.Write(data)
}

func count(h hash.Hash, n int) {
	var b [8]byte
	binary.BigEndian.PutUint64(b[:], uint64(n))
	_, _ = h.Write(b[:])
}

// sameHash compares hashes as people copy them: with or without dashes, in either case.
func sameHash(a, b string) bool {
	plain := func(s string) string { return strings.ToLower(strings.ReplaceAll(strings.TrimSpace(s), "-", "")) }
	return plain(a) == plain(b)
}

// sum returns the SHA-256 of data in hexadecimal, as the manifest keeps it.
func sum(data []byte) string {
	s := sha256.Sum256(data)
	return hex.EncodeToString(s[:])
}
