package vault

import (
	"strings"
	"testing"

	"carbon-setup/internal/secret"
)

func TestCheckTakes(t *testing.T) {
	for _, text := range []string{
		"a", "password", "wso2carbon", `p&ss<w>"o'r`, "two words", "Grüße-密码-😀", "[a]", "a]b", `back\slash`, "$1", "$", "{x}", "$ {x}", "a=b:c#d!", "\u00a0x",
		strings.Repeat("x", 245), strings.Repeat("é", 122),
	} {
		if err := Check(secret.New(text), 245); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestCheckRefuses(t *testing.T) {
	const (
		longer  = " Take a shorter secret, or a longer RSA key for the vault."
		keep    = ", which the files that it goes through do not keep. Take the character out."
		blank   = "The secret begins or ends with a blank, which Carbon takes off when it reads it. Take the blank off."
		vary    = "The secret holds ${, which Carbon takes for the beginning of a variable. Take a secret without ${."
		nothing = "The secret is empty; Carbon would take the name of its alias as the password. Give it a value, or take its element out of the vault."
		bytes   = "The secret holds bytes that are not UTF-8; Carbon would read other characters instead of them. Type it again in a UTF-8 terminal, or save its file as UTF-8."
	)
	for _, tt := range []struct {
		name string
		s    secret.Secret
		kind ErrorKind
		want string
	}{
		{"not set", secret.Secret{}, NoSecret, nothing},
		{"empty", secret.New(""), NoSecret, nothing},
		{"a byte too long", secret.New(strings.Repeat("x", 118)), TooLong, "The secret has 118 bytes; the key of the vault encrypts 117 at the most." + longer},
		{"bytes, not letters", secret.New(strings.Repeat("é", 59)), TooLong, "The secret has 118 bytes; the key of the vault encrypts 117 at the most." + longer},
		{"a line end", secret.New("x\n"), Unreadable, "The secret holds a line break" + keep},
		{"a line end of Windows", secret.New("x\r\n"), Unreadable, "The secret holds a line break" + keep},
		{"a tab", secret.New("x\ty"), Unreadable, "The secret holds a tab" + keep},
		{"a NUL", secret.New("x\x00"), Unreadable, "The secret holds a NUL" + keep},
		{"ESC", secret.New("\x1b[A"), Unreadable, "The secret holds the control character U+001B" + keep},
		{"DEL", secret.New("x\x7f"), Unreadable, "The secret holds the control character U+007F" + keep},
		{"C1", secret.New("x\u0085y"), Unreadable, "The secret holds the control character U+0085" + keep},
		{"Latin-1", secret.New("Gr\xfc\xdfe"), Unreadable, bytes},
		{"a blank before", secret.New(" x"), Blank, blank},
		{"a blank behind", secret.New("x "), Blank, blank},
		{"a blank", secret.New(" "), Blank, blank},
		{"a variable", secret.New("a${b}"), Variable, vary},
		{"half a variable", secret.New("a${"), Variable, vary},
	} {
		t.Run(tt.name, func(t *testing.T) { wantError(t, Check(tt.s, 117), tt.kind, tt.want) })
	}
}
