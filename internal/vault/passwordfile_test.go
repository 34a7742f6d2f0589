package vault

import (
	"slices"
	"testing"

	"carbon-setup/internal/secret"
)

func TestParsePasswordFile(t *testing.T) {
	const fix = "Write the password of the keystore into the first line."
	fault := func(key string, severity Severity, what, fix string) []Fault {
		return []Fault{{key, severity, what, fix}}
	}
	blank := fault("line 1", Bad, "The password begins or ends with a blank, which Carbon takes for a part of it.", "Take the blank off.")
	emptyLine := fault("line 1", Bad, "The first line of the password file is empty; Carbon does not look at the others, and the vault stays closed.", fix)
	two := fault("line 2", Warning, "The password file has a second line; with -Dkey.password=true Carbon takes it for both passwords, of the keystore and of the key, otherwise for none.",
		"Use one password for keystore and key, and leave one line.")
	for _, tt := range []struct {
		data, want string
		faults     []Fault
	}{
		{"s3cret\n", "s3cret", nil},
		{"s3cret", "s3cret", nil},
		{"s3cret\r\n", "s3cret", nil},
		{"s3cret\r", "s3cret", nil},
		{"s3 cret\n", "s3 cret", nil},
		{"Grüße\n", "Grüße", nil},
		{"s3cret\n\n", "s3cret", nil},
		{"s3cret\ns3cret\n", "s3cret", nil}, // what -Dkey.password=true needs
		{"s3cret \n", "s3cret ", blank},
		{" s3cret\n", " s3cret", blank},
		{"s3cret\t\n", "s3cret\t", blank},
		{"s3cret\u00a0\n", "s3cret\u00a0", blank},
		{"", "", fault("line 1", Bad, "The password file is empty; Carbon does not ask for the password then, and the vault stays closed.", fix)},
		{"\n", "", emptyLine},
		{"\ns3cret\n", "", append(slices.Clone(emptyLine), two...)},
		{"store\nkey\n", "store", two},
		{"store\r\nkey", "store", two},
		{"\ufeffs3cret\n", "\ufeffs3cret", fault("line 1", Bad, "The password file begins with a byte order mark, which Carbon takes for a part of the password.", "Save it as UTF-8 without a byte order mark.")},
		{"Gr\xfc\xdfe\n", "Gr\xfc\xdfe", fault("line 1", Bad, "The password file is not UTF-8; Carbon reads another password from it.", "Save it as UTF-8.")},
		{"s3\x00cret\n", "s3\x00cret", fault("line 1", Bad, "The password holds a control character.", fix)},
	} {
		got, faults := ParsePasswordFile([]byte(tt.data))
		if got.Reveal() != tt.want || !slices.Equal(faults, tt.faults) || got.IsSet() != (tt.data != "") {
			t.Errorf("%q is %q with %q, want %q with %q", tt.data, got.Reveal(), faults, tt.want, tt.faults)
		}
	}
}

func TestPasswordFile(t *testing.T) {
	if got := string(PasswordFile(secret.New("s3cret"))); got != "s3cret\n" {
		t.Errorf("%q", got)
	}
}

func TestPasswordNames(t *testing.T) {
	if got := PasswordNames(false); !slices.Equal(got, []string{"password", "password-tmp", "password-persist"}) {
		t.Errorf("%q", got)
	}
	if got := PasswordNames(true); !slices.Equal(got, []string{"password.txt", "password-tmp.txt", "password-persist.txt"}) {
		t.Errorf("%q", got)
	}
}
