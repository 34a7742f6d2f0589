package keystore

import (
	"encoding/asn1"
	"errors"
)

// Tools other than Java and OpenSSL (Bouncy Castle, NSS, old Windows) write PKCS#12 and PKCS#7 in BER: lengths left open, octet strings in
// pieces. encoding/asn1 reads DER alone.

const maxDepth = 32 // of nested values; a PKCS#7 file has about ten

var (
	errBER      = errors.New("keystore: not BER")
	errBERShort = errors.New("keystore: BER is cut off")
)

// berHeader is the identifier and length of a value.
type berHeader struct {
	class, tag  int
	constructed bool
	open        bool // the length is given by an end-of-contents value
	identifier  []byte
	size        int // of the header
	length      int // of the content
}

// readBERHeader reads the header at the front of data and makes sure that a content of known length is all there.
func readBERHeader(data []byte) (berHeader, error) {
	if len(data) < 2 {
		return berHeader{}, errBERShort
	}
	h := berHeader{class: int(data[0] >> 6), constructed: data[0]&0x20 != 0, tag: int(data[0] & 0x1F), size: 1}
	if h.tag == 0x1F {
		h.tag = 0
		for {
			if h.size >= len(data) {
				return h, errBERShort
			}
			if h.tag > 1<<16 {
				return h, errBER
			}
			c := data[h.size]
			h.size++
			h.tag = h.tag<<7 | int(c&0x7F)
			if c&0x80 == 0 {
				break
			}
		}
	}
	h.identifier = data[:h.size]
	if h.size >= len(data) {
		return h, errBERShort
	}
	return h, h.readLength(data)
}

func (h *berHeader) readLength(data []byte) error {
	c := int(data[h.size])
	h.size++
	switch {
	case c < 0x80:
		h.length = c
	case c == 0x80:
		h.open = true
		if !h.constructed {
			return errBER
		}
		return nil
	default:
		n := c & 0x7F
		if n > len(data)-h.size {
			return errBERShort
		}
		for _, b := range data[h.size : h.size+n] {
			if h.length > MaxSize {
				return errBER
			}
			h.length = h.length<<8 | int(b)
		}
		h.size += n
	}
	if h.length > len(data)-h.size {
		return errBERShort
	}
	return nil
}

// endOfContents reports whether the value is the one that ends a content of open length.
func (h *berHeader) endOfContents() bool {
	return h.class == asn1.ClassUniversal && h.tag == 0 && !h.constructed && h.length == 0
}

// toDER rewrites the value at the front of data with known lengths and octet strings in one piece. It is not all of DER: sets are not sorted,
// booleans not made canonical, and what is already so keeps its bytes. What follows the value is left out.
func toDER(data []byte) ([]byte, error) {
	n, plain, err := measure(data, 0)
	if err != nil {
		return nil, err
	}
	if plain {
		return data[:n], nil
	}
	out, _, err := rewrite(data)
	return out, err
}

// measure returns the size of the value at the front of data and whether toDER can leave it as it is.
func measure(data []byte, depth int) (size int, plain bool, err error) {
	if depth > maxDepth {
		return 0, false, errBER
	}
	h, err := readBERHeader(data)
	if err != nil {
		return 0, false, err
	}
	if !h.constructed {
		return h.size + h.length, true, nil
	}
	plain = !h.open && !h.pieces()
	at, end := h.size, len(data)
	if !h.open {
		end = h.size + h.length
	}
	for at < end || h.open {
		if h.open {
			inner, err := readBERHeader(data[at:end])
			if err != nil {
				return 0, false, err
			}
			if inner.endOfContents() {
				return at + inner.size, false, nil
			}
		}
		n, p, err := measure(data[at:end], depth+1)
		if err != nil {
			return 0, false, err
		}
		at, plain = at+n, plain && p
	}
	return at, plain, nil
}

// pieces reports whether the value is an octet string in pieces.
func (h *berHeader) pieces() bool {
	return h.constructed && h.class == asn1.ClassUniversal && h.tag == asn1.TagOctetString
}

// rewrite is toDER for a value that measure found well formed.
func rewrite(data []byte) (out []byte, size int, err error) {
	h, err := readBERHeader(data)
	if err != nil {
		return nil, 0, err
	}
	if !h.constructed {
		size = h.size + h.length
		return data[:size:size], size, nil
	}
	content, at, err := rewriteContent(data, h)
	if err != nil {
		return nil, 0, err
	}
	if !h.pieces() {
		return appendDER(nil, h.identifier, content), at, nil
	}
	joined, err := joinPieces(content)
	if err != nil {
		return nil, 0, err
	}
	return appendDER(nil, []byte{asn1.TagOctetString}, joined), at, nil
}

func rewriteContent(data []byte, h berHeader) (content []byte, at int, err error) {
	at = h.size
	end := len(data)
	if !h.open {
		end = h.size + h.length
	}
	for at < end {
		if h.open {
			inner, err := readBERHeader(data[at:end])
			if err != nil {
				return nil, 0, err
			}
			if inner.endOfContents() {
				return content, at + inner.size, nil
			}
		}
		value, n, err := rewrite(data[at:end])
		if err != nil {
			return nil, 0, err
		}
		content = append(content, value...)
		at += n
	}
	return content, at, nil
}

// joinPieces returns the octets of a string whose pieces are given one after the other, in DER.
func joinPieces(content []byte) ([]byte, error) {
	var joined []byte
	for len(content) > 0 {
		var piece asn1.RawValue
		rest, err := asn1.Unmarshal(content, &piece)
		if err != nil || piece.Class != asn1.ClassUniversal || piece.Tag != asn1.TagOctetString {
			return nil, errBER
		}
		joined = append(joined, piece.Bytes...)
		content = rest
	}
	return joined, nil
}

func appendDER(out, identifier, content []byte) []byte {
	out = append(out, identifier...)
	n := len(content)
	switch {
	case n < 0x80:
		out = append(out, byte(n))
	case n < 1<<8:
		out = append(out, 0x81, byte(n))
	case n < 1<<16:
		out = append(out, 0x82, byte(n>>8), byte(n))
	case n < 1<<24:
		out = append(out, 0x83, byte(n>>16), byte(n>>8), byte(n))
	default:
		out = append(out, 0x84, byte(n>>24), byte(n>>16), byte(n>>8), byte(n))
	}
	return append(out, content...)
}

// octets are those of a string that may, under an implicit tag, still be in pieces.
func octets(v asn1.RawValue) ([]byte, error) {
	if !v.IsCompound {
		return v.Bytes, nil
	}
	return joinPieces(v.Bytes)
}

// unmarshalAll is asn1.Unmarshal for data that holds one value and nothing else.
func unmarshalAll(data []byte, into any) error {
	rest, err := asn1.Unmarshal(data, into)
	if err == nil && len(rest) > 0 {
		err = errBER
	}
	return err
}
