package answers

import (
	"fmt"
	"strings"
	"testing"
)

func BenchmarkParse(b *testing.B) {
	for _, databases := range []int{1, 10, 100} {
		head, _, _ := strings.Cut(fullFile, "datasources:")
		text := []byte(head + "datasources:\n")
		for i := range databases {
			text = fmt.Appendf(text, "  DB%d: {type: mysql, host: db%d, port: 3306, username: \"carbon\", password: {env: DB%d}, parameters: {useSSL: true}}\n", i, i, i)
		}
		b.Run(fmt.Sprintf("%d-databases", databases), func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, _, err := Parse("a.yaml", text, fullSchema()); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkMarshal(b *testing.B) {
	set, _, err := Parse("a.yaml", []byte(fullFile), fullSchema())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		set.Marshal()
	}
}

func BenchmarkTemplate(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		fullTemplate()
	}
}
