package keystore

import (
	"bytes"
	"crypto"
	"crypto/rsa"
	"crypto/x509"
)

const (
	maxCheckedBits = 16384 // of an RSA key: checking a signature of a far longer one takes minutes
	longestChain   = 20    // that is put together; real ones have three or four
	maxSameName    = 32    // CA certificates of one name that are tried
)

// signatureVerdict is what checking a signature gave.
type signatureVerdict int

const (
	signatureRight   signatureVerdict = iota
	signatureUnknown                  // an algorithm that Go does not check: MD2, DSA, RSA under 1024 bits or far too long
	signatureWrong
)

// weakHashes are those of the signatures that x509 refuses to check because they can be forged. Here they are checked, and reported.
var weakHashes = map[x509.SignatureAlgorithm]crypto.Hash{
	x509.MD5WithRSA:  crypto.MD5,
	x509.SHA1WithRSA: crypto.SHA1,
}

// signedBy checks the signature of a certificate, whoever the parent says it is.
func signedBy(child, parent *Certificate) signatureVerdict {
	if child.X509 == nil || parent.X509 == nil {
		return signatureUnknown
	}
	x := child.X509
	key, isRSA := parent.X509.PublicKey.(*rsa.PublicKey)
	if isRSA && (key.N.BitLen() < 1024 || key.N.BitLen() > maxCheckedBits) {
		return signatureUnknown
	}
	if hash, weak := weakHashes[x.SignatureAlgorithm]; weak && isRSA {
		h := hash.New()
		h.Write(x.RawTBSCertificate)
		if rsa.VerifyPKCS1v15(key, hash, h.Sum(nil), x.Signature) == nil {
			return signatureRight
		}
		return signatureWrong
	}
	switch x.SignatureAlgorithm {
	case x509.UnknownSignatureAlgorithm, x509.MD2WithRSA, x509.DSAWithSHA1, x509.DSAWithSHA256:
		return signatureUnknown
	default:
	}
	if parent.X509.CheckSignature(x.SignatureAlgorithm, x.RawTBSCertificate, x.Signature) == nil {
		return signatureRight
	}
	return signatureWrong
}

// OrderChain returns the chain of leaf out of pool, in order, and what of pool is not in it. A certificate follows another when it has the name of
// its issuer and its signature fits; of several that do, the first of pool.
func OrderChain(leaf *Certificate, pool []*Certificate) (chain, rest []*Certificate) {
	chain = []*Certificate{leaf}
	for last := leaf; !last.SelfSigned() && len(chain) < longestChain; {
		next := issuerOf(last, pool, chain)
		if next == nil {
			break
		}
		chain, last = append(chain, next), next
	}
	seen := make(map[string]bool, len(pool))
	for _, c := range chain {
		seen[string(c.Raw)] = true
	}
	for _, c := range pool {
		if !seen[string(c.Raw)] {
			seen[string(c.Raw)] = true
			rest = append(rest, c)
		}
	}
	return chain, rest
}

// issuerOf prefers one whose signature was checked to one whose signature cannot be.
func issuerOf(c *Certificate, pool, not []*Certificate) *Certificate {
	var unknown *Certificate
	tried := 0
	for _, p := range pool {
		if !bytes.Equal(p.rawSubject(), c.rawIssuer()) || contains(not, p) {
			continue
		}
		switch signedBy(c, p) {
		case signatureRight:
			return p
		case signatureUnknown:
			if unknown == nil {
				unknown = p
			}
		case signatureWrong:
		}
		if tried++; tried == maxSameName {
			break
		}
	}
	return unknown
}

func contains(all []*Certificate, c *Certificate) bool {
	for _, o := range all {
		if o.Equal(c) {
			return true
		}
	}
	return false
}
