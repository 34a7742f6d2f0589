package steps

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"

	"carbon-setup/assets"
	"carbon-setup/internal/carbon"
)

// BenchmarkAuditOfHomes audits many homes in one process, each a copy of its own on the disk: the time for one must not grow with their number.
func BenchmarkAuditOfHomes(b *testing.B) {
	dir := b.TempDir()
	made := 0
	for _, n := range []int{1, 10, 100, 1000} {
		for ; made < n; made++ {
			if err := assets.Unpack(context.Background(), filepath.Join(dir, fmt.Sprint(made)), assets.API); err != nil {
				b.Fatal(err)
			}
		}
		b.Run(fmt.Sprintf("homes=%d", n), func(b *testing.B) {
			for b.Loop() {
				for i := range n {
					in, err := carbon.Open(b.Context(), filepath.Join(dir, fmt.Sprint(i)), testMachine(b))
					if err != nil {
						b.Fatal(err)
					}
					if len(RunAudit(b.Context(), NewWorkspace(in))) < 16 {
						b.Fatal("the audit is not whole")
					}
				}
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/1000/float64(b.N*n), "ms/home")
		})
	}
}
