package database

import (
	"os"
	"testing"

	"carbon-setup/internal/database/dbtest"
)

func TestMain(m *testing.M) { os.Exit(dbtest.Run(m)) }
