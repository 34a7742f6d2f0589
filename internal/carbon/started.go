package carbon

import (
	"os"
	"path"
	"path/filepath"
	"strings"
)

// Started says whether the server has ever been started, and what tells so.
type Started struct {
	Yes      bool
	Evidence string // "repository/logs/wso2carbon.log exists"; "" when Yes is false
}

// started looks for what only a start creates. The H2 databases are no evidence: they ship with the product, with their schema and without a
// row. Nor is a folder, or a placeholder file in it.
func (in *Install) started() Started {
	marks := []string{
		LogsDir + "/wso2carbon*.log*",
		LogsDir + "/audit.log*",
		LogsDir + "/http_access_*",
		LogsDir + "/patches.log*",
		PIDFile,
		// Made with -DapplyPatches: the bundles as they were before the first patch.
		Patches + "/patch0000",
		Patches + "/.metadata",
		// CarbonLauncher wraps log4j.properties into this bundle at every start.
		Dropins + "/org.wso2.carbon.logging.propfile_*.jar",
		// H2 opens its lock file and its folder for large objects when a server opens the database.
		DatabaseDir + "/*.lock.db",
		DatabaseDir + "/*.lobs.db",
		DatabaseDir + "/*.trace.db",
	}
	for _, mark := range marks {
		if found := in.Glob(mark); len(found) > 0 {
			return Started{true, found[0] + " exists"}
		}
	}
	// Equinox writes .state.1, .lazy.1 and so on into folders and files of its own; an empty one is a placeholder.
	for _, rel := range in.Glob(OSGiConfig + "/*") {
		if base := path.Base(rel); !strings.HasPrefix(base, ".state") && !strings.HasPrefix(base, ".bundledata") && base != "bundles" {
			continue
		}
		if in.isFilled(rel) {
			return Started{true, rel + " is not empty"}
		}
	}
	return Started{}
}

// isFilled reports whether a file or folder holds anything.
func (in *Install) isFilled(rel string) bool {
	info, err := in.Stat(rel)
	if err != nil {
		return false
	}
	if !info.IsDir() {
		return info.Size() > 0
	}
	entries, err := os.ReadDir(filepath.Join(in.Home, filepath.FromSlash(rel)))
	return err == nil && len(entries) > 0
}
