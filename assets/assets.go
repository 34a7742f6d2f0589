// Package assets carries two sample installs and writes them to a folder: for the demonstration and for tests.
// They were written for this purpose; they have the files, elements and oddities of Carbon 4.2.0 products, but no server.
package assets

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed all:sample
var files embed.FS

// Sample names a sample install.
type Sample string

// The sample installs.
const (
	// API is like an API Manager: pass-through transport, api-manager.xml, three H2 datasources.
	API Sample = "api"
	// Servlet is like a BAM or Application Server: servlet transport, no api-manager.xml, one datasource of the kernel.
	Servlet Sample = "servlet"
)

// ErrNotEmpty is returned for a folder that already holds something.
var ErrNotEmpty = errors.New("the folder is not empty")

// Unpack writes a sample install into dir, which must be empty or not there yet. Modes are those of a product unpacked from its
// zip, whatever the umask. The keystores hold a key that is made anew in every process.
func Unpack(ctx context.Context, dir string, which Sample) error {
	root, err := fs.Sub(files, path.Join("sample", string(which)))
	if err != nil {
		return err
	}
	if _, err := fs.Stat(root, "."); err != nil {
		return fmt.Errorf("there is no sample install called %q", which)
	}
	if err := prepare(dir); err != nil {
		return err
	}
	if err := unpackFiles(ctx, dir, root, which); err != nil {
		return err
	}
	for _, rel := range emptyFolders {
		if err := makeFolder(dir, rel); err != nil {
			return err
		}
	}
	for _, rel := range databases[which] {
		if err := write(dir, rel, []byte(noDatabase), 0o644); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return writeKeystores(dir)
}

// File returns a file of a sample install by its slash path, for tests that need no folder.
func File(which Sample, rel string) ([]byte, error) {
	return files.ReadFile(path.Join("sample", string(which), rel))
}

// prepare makes dir, or sees to it that it is empty.
func prepare(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil { //nolint:gosec // as unzip makes it
		return err
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	if len(entries) > 0 {
		return fmt.Errorf("%s: %w; the sample install needs a new or an empty one", dir, ErrNotEmpty)
	}
	return nil
}

func unpackFiles(ctx context.Context, dir string, root fs.FS, which Sample) error {
	return fs.WalkDir(root, ".", func(rel string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		if entry.IsDir() {
			return makeFolder(dir, rel)
		}
		data, err := fs.ReadFile(root, rel)
		if err != nil {
			return err
		}
		return write(dir, rel, data, modeOf(which, rel))
	})
}

// emptyFolders are in every product's zip; without dropins and carbonapps the server does not come up.
var emptyFolders = []string{
	"lib",
	"repository/carbonapps",
	"repository/components/dropins",
	"repository/components/extensions",
	"repository/components/lib",
	"repository/components/patches",
	"repository/components/plugins",
	"repository/logs",
	"tmp",
}

// databases stand in the place of the H2 databases that products ship.
var databases = map[Sample][]string{
	API:     {"repository/database/WSO2CARBON_DB.h2.db", "repository/database/WSO2AM_DB.h2.db"},
	Servlet: {"repository/database/WSO2CARBON_DB.h2.db"},
}

const noDatabase = "In a product, this is an H2 database. The sample has none.\n"

// executable lists the configuration files that are executable in products, which nobody meant and everybody has to keep.
var executable = map[Sample][]string{
	API: {
		"api-manager.xml", "carbon.xml", "event-broker.xml", "identity.xml", "jndi.properties", "log4j.properties",
		"passthru-http.properties", "synapse.properties", "datasources.properties", "axis2/axis2.xml",
		"axis2/axis2_blocking_client.xml", "axis2/tenant-axis2.xml", "datasources/master-datasources.xml",
		"etc/logging-config.xml", "security/authenticators.xml", "security/cipher-text.properties",
		"security/cipher-tool.properties",
	},
	Servlet: {"carbon.xml", "identity.xml", "etc/cassandra.yaml", "advanced/hive-site.xml"},
}

func modeOf(which Sample, rel string) fs.FileMode {
	if rel == "bin/wso2server.sh" || rel == "bin/wso2server.bat" && which == API {
		return 0o755
	}
	if conf, ok := strings.CutPrefix(rel, "repository/conf/"); ok {
		for _, name := range executable[which] {
			if name == conf {
				return 0o755
			}
		}
	}
	return 0o644
}

// makeFolder makes a folder and those above it up to dir, which is the caller's.
func makeFolder(dir, rel string) error {
	if rel == "." {
		return nil
	}
	if err := makeFolder(dir, path.Dir(rel)); err != nil {
		return err
	}
	at := filepath.Join(dir, filepath.FromSlash(rel))
	switch err := os.Mkdir(at, 0o750); {
	case errors.Is(err, fs.ErrExist):
		return nil
	case err != nil:
		return err
	}
	return os.Chmod(at, 0o755) //nolint:gosec // the modes of products are part of the sample
}

// write creates a file; what is already there is not replaced.
func write(dir, rel string, data []byte, mode fs.FileMode) (err error) {
	at := filepath.Join(dir, filepath.FromSlash(rel))
	if err := makeFolder(dir, path.Dir(rel)); err != nil {
		return err
	}
	f, err := os.OpenFile(at, os.O_WRONLY|os.O_CREATE|os.O_EXCL, mode)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	if _, err := f.Write(data); err != nil {
		return err
	}
	return f.Chmod(mode)
}
