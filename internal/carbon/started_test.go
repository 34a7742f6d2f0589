package carbon

import "testing"

// TestStarted adds what a start leaves, one thing at a time, and what says nothing.
func TestStarted(t *testing.T) {
	for file, evidence := range map[string]string{
		"": "",
		"repository/database/WSO2CARBON_DB.h2.db":                                "",
		"repository/database/WSO2AM_DB.h2.db":                                    "",
		"repository/logs/README":                                                 "",
		"repository/logs/":                                                       "",
		"repository/components/patches/patch0001/a.jar":                          "",
		"repository/components/dropins/some-driver_1.0.0.jar":                    "",
		"repository/components/default/configuration/config.ini":                 "",
		"repository/components/default/configuration/org.eclipse.osgi/":          "",
		"repository/components/default/configuration/org.eclipse.osgi/.state.1/": "",
		"repository/components/default/configuration/org.eclipse.osgi/.lazy.1":   "",

		"repository/logs/wso2carbon.log":                                           "repository/logs/wso2carbon.log exists",
		"repository/logs/wso2carbon.log.2014-12-24":                                "repository/logs/wso2carbon.log.2014-12-24 exists",
		"repository/logs/audit.log":                                                "repository/logs/audit.log exists",
		"repository/logs/http_access_2014-12-24.log":                               "repository/logs/http_access_2014-12-24.log exists",
		"wso2carbon.pid":                                                           "wso2carbon.pid exists",
		"repository/components/patches/patch0000/":                                 "repository/components/patches/patch0000 exists",
		"repository/components/patches/.metadata/x":                                "repository/components/patches/.metadata exists",
		"repository/components/dropins/org.wso2.carbon.logging.propfile_1.0.0.jar": "repository/components/dropins/org.wso2.carbon.logging.propfile_1.0.0.jar exists",
		"repository/database/WSO2CARBON_DB.lock.db":                                "repository/database/WSO2CARBON_DB.lock.db exists",
		"repository/database/WSO2CARBON_DB.lobs.db/":                               "repository/database/WSO2CARBON_DB.lobs.db exists",
		"repository/components/default/configuration/org.eclipse.osgi/.state.1":    "repository/components/default/configuration/org.eclipse.osgi/.state.1 is not empty",
		"repository/components/default/configuration/org.eclipse.osgi/bundles/1/x": "repository/components/default/configuration/org.eclipse.osgi/bundles is not empty",
	} {
		dir := t.TempDir()
		home(t, dir)
		if file != "" {
			put(t, dir, map[string]string{file: "something"})
		}
		got := (&Install{Home: dir}).started()
		if got.Yes != (evidence != "") || got.Evidence != evidence {
			t.Errorf("%s: %+v, want %q", file, got, evidence)
		}
	}
}
