package database

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"sync/atomic"
	"unicode/utf16"
)

// These are servers of each kind, as far as a failing login takes them.

// mysqlPacket is a packet of MySQL.
func mysqlPacket(seq byte, body []byte) []byte {
	return append([]byte{byte(len(body)), byte(len(body) >> 8), byte(len(body) >> 16), seq}, body...)
}

const mysqlFlags = 0x000FF7FF | mysqlPluginAuth // all that a server of today has, without TLS

func mysqlGreeting(version string, flags uint32, plugin string) []byte {
	var b bytes.Buffer
	b.WriteByte(10)
	b.WriteString(version + "\x00")
	b.Write([]byte{1, 0, 0, 0})
	b.WriteString("saltsalt\x00")
	_ = binary.Write(&b, binary.LittleEndian, uint16(flags))
	b.Write([]byte{45, 2, 0})
	_ = binary.Write(&b, binary.LittleEndian, uint16(flags>>16))
	b.WriteByte(21)
	b.Write(make([]byte, 10))
	b.WriteString("saltsaltsalt\x00" + plugin + "\x00")
	return mysqlPacket(0, b.Bytes())
}

func mysqlError(seq byte, number uint16, state, text string) []byte {
	b := append([]byte{0xFF}, byte(number), byte(number>>8))
	if state != "" {
		b = append(b, "#"+state...)
	}
	return mysqlPacket(seq, append(b, text...))
}

// readMySQL reads one packet.
func readMySQL(c net.Conn) []byte {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil
	}
	body := make([]byte, int(head[0])|int(head[1])<<8|int(head[2])<<16)
	_, _ = io.ReadFull(c, body)
	return body
}

// mysqlRefuses greets, reads the login and refuses it.
func mysqlRefuses(number uint16, state, text string) func(c net.Conn) {
	return func(c net.Conn) {
		_, _ = c.Write(mysqlGreeting("8.0.36", mysqlFlags, "mysql_native_password"))
		readMySQL(c)
		_, _ = c.Write(mysqlError(2, number, state, text))
		hear(c)
	}
}

// mysqlAtOnce refuses instead of a greeting.
func mysqlAtOnce(number uint16, text string) func(c net.Conn) {
	return func(c net.Conn) { say(c, mysqlError(0, number, "", text)) }
}

// pgMessage is a message of PostgreSQL.
func pgMessage(kind byte, body []byte) []byte {
	return append(binary.BigEndian.AppendUint32([]byte{kind}, uint32(len(body)+4)), body...)
}

func pgError(code, text, routine string) []byte {
	return pgMessage('E', fmt.Appendf(nil, "SFATAL\x00VFATAL\x00C%s\x00M%s\x00R%s\x00\x00", code, text, routine))
}

// readPG reads a message without a type, as a client sends them first.
func readPG(c net.Conn) []byte {
	head := make([]byte, 4)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil
	}
	body := make([]byte, min(1<<16, max(4, binary.BigEndian.Uint32(head))-4))
	_, _ = io.ReadFull(c, body)
	return body
}

// pgSays has no TLS, reads the start and says something.
func pgSays(parts ...[]byte) func(c net.Conn) {
	return func(c net.Conn) {
		readPG(c)
		_, _ = c.Write([]byte("N"))
		readPG(c)
		say(c, parts...)
		hear(c)
	}
}

// tdsAnswer answers a prelogin with what the server does about TLS.
func tdsAnswer(encryption byte) []byte {
	return tdsMessage(tdsReply, []byte{0, 0, 11, 0, 6, 1, 0, 17, 0, 1, 0xFF, 15, 0, 8, 0, 0, 0, encryption})
}

func readTDS(c io.Reader) []byte {
	head := make([]byte, tdsHead)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil
	}
	body := make([]byte, max(0, int(binary.BigEndian.Uint16(head[2:]))-tdsHead))
	_, _ = io.ReadFull(c, body)
	if head[1]&tdsLast == 0 {
		return append(body, readTDS(c)...)
	}
	return body
}

func ucs2(text string) []byte {
	var b []byte
	for _, r := range utf16.Encode([]rune(text)) {
		b = binary.LittleEndian.AppendUint16(b, r)
	}
	return b
}

func tdsError(number uint32, state byte, text string) []byte {
	body := binary.LittleEndian.AppendUint32(nil, number)
	body = append(body, state, 14)
	body = binary.LittleEndian.AppendUint16(body, uint16(len(utf16.Encode([]rune(text)))))
	body = append(body, ucs2(text)...)
	body = append(body, 0, 0, 1, 0, 0, 0) // server, procedure, line
	return append(binary.LittleEndian.AppendUint16([]byte{0xAA}, uint16(len(body))), body...)
}

var tdsDone = []byte{0xFD, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0}

// tdsRefuses has no TLS, reads the login and refuses it.
func tdsRefuses(tokens ...[]byte) func(c net.Conn) {
	return func(c net.Conn) {
		readTDS(c)
		_, _ = c.Write(tdsAnswer(encryptNotSupported))
		readTDS(c)
		_, _ = c.Write(tdsMessage(tdsReply, bytes.Join(append(tokens, tdsDone), nil)))
		hear(c)
	}
}

// tnsPacket is a packet of Oracle Net before version 315.
func tnsPacket(kind, flags byte, body []byte) []byte {
	return append([]byte{byte((len(body) + 8) >> 8), byte(len(body) + 8), 0, 0, kind, flags, 0, 0}, body...)
}

func readTNS(c net.Conn) []byte {
	head := make([]byte, 8)
	if _, err := io.ReadFull(c, head); err != nil {
		return nil
	}
	body := make([]byte, max(0, int(binary.BigEndian.Uint16(head))-8))
	_, _ = io.ReadFull(c, body)
	return body
}

func tnsRefuse(code int) []byte {
	text := fmt.Sprintf("(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR=%d)(ERROR_STACK=(ERROR=(CODE=%d)(EMFI=4))))", code, code)
	return tnsPacket(4, 0, append([]byte{34, 0, byte(len(text) >> 8), byte(len(text))}, text...))
}

func tnsSays(packets ...[]byte) func(c net.Conn) {
	return func(c net.Conn) {
		readTNS(c)
		say(c, packets...)
		hear(c)
	}
}

// tnsAccepted is the answer to a connection that is accepted.
func tnsAccepted(version uint16, flags byte) []byte {
	body := make([]byte, 24)
	binary.BigEndian.PutUint16(body, version)
	binary.BigEndian.PutUint16(body[4:], 8192)
	binary.BigEndian.PutUint16(body[6:], 32767)
	binary.BigEndian.PutUint16(body[12:], 32) // where its data begins
	if version >= tnsLong {
		body = append(body, 0, 0, 0x20, 0, 0, 0, 0x7F, 0xFF)
		binary.BigEndian.PutUint16(body[12:], 40)
	}
	body[14], body[15] = 4, 4 // no native encryption
	return tnsPacket(tnsAccept, flags, body)
}

func tnsData(version uint16, body []byte) []byte {
	p := tnsPacket(6, 0, append([]byte{0, 0}, body...))
	if version >= tnsLong {
		binary.BigEndian.PutUint32(p, uint32(len(p)))
	}
	return p
}

// ttcError is the end of a call with an error.
func ttcError(code int, text string) []byte {
	b := []byte{4}
	b = append(b, 0)                            // row
	b = append(b, 2, byte(code>>8), byte(code)) // code
	b = append(b, 0, 0, 0, 0)                   // elements, cursor, position
	b = append(b, 0, 0, 0, 0, 0, 0)             // type, fatal, flags, options, parameter, warning
	b = append(b, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0) // row id, system error, statement, call, padding, iterations
	b = append(b, 0, 0, 0, 0)                   // long texts
	return append(append(b, byte(len(text))), text...)
}

// oracleRefuses goes through the handshake of Oracle and refuses the user.
func oracleRefuses(code int, text string) func(c net.Conn) {
	return oracleAnswers(ttcError(code, text))
}

// oracleAnswers goes through the handshake of Oracle and answers the user.
func oracleAnswers(answer []byte) func(c net.Conn) {
	return func(c net.Conn) {
		const version = 312
		readTNS(c)
		_, _ = c.Write(tnsAccepted(version, 0))
		readTNS(c)
		_, _ = c.Write(tnsData(version, ttcProtocol))
		readTNS(c)
		_, _ = c.Write(tnsData(version, append([]byte{2}, make([]byte, 64)...)))
		readTNS(c)
		_, _ = c.Write(tnsData(version, answer))
		hear(c)
	}
}

// ttcProtocol is the answer to the offer of protocols.
var ttcProtocol = func() []byte {
	b := append([]byte{1, 6, 0}, "x86_64/Linux 2.4.xx\x00"...)
	b = append(b, 0x69, 3, 1, 0, 0) // AL32UTF8, flags, no elements
	array := make([]byte, 16)
	array[9], array[10] = 7, 0xD0 // AL16UTF16
	b = append(append(b, 0, byte(len(array))), array...)
	b = append(append(b, 8), make([]byte, 8)...) // compile time
	return append(b, 2, 0, 0)                    // run time
}()

// redirectedOnce sends the first that comes elsewhere, and refuses the second.
func redirectedOnce() func(c net.Conn) {
	var calls atomic.Int32
	return func(c net.Conn) {
		if calls.Add(1) > 1 {
			oracleRefuses(28000, "ORA-28000: the account is locked\n")(c)
			return
		}
		address := "(ADDRESS=(PROTOCOL=tcp)(HOST=192.0.2.8)(PORT=1521))"
		tnsSays(tnsPacket(5, 0, append([]byte{0, byte(len(address))}, address...)))(c)
	}
}
