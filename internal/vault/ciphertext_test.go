package vault

import (
	"encoding/base64"
	"strings"
	"testing"
)

func b64(n int) string { return base64.StdEncoding.EncodeToString(make([]byte, n)) }

func TestClassify(t *testing.T) {
	for _, tt := range []struct {
		value string
		want  State
	}{
		{"", Empty},
		{" \t\n", Empty},
		{"[]", Plain},
		{"[wso2carbon]", Plain},
		{" [wso2carbon] ", Plain},
		{"[a]b]", Plain},
		{"x[y]z", Plain}, // the tool takes y
		{"[a b]", Plain},
		{"[", Broken},
		{"]", Broken},
		{"[wso2carbon", Broken},
		{"wso2carbon]", Broken},
		{"]a[", Broken},
		{"wso2carbon", Broken},
		{"password", Broken}, // base64 of six bytes
		{b64(32), Broken},
		{b64(63), Broken},
		{b64(64), Encrypted},
		{b64(100), Broken},
		{b64(128), Encrypted},
		{b64(192), Encrypted},
		{b64(256), Encrypted},
		{b64(384), Encrypted},
		{b64(512), Encrypted},
		{b64(2048), Encrypted},
		{b64(2056), Broken},
		{b64(128)[:171], Broken},
		{b64(128) + "=", Broken},
		{b64(128)[:76] + "\n" + b64(128)[76:152] + "\r\n" + b64(128)[152:] + "\n", Encrypted},
		{strings.ReplaceAll(b64(128), "=", `\=`), Broken}, // escaped twice
		{"${vault}", Broken},
	} {
		if got := Classify(tt.value); got != tt.want {
			t.Errorf("%.40q is %s, want %s", tt.value, got, tt.want)
		}
	}
}

func TestPlainOf(t *testing.T) {
	for _, tt := range []struct {
		value, want string
		set, cut    bool
	}{
		{"[wso2carbon]", "wso2carbon", true, false},
		{"[]", "", true, false},
		{"[ a b ]", " a b ", true, false},
		{"[a]b]", "a", true, true},
		{"[a] ", "a", true, false},
		{"[[a]]", "[a", true, true},
		{"x[y]z", "y", true, true},
		{"", "", false, false},
		{"wso2carbon", "", false, false},
		{"]a[", "", false, false},
		{"[a", "", false, false},
	} {
		got := PlainOf(tt.value)
		if got.Reveal() != tt.want || got.IsSet() != tt.set || cut(tt.value) != tt.cut {
			t.Errorf("%q is %q (%t), cut %t", tt.value, got.Reveal(), got.IsSet(), cut(tt.value))
		}
	}
}

func TestStatesHaveNames(t *testing.T) {
	for s, want := range []string{"unknown", "encrypted", "plain", "empty", "broken"} {
		if got := State(s).String(); got != want {
			t.Errorf("%d is %q, want %q", s, got, want)
		}
	}
	for s, want := range []string{"unknown", "off", "on", "broken"} {
		if got := ConfState(s).String(); got != want {
			t.Errorf("%d is %q, want %q", s, got, want)
		}
	}
}
