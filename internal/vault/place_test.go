package vault

import (
	"slices"
	"testing"
)

func TestParsePlace(t *testing.T) {
	for _, tt := range []struct {
		value, written string // "" = the same
		want           Place
	}{
		{"carbon.xml//Server/Security/KeyStore/Password,true", "", Place{"A", "carbon.xml", "//Server/Security/KeyStore/Password", true}},
		{
			"master-datasources.xml//datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition[@type='RDBMS']/configuration/password,false", "",
			Place{"A", "master-datasources.xml", "//datasources-configuration/datasources/datasource[name='WSO2_CARBON_DB']/definition[@type='RDBMS']/configuration/password", false},
		},
		{"identity.xml//Server/Security/UserTrustedRPStore/Password", "identity.xml//Server/Security/UserTrustedRPStore/Password,false", Place{"A", "identity.xml", "//Server/Security/UserTrustedRPStore/Password", false}},
		{" carbon.xml //a/b , true ", "carbon.xml//a/b,true", Place{"A", "carbon.xml", "//a/b", true}},
		{"/repository/conf/x.xml//a//b,true", "", Place{"A", "/repository/conf/x.xml", "//a//b", true}},
		{"etc/tasks-config.xml//a,false", "", Place{"A", "etc/tasks-config.xml", "//a", false}},
	} {
		got, err := ParsePlace("A", tt.value)
		must(t, err)
		if got != tt.want {
			t.Errorf("%q is %+v, want %+v", tt.value, got, tt.want)
		}
		want := tt.written
		if want == "" {
			want = tt.value
		}
		if got.String() != want {
			t.Errorf("%q is written as %q", tt.value, got.String())
		}
	}
}

func TestParsePlaceRefuses(t *testing.T) {
	const fix = " Write it as FILE//path/to/element,true or ,false."
	for value, want := range map[string]string{
		"":                                    "has no // between the file and the XPath.",
		"carbon.xml":                          "has no // between the file and the XPath.",
		"carbon.xml/Server,true":              "has no // between the file and the XPath.",
		"true,carbon.xml//a":                  "has a comma before the XPath.",
		"//Server/Password,true":              "names no file.",
		"  //Server/Password,true":            "names no file.",
		"carbon.xml//,true":                   "has no XPath.",
		"carbon.xml//":                        "has no XPath.",
		"carbon.xml//a[concat('x','y')],true": "has something else than true or false behind the first comma, at which the tool cuts the XPath off.",
		"carbon.xml//a,TRUE":                  "has something else than true or false behind the first comma, at which the tool cuts the XPath off.",
		"carbon.xml//a,":                      "has something else than true or false behind the first comma, at which the tool cuts the XPath off.",
	} {
		_, err := ParsePlace("A.B", value)
		wantError(t, err, BadPlace, `The entry for "A.B" in cipher-tool.properties `+want+fix)
	}
}

func TestPlaceString(t *testing.T) {
	for _, xpath := range []string{"//a/b", "/a/b", "a/b"} {
		if got := (Place{"A", "x.xml", xpath, true}).String(); got != "x.xml//a/b,true" {
			t.Errorf("%q is written as %q", xpath, got)
		}
	}
}

func TestCandidates(t *testing.T) {
	for file, want := range map[string][]string{
		"axis2.xml": {
			"repository/conf/axis2.xml", "axis2.xml", "repository/conf/security/axis2.xml", "repository/conf/axis2/axis2.xml", "repository/conf/tomcat/axis2.xml",
			"repository/conf/etc/axis2.xml", "repository/conf/datasources/axis2.xml", "repository/deployment/server/userstores/axis2.xml",
		},
		"/repository/conf/x.xml": {
			"repository/conf/repository/conf/x.xml", "repository/conf/x.xml", "repository/conf/security/repository/conf/x.xml",
			"repository/conf/axis2/repository/conf/x.xml", "repository/conf/tomcat/repository/conf/x.xml", "repository/conf/etc/repository/conf/x.xml",
			"repository/conf/datasources/repository/conf/x.xml", "repository/deployment/server/userstores/repository/conf/x.xml",
		},
	} {
		if got := (Place{File: file}).Candidates(); !slices.Equal(got, want) {
			t.Errorf("%s: %q", file, got)
		}
	}
	if got := (Place{File: "../../../etc/passwd"}).Candidates(); slices.Contains(got, "../etc/passwd") || got[0] != "etc/passwd" {
		t.Errorf("a candidate outside of the home: %q", got)
	}
}
