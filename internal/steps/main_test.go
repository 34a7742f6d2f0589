package steps

import (
	"os"
	"testing"

	"carbon-setup/internal/directory/ldaptest"
)

func TestMain(m *testing.M) { os.Exit(ldaptest.Main(m)) }
