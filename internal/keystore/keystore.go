// Package keystore reads keys and certificates in every form in which operators have them, judges them for a Carbon server, and makes the
// keystores and truststores that the server reads. It is given bytes and returns bytes: nothing here reads or writes files.
//
// The way of a server key:
//
//	look, err := keystore.Inspect(files...)             // what is it, is a password needed?
//	src, err := keystore.Load(passwords, files...)      // entries to choose from
//	id, err := src.Identity(alias, keyPassword)         // the key with its chain
//	findings := keystore.Diagnose(id, keystore.Against{...})
//	data, err := keystore.Build(id, "esb", password, now)
//
// Errors are *Error, sentences for the operator. No error, finding or printed value holds a key or a password.
package keystore

import (
	"bytes"
	"encoding/asn1"
	"encoding/binary"
)

// MaxSize is the largest file, in bytes, that is read.
const MaxSize = 8 << 20

// File is the content of a file that the operator named. Name stands in messages and is never opened.
type File struct {
	Name string
	Data []byte
}

// Format is what a file is, told by its content alone.
type Format int

// The formats. JCEKS is told, to be refused with the reason.
const (
	Unknown Format = iota
	JKS
	JCEKS
	PKCS12
	PEM
	DER // one certificate, key or PKCS#7 bundle
)

// String returns the name of the format as people write it.
func (f Format) String() string {
	switch f {
	case JKS:
		return "JKS"
	case JCEKS:
		return "JCEKS"
	case PKCS12:
		return "PKCS#12"
	case PEM:
		return "PEM"
	case DER:
		return "DER"
	case Unknown:
	}
	return "unknown"
}

// Detect tells the format of a file by its content.
func Detect(data []byte) Format {
	if len(data) >= 4 {
		switch binary.BigEndian.Uint32(data) {
		case jksMagic:
			return JKS
		case jceksMagic:
			return JCEKS
		}
	}
	switch {
	case isPFX(data):
		return PKCS12
	case isSequence(data):
		return DER
	case isPEM(data):
		return PEM
	}
	if _, ok := bareBase64(data); ok {
		return DER
	}
	return Unknown
}

// isSequence reports whether data begins as an ASN.1 sequence. A short one, such as an Ed25519 key, has to be complete: "0" begins many a text.
func isSequence(data []byte) bool {
	if len(data) < 2 || data[0] != 0x30 {
		return false
	}
	return data[1] >= 0x80 && data[1] <= 0x84 || data[1] < 0x80 && looksDER(data)
}

// isPFX reports whether data begins as PFX: a sequence of the number 3 and a ContentInfo. The rest may be missing.
func isPFX(data []byte) bool {
	if len(data) < 2 || data[0] != 0x30 || data[1] > 0x84 {
		return false
	}
	size := 2
	if data[1] > 0x80 {
		size += int(data[1] & 0x7F)
	}
	if len(data) < size || !bytes.HasPrefix(data[size:], []byte{asn1.TagInteger, 1, 3, 0x30}) {
		return false
	}
	inner := data[size+3:]
	if len(inner) < 2 || inner[1] > 0x84 {
		return false
	}
	size = 2
	if inner[1] > 0x80 {
		size += int(inner[1] & 0x7F)
	}
	return len(inner) > size && inner[size] == asn1.TagOID
}
